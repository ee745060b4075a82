import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { advisory, affectedPackage } from '../../../test/support/advisory.ts';
import { buildAdvisories, type DatabaseContent } from '../../../test/support/built-advisories.ts';
import { plainAdvisories } from '../../../test/support/plain-advisories.ts';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import type { Advisory, Enrichment } from '../../domain/vulnerabilities/advisory.ts';
import { LmdbDatabaseWriter } from './database-writer.ts';
import { findBuild } from './directory.ts';
import { LmdbAdvisories, verifyBuild } from './lmdb-advisories.ts';

const lodash = affectedPackage({ ecosystem: 'npm', name: 'lodash' });
const record = (modified: string | null, version: string, more: Partial<Advisory> = {}) => {
  return advisory({ id: 'CVE-1', modified, affected: [{ ...lodash, versions: [version] }], ...more });
};

async function built(content: DatabaseContent) {
  const root = await temporaryDirectory();
  const { info } = await buildAdvisories(root, content);
  const database = (await LmdbAdvisories.open(root))!;
  const found = plainAdvisories(database.lookup('npm', 'lodash'));
  const enrichment = database.enrichment('CVE-1');
  await database.close();
  return { info, found, enrichment };
}

test('the same advisories are the same content, in whatever order and how often they come', async () => {
  const advisories = [
    record('2024-01-01T00:00:00Z', '1'),
    advisory({ id: 'CVE-2', affected: [lodash, { ...lodash, name: 'x'.repeat(1_000) }] }),
    advisory({ id: 'CVE-2', source: 'other', affected: [lodash] }),
  ];
  const one = await built({ advisories });
  const other = await built({
    advisories: [...advisories.toReversed(), ...advisories],
    builtAt: '2026-02-02T00:00:00Z',
  });
  expect(other.info.digest).toBe(one.info.digest);
  expect(other.info.feeds).toEqual(one.info.feeds);
  expect(other.found).toEqual(one.found);
  expect(one.found.map(({ id, source }) => [id, source])).toEqual([
    ['CVE-1', 'osv'],
    ['CVE-2', 'osv'],
    ['CVE-2', 'other'],
  ]);
  const changed = await built({ advisories: [record('2024-01-01T00:00:00Z', '2'), ...advisories.slice(1)] });
  expect(changed.info.digest).not.toBe(one.info.digest);
});

test('of two states of a record the newer one counts', async () => {
  const newer = record('2024-01-02T00:00:00Z', '2');
  const { found } = await built({ advisories: [record(null, '0'), newer, record('2024-01-01T00:00:00Z', '1')] });
  expect(found).toEqual([newer]);
});

test('what contradicts at one date is all kept', async () => {
  const { found } = await built({ advisories: [record(null, '1'), record(null, '2', { summary: 'other' })] });
  expect(found.flatMap(({ affected }) => affected.flatMap(({ versions }) => versions)).sort()).toEqual(['1', '2']);
});

test('the newer state for one release takes nothing from another release', async () => {
  const other = { ...lodash, ecosystem: 'Amazon Linux:2' };
  const older = record('2024-01-01T00:00:00Z', '1');
  const newer = advisory({ id: 'CVE-1', modified: '2025-01-01T00:00:00Z', affected: [other] });
  expect((await built({ advisories: [older, newer] })).found).toEqual([older]);
});

test('what several sources say of a CVE comes together', async () => {
  const nothing: Enrichment = { kev: null, epss: null, severities: [], rejected: false };
  const epss = (probability: number, date: string) => ({ ...nothing, epss: { probability, percentile: 1, date } });
  const kev = { added: '2024-01-01', due: null, ransomware: false };
  const { enrichment } = await built({
    enrichment: [
      ['CVE-1', epss(0.2, '2024-02-02')],
      ['CVE-1', { ...nothing, kev }],
      ['CVE-1', epss(0.1, '2024-01-01')],
    ],
  });
  expect(enrichment).toEqual({ ...epss(0.2, '2024-02-02'), kev });
});

test('a namespace that a feed speaks for is known without an advisory', async () => {
  const root = await temporaryDirectory();
  const writer = await LmdbDatabaseWriter.create(root);
  writer.cover('Alpine:v3.99', 'alpine-secdb', '2026-01-02T00:00:00Z');
  writer.cover('Alpine:v3.99', 'alpine-secdb', '2026-01-01T00:00:00Z');
  const { info } = await writer.finish({
    builtAt: '2026-01-03T00:00:00Z',
    starter: false,
    refusals: [],
    allowShrunk: true,
  });
  expect(info.feeds).toEqual([
    { ecosystem: 'Alpine:v3.99', source: 'alpine-secdb', records: 0, newest: null, fetched: '2026-01-01T00:00:00Z' },
  ]);
  await verifyBuild((await findBuild(root))!);
});

test('the build before stays for its readers, older ones go, and nothing half-made is left', async () => {
  const root = await temporaryDirectory();
  for (const day of ['01', '02', '03'])
    await buildAdvisories(root, { builtAt: `2026-01-${day}T00:00:00Z`, advisories: [record(null, day)] });
  const discarded = await LmdbDatabaseWriter.create(root);
  await discarded.discard();
  const builds = await readdir(join(root, 'builds'));
  expect(builds.map((name) => name.slice(0, 8)).sort()).toEqual(['20260102', '20260103']);
  expect((await findBuild(root))?.manifest.builtAt).toBe('2026-01-03T00:00:00Z');
});

test('what is said of one architecture takes nothing from another, however new it is', async () => {
  const of = (architecture: string, modified: string) => {
    return advisory({ id: 'CVE-1', modified, affected: [{ ...lodash, architectures: [architecture] }] });
  };
  const { found } = await built({
    advisories: [
      of('x86_64', '2024-01-01T00:00:00Z'),
      of('aarch64', '2025-01-01T00:00:00Z'),
      of('aarch64', '2023-01-01T00:00:00Z'),
    ],
  });
  const kept = found.flatMap(({ modified, affected }) =>
    affected.map(({ architectures }) => [modified!.slice(0, 4), ...architectures]),
  );
  expect(kept.sort()).toEqual([
    ['2024', 'x86_64'],
    ['2025', 'aarch64'],
  ]);
});
