import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { parseVex } from '../../services/domain/vulnerabilities/vex/read-vex.ts';
import { advisory, affectedPackage } from '../support/advisory.ts';
import { buildAdvisories } from '../support/built-advisories.ts';
import { cdx, library } from '../support/sboms.ts';
import { runCommand, scratch } from '../support/scan.ts';

/** VEX and exceptions through the real command: what is broken, lying or greedy stops it or changes nothing; never a pass. */

const place = scratch('vex');
const database = join(place, 'db');
const sbom = join(place, 'app.cdx.json');

beforeAll(async () => {
  await mkdir(database);
  const severities = [
    { source: 'nvd', level: 'unknown', text: null, vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' } as const,
  ];
  const affected = [
    affectedPackage({
      ecosystem: 'npm',
      name: 'left-pad',
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    }),
  ];
  const content = [advisory({ id: 'CVE-2024-0001', severities, affected })];
  await buildAdvisories(database, { advisories: content, enrichment: [['CVE-1999-0001', KNOWN]] });
  await writeFile(sbom, cdx({ components: [library('left-pad')] }));
});

/** So that the catalogues are in the database, and their rules can tell. */
const KNOWN = {
  kev: { added: '2020-01-01', due: null, ransomware: false },
  epss: { probability: 0.1, percentile: 0.1, date: '2026-01-01' },
  severities: [],
  rejected: false,
} as const;

async function scanned(option: '--vex' | '--exceptions', text: string) {
  const file = join(place, option === '--vex' ? 'given.json' : 'given.yaml');
  await writeFile(file, text);
  const { code, stdout, stderr } = await runCommand([
    'scan',
    `sbom:${sbom}`,
    '--db',
    database,
    option,
    file,
    '--format',
    'json',
  ]);
  const report = stdout === '' ? null : JSON.parse(stdout);
  return { code, stderr, suppressed: report?.vulnerabilities[0]?.suppressed, findings: report?.findings };
}

const vex = (statement: object = {}) =>
  JSON.stringify({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'v',
    author: 'a',
    timestamp: '2026-01-01T00:00:00Z',
    statements: [
      {
        vulnerability: { name: 'CVE-2024-0001' },
        products: [{ '@id': 'pkg:npm/left-pad@1' }],
        status: 'not_affected',
        justification: 'vulnerable_code_not_present',
        ...statement,
      },
    ],
  });

describe('VEX', () => {
  test('for this package passes, so that the others below can be told from it', async () => {
    expect(await scanned('--vex', vex())).toMatchObject({ code: 0, suppressed: { by: 'vex' } });
  });

  test.each<[string, string]>([
    ['another product', vex({ products: [{ '@id': 'pkg:npm/right-pad@1' }] })],
    ['another version', vex({ products: [{ '@id': 'pkg:npm/left-pad@2' }] })],
    ['a wildcard', vex({ products: [{ '@id': 'pkg:npm/*' }] })],
    ['a fix in some version', vex({ status: 'fixed', products: [{ '@id': 'pkg:npm/left-pad' }] })],
    ['an investigation', vex({ status: 'under_investigation' })],
  ])('of %s: the scan fails as without it, and the report says so', async (_, text) => {
    const { code, suppressed, findings } = await scanned('--vex', text);
    expect([code, suppressed]).toEqual([2, undefined]);
    expect(findings).toMatchObject([{ kind: 'vex', id: 'v' }]);
  });

  test.each<[string, string, string, number]>([
    ['no JSON', vex().slice(0, -1), 'is no JSON', 1],
    ['bytes of no text', '\u0000', 'is no JSON', 1],
    ['no VEX', '{"bomFormat":"SPDX"}', 'is no VEX document', 1],
    ['no product', vex({ products: [] }), 'it names no product', 1],
    ['a status of another spelling', vex({ status: 'NOT_AFFECTED' }), 'its status is none of OpenVEX', 1],
    ['nesting past vexNesting', `${'['.repeat(LIMITS.vexNesting + 1)}`, 'vexNesting', 3],
    ['values past vexValues', `[${'0,'.repeat(LIMITS.vexValues)}0]`, 'vexValues', 3],
    ['more bytes than vexBytes', ' '.repeat(LIMITS.vexBytes + 1), `more than ${LIMITS.vexBytes} bytes`, 1],
  ])('that is %s stops the command', async (_, text, words, exit) => {
    const { code, stderr } = await scanned('--vex', text);
    expect(code).toBe(exit);
    expect(stderr).toContain(words);
  });

  test('vexNesting and vexValues: at them and past them', () => {
    const small = { ...LIMITS, vexNesting: 5, vexValues: 14 };
    expect(parseVex(vex(), 'v', small).statements).toHaveLength(1);
    const exceeded = (limit: string) => expect.objectContaining({ code: 'LIMIT_EXCEEDED', details: { limit } });
    expect(() => parseVex(vex(), 'v', { ...small, vexNesting: 4 })).toThrow(exceeded('vexNesting'));
    expect(() => parseVex(vex(), 'v', { ...small, vexValues: 13 })).toThrow(exceeded('vexValues'));
  });

  test('with very many statements on one vulnerability is held against the packages in bounded time', async () => {
    const statement = JSON.parse(vex({ products: [{ '@id': 'pkg:npm/other@1' }] })).statements[0];
    const many = { ...JSON.parse(vex()), statements: Array.from({ length: 100_000 }, () => statement) };
    const started = performance.now();
    expect(await scanned('--vex', JSON.stringify(many))).toMatchObject({ code: 2, suppressed: undefined });
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

const exception = (change: object = {}) =>
  JSON.stringify({
    exceptions: [{ vulnerability: 'CVE-2024-0001', reason: 'r', owner: 'o', expires: '2999-12-31', ...change }],
  });

describe('exceptions', () => {
  test('for this vulnerability passes, so that the others below can be told from it', async () => {
    expect(await scanned('--exceptions', exception())).toMatchObject({ code: 0, suppressed: { by: 'exception' } });
  });

  test.each<[string, string, string]>([
    ['expired', exception({ expires: '2020-01-01' }), 'have expired'],
    ['without an end', exception({ expires: undefined }), 'expires'],
    ['with an end that is no day', exception({ expires: 'never' }), 'expires'],
    ['without an owner', exception({ owner: undefined }), 'owner'],
    ['without a reason', exception({ reason: '' }), 'reason'],
    ['with an unknown key', exception({ until: '2999-12-31' }), 'until'],
    ['with a package that is none', exception({ packages: ['left-pad'] }), 'no package URL'],
    ['with a list of packages that is empty', exception({ packages: [] }), 'packages'],
    ['no YAML', '{', 'is no YAML'],
    ['a bomb of aliases', `a: &a [x,x,x,x,x,x,x,x,x,x]\n${aliasBomb()}`, 'is no YAML'],
    ['two documents', 'exceptions: []\n---\nexceptions: []\n', 'is no YAML'],
    ['the same key twice', 'exceptions: []\nexceptions: []\n', 'is no YAML'],
    ['a list', '[]', 'do not fit'],
    ['nothing', '', 'do not fit'],
  ])('that are %s stop the command', async (_, text, words) => {
    const { code, stderr } = await scanned('--exceptions', text);
    expect(code).toBe(1);
    expect(stderr).toContain(words);
  });

  test.each<[string, object]>([
    ['another vulnerability', { vulnerability: 'CVE-2024-0002' }],
    ['a wildcard for a vulnerability', { vulnerability: '*' }],
    ['another package', { packages: ['pkg:npm/right-pad'] }],
    ['another path', { paths: ['nowhere/**'] }],
    ['another image', { images: ['registry.example.org/**'] }],
  ])('for %s change nothing', async (_, change) => {
    expect(await scanned('--exceptions', exception(change))).toMatchObject({ code: 2, suppressed: undefined });
  });
});

/** Ten times ten times ten …: lists of aliases of lists of aliases. */
function aliasBomb(): string {
  const names = 'abcdefghi';
  return Array.from(names.slice(1), (name, i) => `${name}: &${name} [${`*${names[i]},`.repeat(9)}*${names[i]}]`).join(
    '\n',
  );
}
