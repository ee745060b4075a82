import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { buildImage, type LayerSpec } from '../support/image-builder.ts';
import { directory, file, layerTar, whiteout } from '../support/layer-builder.ts';
import { noise } from '../support/noise.ts';
import { expectHonest, gapCodes, outcomeOf, packagesOf } from '../support/outcome.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { ociTarget, type ScanChanges, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';
import {
  base256,
  concat,
  END,
  gnuLong,
  octal,
  paxHeader,
  paxRecord,
  rawEntry,
  rawFlood,
  rawHeader,
} from '../support/tar-blocks.ts';

const place = scratch('layers');
const reader = WITHOUT_THREADS;

const BASE = {
  entries: [
    file('etc/os-release', OS_RELEASE.debian),
    file('var/lib/dpkg/status', dpkgStatus([{ name: 'a', version: '1' }])),
  ],
};

/** The layer above a good one, whose package must be there whatever happens. */
async function above(layer: LayerSpec, changes: ScanChanges = {}) {
  const report = await scan(ociTarget(place, await buildImage({ layers: [BASE, layer] })), { reader, ...changes });
  expect(packagesOf(report)).toContain('a 1');
  return report;
}
const gapsOf = async (layer: LayerSpec, changes?: ScanChanges) => gapCodes(await above(layer, changes));
const tarOf = (...blocks: Uint8Array[]) => ({ tar: Buffer.from(concat(...blocks, END)), compression: 'none' }) as const;
const blob = (bytes: Uint8Array, tar: Uint8Array = bytes) => ({ blob: Buffer.from(bytes), tar: Buffer.from(tar) });

describe('bombs', () => {
  /** 300 MiB of zeros in 300 KiB, and in far less. */
  const size = 300 * 2 ** 20;
  const tar = concat(rawHeader({ name: 'zeros', size }), Buffer.alloc(size), END);

  test.each([
    ['gzip', gzipSync(tar, { level: 9 })],
    ['zstd', zstdCompressSync(tar)],
    ['many gzip members', Buffer.concat(Array(20).fill(gzipSync(Buffer.alloc(16 * 2 ** 20), { level: 9 })))],
    ['many zstd frames', Buffer.concat(Array(20).fill(zstdCompressSync(Buffer.alloc(16 * 2 ** 20))))],
    ['gzip in gzip', gzipSync(gzipSync(Buffer.alloc(size)))],
  ])('%s', async (_what, bytes) => {
    const report = await above(blob(bytes), {});
    expect(report.completeness.status).toBe('partial');
    expect(gapCodes(report)).toEqual([expect.stringMatching(/limit-reached|layer-unreadable/)]);
  });

  test('an honest layer of many zeros is none', async () => {
    const honest = concat(rawHeader({ name: 'zeros', size: 80 * 2 ** 20 }), Buffer.alloc(80 * 2 ** 20), END);
    expect(await gapsOf(blob(gzipSync(honest), honest))).toEqual([]);
  });

  test('a zstd frame that asks for a window of gigabytes', async () => {
    for (const exponent of [18, 20, 31]) {
      // Frame header descriptor 0: a window descriptor follows; then an empty last block.
      const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, 1, 0, 0);
      expect(await gapsOf(blob(frame))).toEqual(['limit-reached']);
    }
    const single = concat(
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xe0),
      Uint8Array.of(0, 0, 0, 0, 0x10, 0, 0, 0),
      Uint8Array.of(1, 0, 0),
    );
    expect(await gapsOf(blob(single))).toEqual(['limit-reached']);
    const long = zstdCompressSync(BASE.entries[0]!.content as string, { params: { [constants.ZSTD_c_windowLog]: 27 } });
    expect(await gapsOf(blob(long))).not.toContain('limit-reached');
  });

  test('zstd with a dictionary, or with an unknown magic in its midst', async () => {
    const dictionary = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x50, 7, 1, 0, 0);
    expect(await gapsOf(blob(dictionary))).toEqual(['layer-unreadable']);
    const plain = zstdCompressSync(await layerTar([file('x')]));
    expect(await gapsOf(blob(concat(plain, noise('frame', 2), plain)))).toEqual(['layer-unreadable']);
  });

  test('a sparse file of terabytes, wanted or not', async () => {
    const terabytes = 2 ** 42;
    const header = (name: string) =>
      rawHeader({
        name,
        type: 'S',
        magic: 'gnu',
        patch: { 386: `${octal(0, 11)}\0${octal(0, 11)}\0`, 483: base256(BigInt(terabytes)) },
      });
    expect(await gapsOf(tarOf(header('srv/sparse')))).toEqual([]);
    expect(await gapsOf(tarOf(header('lib/apk/db/installed')))).toEqual(['limit-reached', 'wanted-file-unreadable']);
    const executable = rawHeader({
      name: 'bin/x',
      mode: 0o755,
      type: 'S',
      magic: 'gnu',
      patch: { 483: base256(BigInt(terabytes)) },
    });
    expect(await gapsOf(tarOf(executable), { fullInventory: true })).toEqual(['limit-reached']);
  });

  test('a flood of entries, whiteouts, links and directories stays within its limits', async () => {
    const floods = [
      [{ layerEntries: 30_000 }, rawFlood(30_001, (i) => ({ name: `f${i}` }))],
      [{ layerWhiteouts: 30_000 }, rawFlood(30_001, (i) => ({ name: `.wh.f${i}` }))],
      [{ layerLinks: 20_000 }, rawFlood(20_001, (i) => ({ name: `l${i}`, linkName: `l${i + 1}` }), '2')],
      [{ inventoryBytes: 500_000 }, rawFlood(20_000, (i) => ({ name: `d${i}/a/b/c/d/e/f/g/h/i` }))],
    ] as const;
    for (const [limits, tar] of floods) {
      const started = performance.now();
      expect(await gapsOf({ tar, compression: 'none' }, { limits })).toEqual(['limit-reached']);
      expect(performance.now() - started).toBeLessThan(60_000);
    }
  });

  test('one name again and again costs what it is, not what it was', async () => {
    const size = 100_000;
    const one = rawEntry({ name: 'lib/apk/db/installed' }, Buffer.alloc(size, 'x'));
    expect(await gapsOf(tarOf(...Array(30).fill(one)), { limits: { wantedLayerBytes: 2 * size } })).not.toContain(
      'limit-reached',
    );
  });

  test('headers that grow: long names, PAX records, sparse maps', async () => {
    const huge = paxRecord('comment', 'x'.repeat(2 ** 20));
    expect(await gapsOf(tarOf(rawEntry({ name: 'x', type: 'x' }, huge), rawEntry({ name: 'f' })))).toEqual([
      'limit-reached',
    ]);
    expect(await gapsOf(tarOf(gnuLong('L', 'n'.repeat(2 ** 20)), rawEntry({ name: 'f' })))).toEqual(['limit-reached']);
    expect(await gapsOf(tarOf(gnuLong('L', 'n'.repeat(5_000)), rawEntry({ name: 'f' })))).toEqual(['limit-reached']);
    const claim = rawHeader({ name: 'x', type: 'x', patch: { 124: base256(2n ** 60n) } });
    expect(await gapsOf(tarOf(claim))).toEqual(['layer-unreadable']);
    const map = paxHeader({
      'GNU.sparse.map': Array(100_001).fill('0,0').join(','),
      'GNU.sparse.numblocks': '100001',
      'GNU.sparse.size': '0',
    });
    expect(await gapsOf(tarOf(map, rawEntry({ name: 'f' })))).toEqual(['limit-reached']);
  });
});

describe('broken streams', () => {
  const PACKAGES = Array.from({ length: 300 }, (_, i) => ({ name: `p${String(i).padStart(3, '0')}`, version: '1' }));
  const WHOLE = PACKAGES.map(({ name, version }) => `${name} ${version}`);
  const BIG = [
    file('etc/os-release', OS_RELEASE.debian),
    file('var/lib/dpkg/status', dpkgStatus(PACKAGES)),
    file('after', 'x'),
  ];
  // zstd frames need have no checksum: then the diffID alone tells, which is looked at with the full inventory.
  const only = async (layer: LayerSpec) =>
    scan(ociTarget(place, await buildImage({ layers: [layer] })), { reader, fullInventory: true });

  test('truncated inside the package database: what was read is shown, with a gap', async () => {
    const tar = await layerTar(BIG);
    for (const end of [2_000, 10_000, 30_000]) {
      const report = await only({ tar: Buffer.from(tar.subarray(0, end)), compression: 'none' });
      expect(gapCodes(report)).toContain('layer-unreadable');
      expect(report.packages.length).toBeLessThan(300);
    }
  });

  test.each(['none', 'gzip', 'zstd', 'gzip-members', 'zstd-frames'] as const)(
    '%s: cut, flipped and zeroed in many places',
    async (compression) => {
      const tar = await layerTar(BIG);
      const { layers } = await buildImage({ layers: [{ tar, compression }] });
      const bytes = layers[0]!.blob;
      for (let i = 0; i < 16; i++) {
        const at = Math.floor(((i + 0.5) * bytes.length) / 16);
        const flipped = Buffer.from(bytes);
        flipped[at]! ^= 1 << (i % 8);
        const zeroed = Buffer.from(bytes).fill(0, at, Math.min(bytes.length, at + 100));
        for (const damaged of [bytes.subarray(0, at), flipped, zeroed]) {
          // The builder made it so: digests are those of the damaged bytes, only the diffID is that of the whole.
          await expectHonest(only({ tar, blob: Buffer.from(damaged) }), WHOLE, `${compression} at ${at}`);
        }
      }
    },
  );

  test('a cut at the very end of an entry, without the end marker, is whole', async () => {
    const tar = await layerTar(BIG);
    expect(gapCodes(await only({ tar: Buffer.from(tar.subarray(0, -1_024)), compression: 'none' }))).toEqual([]);
  });

  test.each([
    ['noise', noise('layer', 200)],
    ['text', Buffer.from('#!/bin/sh\necho this is no layer\n'.repeat(50))],
    ['a zip', Buffer.concat([Buffer.from('PK\x03\x04'), noise('zip', 50)])],
    ['an ELF file', Buffer.concat([Buffer.from('\x7fELF'), noise('elf', 50)])],
    ['bzip2', Buffer.from('425a68393141592653590000', 'hex')],
    ['one byte', Buffer.from('x')],
    ['a gzip header and no more', Buffer.from('1f8b0800000000000003', 'hex')],
  ])('a layer that is %s', async (_what, bytes) => {
    expect(await gapsOf(blob(bytes))).toEqual(['layer-unreadable']);
  });

  test('zeros behind the end of the tar, and garbage', async () => {
    const tar = await layerTar([file('x')]);
    expect(await gapsOf({ tar: Buffer.concat([tar, Buffer.alloc(100_000)]), compression: 'none' })).toEqual([]);
    // As Go and GNU tar: behind the end marker nothing is looked at. The digest covers it all the same.
    expect(await gapsOf({ tar: Buffer.concat([tar, noise('behind', 100)]), compression: 'none' })).toEqual([]);
    expect(await gapsOf(blob(Buffer.concat([gzipSync(tar), noise('behind', 100)]), tar))).toEqual(['layer-unreadable']);
    expect(await gapsOf(blob(Buffer.concat([gzipSync(tar), Buffer.alloc(1_000)]), tar))).toEqual([]);
  });

  test('a hidden second archive behind a single block of zeros is an error, as for Go', async () => {
    const hidden = concat(
      rawEntry({ name: 'a' }),
      new Uint8Array(512),
      rawEntry({ name: 'lib/apk/db/installed' }, 'P:b\nV:1\n\n'),
    );
    expect(await gapsOf(tarOf(hidden))).toEqual(['layer-unreadable']);
  });

  test('sizes that are no sizes', async () => {
    for (const patch of [
      { 124: base256(-1n) },
      { 124: '99999999999\0' },
      { 124: 'xxxxxxxxxxxx' },
      { 124: base256(2n ** 63n) },
    ]) {
      expect(await gapsOf(tarOf(rawHeader({ name: 'f', patch })))).toEqual(['layer-unreadable']);
    }
    expect(await gapsOf(tarOf(rawHeader({ name: 'f', size: 8 ** 11 - 1 })))).toEqual(['layer-unreadable']);
  });
});

describe('odd entries', () => {
  test('types that nobody knows, and devices everywhere', async () => {
    const types = ['V', 'M', 'D', 'N', 'Z', '9', 'A'].map((type) => rawEntry({ name: 'odd', type }, 'content'));
    expect(
      await gapsOf(
        tarOf(...types, rawHeader({ name: 'dev/null', type: '3' }), rawHeader({ name: 'dev/sda', type: '4' })),
      ),
    ).toEqual([]);
  });

  test('names of nothing, dots and slashes', async () => {
    const names = ['', '.', '..', '/', './', '../', '//', './.', 'a/..', '...', ' ', '\\'].map((name) =>
      rawEntry({ name }),
    );
    expect(await gapsOf(tarOf(...names))).toEqual(['path-escape']);
  });

  test('a whiteout of the root, of dots, and of nothing', async () => {
    const names = ['.wh.', '.wh..', '.wh...', 'etc/.wh.', '.wh..wh.plnk/x', '.wh..wh.aufs'].map((name) =>
      rawEntry({ name }),
    );
    expect(await gapsOf(tarOf(...names))).toEqual([]);
    const report = await scan(
      ociTarget(place, await buildImage({ layers: [BASE, { entries: [file('.wh..wh..opq')] }] })),
      { reader },
    );
    expect(packagesOf(report)).toEqual([]);
    expect(gapCodes(report)).toContain('package-database-removed');
  });

  test('a very deep directory, and a file in the place of one', async () => {
    const deep = file(`${'d/'.repeat(2_000)}f`);
    expect(
      await gapsOf({ entries: [deep, whiteout(`${'d/'.repeat(1_000)}d`), directory('x'), file('x/y'), file('x')] }),
    ).toEqual([]);
  });

  test('a path of many escapes is listed once and counted', async () => {
    const report = await above({ tar: rawFlood(1_000, (i) => ({ name: `../../f${i}` })), compression: 'none' });
    expect(report.completeness.gaps.length).toBeLessThan(30);
    expect(gapCodes(report)).toEqual(['path-escape']);
    expect(await outcomeOf(Promise.resolve(report))).toMatchObject({ kind: 'report' });
  });
});
