import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBuild, MANIFEST } from '../../services/adapters/advisories/directory.ts';
import { LmdbAdvisories, verifyBuild } from '../../services/adapters/advisories/lmdb-advisories.ts';
import { HAS_SHARED_DATA, REPOSITORY, SHARED_DATA } from '../support/repository.ts';
import { type Build, buildShared } from '../support/shared-advisories.ts';

/*
 * A database of everything in ../shared/data/advisories, and what is not in it. Records are counted where they are read and
 * compared with the index beside them, and with what the database says of itself.
 */

const ADVISORIES = join(SHARED_DATA, 'advisories');
const LEFT_OUT = join(REPOSITORY, 'test/golden/advisories-left-out.tsv');

/** `osv/PyPI` and the number of its records, as the README beside the data has them. */
function index(): Map<string, number> {
  const rows = readFileSync(join(ADVISORIES, 'README.md'), 'utf8').matchAll(
    /^\| (converted|osv) \| ([^|]+) \| (\d+) \|/gm,
  );
  return new Map(Array.from(rows, ([, kind, ecosystem, records]) => [`${kind}/${ecosystem}`, Number(records)]));
}

/** What is not taken: each malformed record by its name, the rest by archive and reason, files of no feed by folder. */
function leftOut({ read, unread }: Build): string[] {
  const counts = new Map<string, number>();
  for (const name of unread) {
    const folder = name.split('/').slice(0, 2).join('/');
    const key = ['unread', folder, '*', 'a file of no known kind'].join('\t');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const { name, refusals } of read) {
    for (const { kind, reason, count, examples } of refusals) {
      const archive = name.replace(/\/all\.zip\/.*$/, '');
      const where = kind === 'malformed' ? [...new Set(examples)].join(' ') : '*';
      const key = [kind, archive, where, reason].join('\t');
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
  }
  return [...counts].map(([key, count]) => `${key}\t${count}`).sort();
}

describe.skipIf(!HAS_SHARED_DATA)('everything in ../shared/data/advisories (skipped where it is absent)', () => {
  let work: string;
  let whole: Build;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'plimsoll-test-'));
    whole = await buildShared(join(work, 'whole'), '.');
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  test('each record of an archive is read, or left out for a reason', async () => {
    const expected = index();
    expect(expected.size).toBeGreaterThan(20);
    for (const [archive, records] of expected) {
      const members = whole.read.filter(({ name }) => name.startsWith(`${archive}/all.zip/`));
      expect(members.length, archive).toBe(records);
      // A record is either taken whole or refused: never neither.
      const lost = members.filter(({ advisories, refusals }) => advisories !== 1 && refusals.length === 0);
      expect(lost.map(({ name }) => name)).toEqual([]);
    }
  });

  test('what is left out is what the reviewed list says', async () => {
    const reviewed = (await readFile(LEFT_OUT, 'utf8'))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(leftOut(whole)).toEqual(reviewed);
  });

  test('the database counts what was read, by namespace and source', () => {
    const rows = new Set(whole.read.flatMap(({ namespaces }) => namespaces));
    const counts = new Map<string, number>();
    for (const row of rows) {
      const feed = row.split('\t').slice(0, 2).join('\t');
      counts.set(feed, (counts.get(feed) ?? 0) + 1);
    }
    const stated = whole.built.info.feeds.filter(({ records }) => records > 0);
    expect(new Map(stated.map(({ ecosystem, source, records }) => [`${ecosystem}\t${source}`, records]))).toEqual(
      counts,
    );
    expect(whole.built.counts.records).toBeGreaterThan(90_000);
  });

  test('withdrawn records are in it, as withdrawn', async () => {
    const withdrawn = whole.read.flatMap((file) => file.withdrawn);
    // As many as have a date of withdrawal: 38 in archives, 2 among Ubuntu's single files.
    expect(withdrawn).toHaveLength(40);
    await verifyBuild((await findBuild(whole.root))!);
    const database = (await LmdbAdvisories.open(whole.root))!;
    for (const { id, withdrawn: day, affected } of withdrawn) {
      for (const { ecosystem, name } of affected) {
        expect(database.lookup(ecosystem, name).find((record) => record.id === id)?.withdrawn, id).toBe(day);
      }
    }
    await database.close();
  });

  test('the same feeds in another order have the same content', async () => {
    const other = await buildShared(join(work, 'other'), 'osv', 'native', 'converted');
    expect(other.built.info.digest).toBe(whole.built.info.digest);
    expect(other.built.counts).toEqual(whole.built.counts);
    expect(other.built.info.feeds).toEqual(whole.built.info.feeds);
  });

  test('the same feeds in the same order have the same manifest, byte for byte', async () => {
    const manifests = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const { directory } = (await buildShared(join(work, name), 'native')).built;
        return readFile(join(directory, MANIFEST), 'utf8');
      }),
    );
    expect(manifests[0]).toContain('"refusals"');
    expect(manifests[1]).toBe(manifests[0]);
  });
});
