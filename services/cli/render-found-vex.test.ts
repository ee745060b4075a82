import picocolors from 'picocolors';
import { describe, expect, test } from 'vitest';
import { sampleReport } from '../../test/support/sample-report.ts';
import { type FoundVex, findingOf, unjudged } from '../domain/vulnerabilities/vex/found-vex.ts';
import { renderFoundVex } from './render-found-vex.ts';

const INSIDE: FoundVex = { path: 'opt/\u001b[31mx.vex.json', layer: 2, referrer: null, document: '{}', bundle: '{}' };
const BESIDE: FoundVex = { ...INSIDE, path: null, layer: null, referrer: `sha256:${'a'.repeat(64)}` };

const lines = (...findings: ReturnType<typeof unjudged>[]) =>
  renderFoundVex({ ...sampleReport(), findings }, 200, picocolors.createColors(false));

describe('the table of VEX that came with the target', () => {
  test('is not there where there is none, nor for what was given on the command line', () => {
    expect(lines()).toEqual([]);
    expect(lines({ kind: 'vex', id: 'v', file: 'given.json', applied: 1 })).toEqual([]);
  });

  test('says who signed what, and why it is not applied', () => {
    const document = { format: 'OpenVEX', id: 'v', author: null, statements: [], flaws: [] } as const;
    const verified = { found: BESIDE, signed: 'verified', identity: 'me (them)', document, reason: null } as const;
    expect(lines(unjudged(INSIDE), findingOf({ ...verified, document: { ...document } }, 0))).toEqual([
      'VEX that came with it',
      '- /opt/\\x1b[31mx.vex.json, layer 2: unverified, not applied: packages were not judged',
      `- beside it, sha256:${'a'.repeat(64)}: verified, me (them): 0 statements for vulnerabilities found here, 0 for others`,
    ]);
  });

  test('is cut where there are many', () => {
    expect(lines(...Array.from({ length: 12 }, () => unjudged(INSIDE))).at(-1)).toContain('and 2 more');
  });
});
