import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { databaseChanges } from '../../services/adapters/advisories/compare-databases.ts';
import { LmdbAdvisories } from '../../services/adapters/advisories/lmdb-advisories.ts';
import type { Report, ReportPackage } from '../../services/domain/report/report.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import type { Advisory, Enrichment } from '../../services/domain/vulnerabilities/advisory.ts';
import { DatabaseChanges } from '../../services/domain/vulnerabilities/database-change.ts';
import { NO_ENRICHMENT } from '../../services/domain/vulnerabilities/enrichment.ts';
import { compareJudgements } from '../../services/pipeline/compare-judgements.ts';
import { matchVulnerabilities } from '../../services/pipeline/match-vulnerabilities.ts';
import { advisory, affectedPackage } from '../support/advisory.ts';
import { buildAdvisories, type DatabaseContent } from '../support/built-advisories.ts';
import { REPOSITORY } from '../support/repository.ts';
import { samplePackage, sampleReport } from '../support/sample-report.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const LONG = 'x'.repeat(600);
const upTo = (fixed: string) => [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '0' }, { fixed }] }];
const record = (id: string, ecosystem: string, name: string, fixed: string): Advisory =>
  advisory({ id, affected: [affectedPackage({ ecosystem, name, nameOf: 'package', ranges: upTo(fixed) })] });

async function opened(content: DatabaseContent): Promise<{ root: string; database: LmdbAdvisories }> {
  const root = await temporaryDirectory();
  await buildAdvisories(root, content);
  return { root, database: (await LmdbAdvisories.open(root))! };
}

function reportOf(packages: readonly ReportPackage[]): Report {
  return { ...sampleReport(), packages: [...packages] };
}

const npm = (name: string, version: string) => samplePackage({ type: 'npm', name, version, layer: 0 });
const rowsOf = (report: Report, item: ReportPackage) =>
  report.vulnerabilities!.filter(({ packageId }) => packageId === item.id);

describe('what differs between two databases', () => {
  test('is packages, what is said of CVEs, and feeds', async () => {
    const debian = { ecosystem: 'Debian:12', eol: '2026-06-10', extendedEol: null, source: 'distro-info' };
    const same = record('CVE-2024-0001', 'npm', 'same', '1');
    const before = await opened({
      advisories: [same, record('CVE-2024-0002', 'npm', 'gone', '1'), record('CVE-2024-0003', 'npm', 'other', '1')],
      enrichment: [
        ['CVE-2024-0001', NO_ENRICHMENT],
        ['CVE-2024-0003', NO_ENRICHMENT],
      ],
      endOfLife: [debian],
    });
    const after = await opened({
      advisories: [same, record('CVE-2024-0003', 'npm', 'other', '2'), record('CVE-2024-0004', 'PyPI', LONG, '1')],
      enrichment: [
        ['CVE-2024-0001', NO_ENRICHMENT],
        ['CVE-2024-0003', { ...NO_ENRICHMENT, rejected: true }],
        ['CVE-2024-0004', { ...NO_ENRICHMENT, kev: { added: '2024-01-01', due: null, ransomware: false } }],
      ],
      endOfLife: [{ ...debian, eol: '2028-06-10' }],
    });
    expect([...databaseChanges(before.database, after.database)]).toEqual([
      { kind: 'feed', ecosystem: 'Debian:12', change: 'changed' },
      { kind: 'feed', ecosystem: 'PyPI', change: 'added' },
      { kind: 'cve', id: 'CVE-2024-0003', change: 'changed', everywhere: true },
      { kind: 'cve', id: 'CVE-2024-0004', change: 'added', everywhere: false },
      { kind: 'package', ecosystem: '', name: expect.stringMatching(/^[0-9a-f]{64}$/), change: 'added' },
      { kind: 'package', ecosystem: 'npm', name: 'gone', change: 'removed' },
      { kind: 'package', ecosystem: 'npm', name: 'other', change: 'changed' },
    ]);
    expect([...databaseChanges(before.database, before.database)]).toEqual([]);
    await Promise.all([before, after].map(({ database }) => database.close()));
  });

  test('no package that it does not touch has other rows', { timeout: 120_000 }, async () => {
    const names = fc.constantFrom('a', 'b', 'c', LONG);
    const records = fc.array(
      fc
        .tuple(
          fc.constantFrom('CVE-2024-0001', 'CVE-2024-0002', 'GHSA-1'),
          fc.constantFrom('npm', 'PyPI'),
          names,
          fc.constantFrom('1', '2'),
        )
        .map(([id, ecosystem, name, fixed]) => record(id, ecosystem, name, fixed)),
      { maxLength: 6 },
    );
    const known: fc.Arbitrary<Enrichment> = fc.record({
      kev: fc.constantFrom(null, { added: '2024-01-01', due: null, ransomware: false }),
      epss: fc.constantFrom(null, { probability: 0.5, percentile: 0.5, date: '2024-01-01' }),
      severities: fc.constant([]),
      rejected: fc.boolean(),
    });
    const content = fc.record({
      advisories: records,
      enrichment: fc.array(fc.tuple(fc.constantFrom('CVE-2024-0001', 'CVE-2024-0002'), known), { maxLength: 2 }),
    });
    const packages = ['a', 'b', 'c', LONG].flatMap((name) => [
      npm(name, '1'),
      samplePackage({ type: 'pypi', name, version: '0.1', layer: 0 }),
    ]);
    await fc.assert(
      fc.asyncProperty(content, content, fc.boolean(), async (one, other, wasMatched) => {
        const [before, after] = [await opened(one), await opened(other)];
        const changes = new DatabaseChanges();
        for (const change of databaseChanges(before.database, after.database)) changes.add(change);
        const plain = reportOf(packages);
        const [old, now] = [before, after].map(({ database }) => matchVulnerabilities(plain, database));
        const report = wasMatched ? old! : plain;
        const { touched, added, removed, changed } = compareJudgements(
          report,
          changes,
          before.database,
          after.database,
        );
        for (const item of packages) {
          if (!touched.includes(item)) expect(rowsOf(now!, item)).toEqual(rowsOf(old!, item));
        }
        expect(now!.vulnerabilities!.length - old!.vulnerabilities!.length).toBe(added.length - removed.length);
        expect(changed.every(({ before: a, after: b }) => a.id === b.id && a.packageId === b.packageId)).toBe(true);
        await Promise.all([before, after].map(({ database }) => database.close()));
      }),
      { numRuns: 40 },
    );
  });
});

function plimsoll(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(REPOSITORY, 'services/main.ts'), ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test('plimsoll db diff says which reports are touched, and what would be other in them', {
  timeout: 60_000,
}, async () => {
  const before = await opened({ advisories: [record('CVE-2024-0001', 'npm', 'lodash', '2')] });
  const after = await opened({
    advisories: [record('CVE-2024-0001', 'npm', 'lodash', '3'), record('CVE-2024-0002', 'npm', 'lodash', '2')],
  });
  const reports = join(await temporaryDirectory(), 'reports');
  await mkdir(reports);
  const shop = matchVulnerabilities(reportOf([npm('lodash', '1')]), before.database);
  const other = matchVulnerabilities(reportOf([npm('left-pad', '1')]), before.database);
  await writeFile(join(reports, 'shop.json'), serializeReport(shop));
  await writeFile(join(reports, 'other.json'), serializeReport(other));
  await Promise.all([before, after].map(({ database }) => database.close()));

  expect((await plimsoll('db', 'diff', before.root, after.root)).stdout).toBe(
    'changed  npm  lodash\n0 added, 0 removed, 1 changed\n',
  );
  const args = ['db', 'diff', before.root, after.root, '--report', reports];
  const { code, stdout } = await plimsoll(...args);
  expect(code).toBe(0);
  expect(stdout.replaceAll(`${reports}/`, '')).toBe(
    [
      'other.json: not touched',
      'shop.json: 1 new, 0 gone, 1 changed (1 package matched again)',
      '  + CVE-2024-0002  unknown  npm:lodash:amd64@1  fixed in 2',
      '  ~ CVE-2024-0001  unknown  npm:lodash:amd64@1  fixed in 3  (was unknown  npm:lodash:amd64@1  fixed in 2)',
      '2 reports: the change touches 1, and 1 would be another',
      '',
    ].join('\n'),
  );
  const lines = (await plimsoll(...args, '--json')).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ touched, added }) => [touched, added.map(({ id }: { id: string }) => id)])).toEqual([
    [[], []],
    [['npm:lodash:amd64@1'], ['CVE-2024-0002']],
  ]);
  await writeFile(join(reports, 'broken.json'), '{');
  expect(await plimsoll(...args)).toMatchObject({ code: 1, stderr: expect.stringContaining('broken.json is no JSON') });
  const none = await plimsoll('db', 'diff', before.root, join(reports, 'nowhere'));
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('has no advisory database') });
});
