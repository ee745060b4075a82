import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { LmdbDatabaseWriter } from '../../services/adapters/advisories/database-writer.ts';
import { findBuild } from '../../services/adapters/advisories/directory.ts';
import { LmdbAdvisories } from '../../services/adapters/advisories/lmdb-advisories.ts';
import { LocalFeedFiles } from '../../services/adapters/advisories/local-feed-files.ts';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import { FEEDS } from '../../services/domain/vulnerabilities/feeds/registry.ts';
import { buildDatabase } from '../../services/pipeline/build-database.ts';
import { file, layerTar } from '../support/layer-builder.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { type ZipPart, zip } from '../support/zip-builder.ts';

const record = (id: string, more: object = {}) =>
  JSON.stringify({
    id,
    modified: '2024-01-01T00:00:00Z',
    affected: [{ package: { ecosystem: 'npm', name: 'lodash' }, versions: ['1.0.0'] }],
    ...more,
  });
const part = (id: string, more: Partial<ZipPart> = {}): ZipPart => ({
  name: `${id}.json`,
  content: record(id),
  ...more,
});

/** Builds from files with this content, and answers with the ids found and the reasons for what was not. */
async function build(
  files: Readonly<Record<string, Uint8Array | string>>,
  limits: Partial<Limits> = {},
  root?: string,
  allowShrunk = false,
) {
  const work = await temporaryDirectory();
  await mkdir(join(work, 'feeds'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(work, 'feeds', name), content);
  const place = root ?? join(work, 'db');
  const all: Limits = { ...LIMITS, ...limits };
  const built = await buildDatabase(
    { starter: false, allowShrunk, limits: all, signal: new AbortController().signal, onProgress: () => {} },
    {
      files: new LocalFeedFiles([{ path: join(work, 'feeds'), kind: null, fetched: null }], all),
      feeds: FEEDS,
      openWriter: () => LmdbDatabaseWriter.create(place),
      now: () => '2026-01-01T00:00:00Z',
      breathe: async () => {},
    },
  );
  const database = (await LmdbAdvisories.open(place))!;
  const ids = database.lookup('npm', 'lodash').map(({ id }) => id);
  await database.close();
  return { ids, reasons: built.refusals.map(({ reason, count }) => `${count} × ${reason}`) };
}
const unreadable = (words: RegExp) =>
  expect.objectContaining({ code: 'FEED_UNREADABLE', message: expect.stringMatching(words) });
const exceeded = (limit: string) => expect.objectContaining({ code: 'LIMIT_EXCEEDED', details: { limit } });

const TAR = await layerTar([file('A-1.json', record('A-1'))]);

describe('feeds come in', () => {
  test('zip, tar, gzip and zstd, folders and single files', async () => {
    const tar = await layerTar([file('a/A-4.json', record('A-4')), file('a/A-5.json.gz', gzipSync(record('A-5')))]);
    const { ids, reasons } = await build({
      'all.zip': zip([part('A-1'), part('A-2', { method: 'stored' })]),
      'A-3.json': record('A-3'),
      'more.tar': tar,
      'more.tar.gz': gzipSync(await layerTar([file('A-6.json', record('A-6'))])),
      'more.tar.zst': zstdCompressSync(await layerTar([file('A-7.json', record('A-7'))])),
      'A-8.json.zst': zstdCompressSync(record('A-8')),
      'wide.zip': zip([part('A-9')], { wide: true }),
      '.hidden': record('A-0'),
    });
    expect(ids).toEqual(['A-1', 'A-2', 'A-3', 'A-4', 'A-5', 'A-6', 'A-7', 'A-8', 'A-9']);
    expect(reasons).toEqual([]);
  });

  test('a link in a folder leads nowhere', async () => {
    const work = await temporaryDirectory();
    await mkdir(join(work, 'feeds'));
    await writeFile(join(work, 'outside.json'), record('A-1'));
    await symlink(join(work, 'outside.json'), join(work, 'feeds', 'link.json'));
    await symlink('..', join(work, 'feeds', 'up'));
    const found: string[] = [];
    for await (const { name } of new LocalFeedFiles(
      [{ path: join(work, 'feeds'), kind: null, fetched: null }],
      LIMITS,
    ).files(new AbortController().signal)) {
      found.push(name);
    }
    expect(found).toEqual([]);
  });
});

describe('one broken file does not take the others with it, and is counted', () => {
  test.each<[string, Partial<ZipPart>, string]>([
    ['a wrong checksum', { claims: { crc: 1 } }, 'whose data are not those of its checksum'],
    ['encryption', { claims: { flags: 1 } }, 'that is encrypted'],
    ['an unknown method', { claims: { method: 12 } }, 'that is compressed in an unknown way'],
    [
      'a size that is too small: a bomb',
      { claims: { size: 10 } },
      'whose data are broken, or unpack to more than they claim',
    ],
    ['a place that is none', { offset: 3 }, 'that is not where its directory says'],
  ])('a zip entry with %s', async (_, more, reason) => {
    const { ids, reasons } = await build({ 'all.zip': zip([part('A-1'), part('A-2', more), part('A-3')]) });
    expect(ids).toEqual(['A-1', 'A-3']);
    expect(reasons).toEqual([`1 × a file of an archive ${reason}`]);
  });

  test('records that are malformed, contradictory or none at all', async () => {
    const deep = `{"id": "A-9", "modified": "x", "affected": ${'['.repeat(200_000)}`;
    const { ids, reasons } = await build({
      'all.zip': zip([
        part('A-1'),
        { name: 'a.json', content: deep },
        { name: 'b', content: 'text' },
        { name: 'c.json', content: record('A-2', { affected: 7 }) },
      ]),
      'contradicts.json': record('A-1', {
        affected: [{ package: { ecosystem: 'npm', name: 'lodash' }, versions: ['2.0.0'] }],
      }),
    });
    expect(ids).toEqual(['A-1']);
    expect(reasons).toEqual([
      '1 × a record that is no JSON object',
      '1 × affected is no list',
      '1 × a file of no known kind',
    ]);
  });

  test('compressed data that are cut', async () => {
    const cut = gzipSync(record('A-2')).subarray(0, 40);
    const { ids, reasons } = await build({ 'all.zip': zip([part('A-1'), { name: 'A-2.json.gz', content: cut }]) });
    expect(ids).toEqual(['A-1']);
    expect(reasons[0]).toMatch(/compressed data are broken/);
  });
});

describe('an archive that says something impossible is not built from', () => {
  const archive = zip([part('A-1'), part('A-2')]);
  test.each<[string, Uint8Array, RegExp]>([
    ['cut short', archive.subarray(0, archive.length - 30), /cut short/],
    ['with more entries than there are', zip([part('A-1')], { count: 3 }), /it says 3 files, and 1 can be read/],
    [
      'with entries over one another',
      zip([
        part('A-1'),
        part('A-2', { offset: 0 }),
        ...Array.from({ length: 40 }, (_, i) => part(`B-${i}`, { offset: 0, claims: { compressed: 400 } })),
      ]),
      /overlap/,
    ],
    ['a tar cut short', TAR.subarray(0, 600), /cut short/],
    ['gzip cut short', gzipSync(record('A-1')).subarray(0, 30), /cannot be read/],
  ])('%s', async (_, bytes, words) => {
    await expect(build({ 'all.zip': bytes })).rejects.toEqual(unreadable(words));
  });

  test('and the database before stays; nothing half-made is left', async () => {
    const root = join(await temporaryDirectory(), 'db');
    await build({ 'all.zip': archive }, {}, root);
    const before = (await findBuild(root))!;
    await expect(build({ 'all.zip': archive.subarray(0, 100) }, {}, root)).rejects.toMatchObject({
      code: 'FEED_UNREADABLE',
    });
    expect(await findBuild(root)).toEqual(before);
  });

  test('nor where a feed has lost most of its records, unless that is allowed', async () => {
    const root = join(await temporaryDirectory(), 'db');
    const of = (count: number) => ({ 'all.zip': zip(Array.from({ length: count }, (_, i) => part(`A-${i}`))) });
    await build(of(200), {}, root);
    const before = (await findBuild(root))!;
    // One record more or less, or a form of records that is read no more: all the same.
    const changed = zip([
      ...Array.from({ length: 200 }, (_, i) => part(`A-${i}`, { content: '{"id": 1}' })),
      part('B-1'),
    ]);
    for (const files of [of(99), { 'all.zip': changed }]) {
      await expect(build(files, {}, root)).rejects.toMatchObject({
        code: 'FEED_SHRUNK',
        message: expect.stringMatching(/npm \(osv\): \d+ records, and 200 before.*--allow-shrunk/),
      });
    }
    expect(await findBuild(root)).toEqual(before);
    expect((await build(of(99), {}, root, true)).ids).toHaveLength(99);
    expect((await build(of(100), {}, root)).ids).toHaveLength(100);
  });

  test('nor from files of which none is a feed', async () => {
    await expect(build({ README: 'Read me' })).rejects.toEqual(
      unreadable(/Nothing could be read of 1 file \(1 × a file of no known kind\)/),
    );
    await expect(build({ 'x.json': '{"id": 7, "modified": ""}' })).rejects.toEqual(
      unreadable(/a record without an id/),
    );
    await expect(build({})).rejects.toEqual(unreadable(/0 files/));
  });
});

describe('limits: at them and past them', () => {
  const three = { 'a.json': record('A-1'), 'b.zip': zip([part('A-2'), part('A-3')]) };
  const size = record('A-1').length;

  test('feedFiles', async () => {
    expect((await build(three, { feedFiles: 3 })).ids).toHaveLength(3);
    await expect(build(three, { feedFiles: 2 })).rejects.toEqual(exceeded('feedFiles'));
    await expect(build({ 'b.zip': three['b.zip'] }, { feedFiles: 1 })).rejects.toEqual(exceeded('feedFiles'));
  });

  test('feedBytes', async () => {
    expect((await build(three, { feedBytes: 3 * size })).ids).toHaveLength(3);
    await expect(build(three, { feedBytes: 3 * size - 1 })).rejects.toEqual(exceeded('feedBytes'));
  });

  test('feedFileBytes: the file is refused, wherever it lies', async () => {
    const files = {
      ...three,
      'c.tar': await layerTar([file('A-4.json', record('A-4'))]),
      'd.json.gz': gzipSync(record('A-5')),
    };
    // The empty tar holds a header of 512 bytes before it is known as one.
    expect((await build(files, { feedFileBytes: size })).ids).toHaveLength(5);
    const { ids, reasons } = await build(
      { ...files, 'small.json': '{"id":"A-6","modified":"","affected":[]}' },
      { feedFileBytes: size - 1 },
    );
    expect(ids).toEqual([]);
    expect(reasons.join()).toMatch(/past the limit feedFileBytes/);
  });

  test('feedDirectoryBytes', async () => {
    const bytes = zip([part('A-1')]);
    const directory = 46 + 'A-1.json'.length;
    expect((await build({ 'a.zip': bytes }, { feedDirectoryBytes: directory })).ids).toHaveLength(1);
    await expect(build({ 'a.zip': bytes }, { feedDirectoryBytes: directory - 1 })).rejects.toEqual(
      exceeded('feedDirectoryBytes'),
    );
  });

  test('ratio: bombs of zip, gzip and zstd', async () => {
    const zeros = Buffer.alloc(2_000_000, 0x20);
    const limits = { ratio: 100, ratioGraceBytes: 1_000_000 };
    const bombs = {
      'a.zip': zip([part('A-1'), { name: 'z', content: zeros }]),
      'a.gz': gzipSync(zeros),
      'a.zst': zstdCompressSync(zeros),
    };
    for (const [name, bomb] of Object.entries(bombs)) {
      await expect(build({ [name]: bomb }, limits), name).rejects.toEqual(exceeded('ratio'));
    }
    const inner = await build(
      { 'A-1.json': record('A-1'), 'b.zip': zip([{ name: 'z.gz', content: gzipSync(zeros), method: 'stored' }]) },
      limits,
    );
    expect(inner.reasons.join()).toMatch(/unpack to more than feedFileBytes or ratio allow/);
    const grace = await build(
      { 'A-1.json': record('A-1'), 'b.zip': bombs['a.zip'] },
      { ...limits, ratioGraceBytes: 3_000_000 },
    );
    expect(grace.ids).toEqual(['A-1']);
  });
});

test('a build that is stopped leaves nothing', async () => {
  const root = join(await temporaryDirectory(), 'db');
  const stop = new AbortController();
  stop.abort(new Error('stopped'));
  const work = await temporaryDirectory();
  await writeFile(join(work, 'a.json'), record('A-1'));
  const building = buildDatabase(
    { starter: false, allowShrunk: false, limits: LIMITS, signal: stop.signal, onProgress: () => {} },
    {
      files: new LocalFeedFiles([{ path: work, kind: null, fetched: null }], LIMITS),
      feeds: FEEDS,
      openWriter: () => LmdbDatabaseWriter.create(root),
      now: () => '2026-01-01T00:00:00Z',
      breathe: async () => {},
    },
  );
  await expect(building).rejects.toThrow('stopped');
  expect(await findBuild(root)).toBeNull();
});
