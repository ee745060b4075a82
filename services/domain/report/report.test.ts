import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sampleReport } from '../../../test/support/sample-report.ts';
import { REPORT_SCHEMA_FILE, reportSchema } from '../../../test/tools/write-report-schema.ts';
import { reportDocument } from './report.ts';

const committed = readFileSync(REPORT_SCHEMA_FILE, 'utf8');
const fromFile = z.fromJSONSchema(JSON.parse(committed));

// biome-ignore lint/suspicious/noExplicitAny: the mutations break the types on purpose
type Document = Record<string, any>;

const MUTATIONS: [what: string, mutate: (document: Document) => void][] = [
  ['an unknown key', (d) => (d.extra = 1)],
  ['an unknown key below', (d) => (d.image.layers[0].chainId = 'x')],
  ['another schema version', (d) => (d.schemaVersion = '2')],
  ['a missing list', (d) => delete d.packages],
  ['a missing null', (d) => delete d.packages[0].hiddenBy],
  ['an absent version', (d) => (d.packages[0].version = null)],
  ['a layer that is no index', (d) => (d.packages[0].layer = 1.5)],
  ['a negative size', (d) => (d.image.layers[0].size = -1)],
  ['a digest that is none', (d) => (d.target.digest = 'sha256:short')],
  ['an upper-case digest', (d) => (d.target.digest = d.target.digest.toUpperCase())],
  ['an unknown kind of target', (d) => (d.target.kind = 'floppy')],
  ['an unknown gap code', (d) => (d.completeness.gaps[0].code = 'oops')],
  ['an unknown gap class', (d) => (d.completeness.gaps[0].class = 'harmless')],
  ['a status that does not exist', (d) => (d.completeness.status = 'clean')],
  ['a verdict that does not exist', (d) => (d.verdict = { decision: 'maybe' })],
  ['a time without zone', (d) => (d.createdAt = '2026-03-01T12:00:00')],
];

describe('report v1', () => {
  it('has its JSON Schema committed (else run: npm run schema)', () => {
    expect(JSON.parse(committed)).toEqual(reportSchema());
  });

  it.each([
    ['zod', reportDocument],
    ['the committed JSON Schema', fromFile],
  ] as [string, z.ZodType][])('is accepted by %s', (_, schema) => {
    expect(schema.safeParse(sampleReport()).error).toBeUndefined();
    const index = {
      schemaVersion: '1',
      index: { kind: 'oci-dir', reference: 'x', digest: null },
      reports: [sampleReport()],
    };
    expect(schema.safeParse(index).error).toBeUndefined();
  });

  it.each(MUTATIONS)('is refused with %s', (_, mutate) => {
    const document = structuredClone(sampleReport()) as Document;
    mutate(document);
    expect(reportDocument.safeParse(document).success).toBe(false);
    expect(fromFile.safeParse(document).success).toBe(false);
  });
});
