import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import {
  type BuiltImage,
  buildImage,
  dockerArchive,
  hybridArchive,
  json,
  ociArchive,
  ociLayoutFiles,
} from '../support/image-builder.ts';
import { file, hardLink, type LayerEntry, layerTar, symlink } from '../support/layer-builder.ts';
import { noise } from '../support/noise.ts';
import { endOf, expectHonest, outcomeOf, packagesOf } from '../support/outcome.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { archiveFile, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';
import { concat, END, rawEntry, rawFlood, rawHeader } from '../support/tar-blocks.ts';

const directory = scratch('archives');
const reader = WITHOUT_THREADS;

function debian(name: string, packages: readonly string[], compression: 'none' | 'gzip' = 'none'): Promise<BuiltImage> {
  const status = dpkgStatus(packages.map((one) => ({ name: one, version: '1.0' })));
  const base = { compression, entries: [file('etc/os-release', OS_RELEASE.debian), file('var/lib/dpkg/status', '')] };
  return buildImage({ name, layers: [base, { compression, entries: [file('var/lib/dpkg/status', status)] }] });
}

const good = await debian('good:1', ['libc6', 'zlib1g']);
const evil = await debian('evil:1', ['backdoor']);
const WHOLE = ['libc6 1.0', 'zlib1g 1.0'];
const docker = await dockerArchive([good]);
const oci = await ociArchive([good]);
const FORMS = { docker, oci, 'docker in gzip': gzipSync(docker), 'oci in zstd': zstdCompressSync(oci) };

const scanned = (bytes: Uint8Array, prefix = '') => scan(prefix + archiveFile(directory, bytes), { reader });

describe.each(Object.entries(FORMS))('a damaged archive (%s) is never an image with fewer packages', (_form, bytes) => {
  test('undamaged, it is complete', async () => {
    const report = await scanned(bytes);
    expect(report.completeness.gaps).toEqual([]);
    expect(packagesOf(report)).toEqual(WHOLE);
  });

  test('truncated at many places', async () => {
    const ends = Array.from({ length: 24 }, (_, i) => Math.floor((bytes.length * i) / 24));
    for (const end of new Set([0, 1, 2, 511, 512, 513, ...ends, bytes.length - 1])) {
      await expectHonest(scanned(bytes.subarray(0, Math.min(end, bytes.length))), WHOLE, `the first ${end} bytes`);
    }
  });

  test('zeroed, flipped and overwritten in places', async () => {
    for (let i = 0; i < 24; i++) {
      const at = Math.floor(((i + 0.5) * bytes.length) / 24);
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << (i % 8);
      const zeroed = Buffer.from(bytes).fill(0, at, Math.min(at + 600, bytes.length));
      const random = Buffer.from(bytes);
      noise(`archive ${i}`, 10).copy(random, at);
      for (const damaged of [flipped, zeroed, random]) {
        // A classic archive has no digests but the claimed ones, which plain layers are checked by.
        await expectHonest(scanned(damaged), WHOLE, `byte ${at}`);
      }
    }
  });
});

describe('what is no archive', () => {
  test.each([
    ['nothing', Buffer.alloc(0), 'TARGET_UNREADABLE'],
    ['zeros', Buffer.alloc(100_000), 'TARGET_UNREADABLE'],
    ['noise', noise('no archive', 1_000), 'ARCHIVE_INVALID'],
    ['noise that calls itself gzip', concat([0x1f, 0x8b, 8] as never, noise('gzip', 100)), 'COMPRESSION_INVALID'],
    [
      'noise that calls itself zstd',
      concat([0x28, 0xb5, 0x2f, 0xfd] as never, noise('zstd', 100)),
      'COMPRESSION_INVALID',
    ],
    ['bzip2', Buffer.from('425a6839314159265359', 'hex'), 'COMPRESSION_INVALID'],
    ['xz', Buffer.from('fd377a585a000004e6d6b446', 'hex'), 'COMPRESSION_INVALID'],
    ['an empty gzip stream', gzipSync(''), 'TARGET_UNREADABLE'],
  ])('%s', async (_what, bytes, end) => {
    expect(await endOf(scanned(bytes))).toBe(end);
    expect(await endOf(scanned(bytes, 'docker-archive:'))).toBe(end);
    expect(await endOf(scanned(bytes, 'oci-archive:'))).toBe(end);
  });

  test('a directory, a FIFO, a device, nothing at all', async () => {
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(await endOf(scan(`docker-archive:${fifo}`))).toBe('TARGET_UNREADABLE');
    expect(await endOf(scan(`oci-dir:${fifo}`))).toBe('TARGET_UNREADABLE');
    expect(await endOf(scan(fifo))).toBe('TARGET_UNREADABLE');
    expect(await endOf(scan(`docker-archive:${directory}`))).toBe('TARGET_UNREADABLE');
    expect(await endOf(scan('docker-archive:/dev/zero'))).toBe('TARGET_UNREADABLE');
    expect(await endOf(scan(directory))).toBe('TARGET_UNREADABLE');
    expect(await endOf(scan(join(directory, 'absent')))).toBe('TARGET_NOT_FOUND');
  });

  test('a socket', async () => {
    const path = join(directory, 'socket');
    const server = createServer().listen(path);
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    expect(await endOf(scan(path))).toBe('TARGET_UNREADABLE');
  });

  test('a layout whose index.json is a FIFO, a directory or a link', async () => {
    for (const [i, make] of ([['mkfifo'], ['mkdir'], ['ln', '-s', '/etc/hostname']] as const).entries()) {
      const layout = join(directory, `odd-${i}`);
      mkdirSync(layout);
      const [command, ...args] = make;
      execFileSync(command, [...args, join(layout, 'index.json')]);
      expect(await endOf(scan(`oci-dir:${layout}`))).toBe('TARGET_UNREADABLE');
    }
  });
});

describe('the compression around an archive', () => {
  const zeros = Buffer.alloc(1_024);
  test.each([
    ['gzip, then zeros as tapes have', concat(gzipSync(docker), zeros), 'complete'],
    ['gzip, then other bytes', concat(gzipSync(docker), noise('trailing', 4)), 'COMPRESSION_INVALID'],
    ['zstd, then other bytes', concat(zstdCompressSync(docker), noise('trailing', 4)), 'COMPRESSION_INVALID'],
    ['gzip with a wrong checksum', damaged(gzipSync(docker), -6), 'COMPRESSION_INVALID'],
    ['gzip twice', gzipSync(gzipSync(docker)), 'ARCHIVE_INVALID'],
    ['plain, then other bytes behind the end', concat(docker, noise('behind', 16)), 'complete'],
  ])('%s', async (_what, bytes, end) => {
    expect(await endOf(scanned(bytes))).toBe(end);
  });

  test('frames that end just behind the first byte of a layer', async () => {
    const gzipped = await debian('good:1', ['libc6', 'zlib1g'], 'gzip');
    const archive = await ociArchive([gzipped]);
    const starts = gzipped.layers.map(({ blob }) => archive.indexOf(blob));
    for (const start of starts) {
      const frames = concat(
        zstdCompressSync(archive.subarray(0, start + 1)),
        zstdCompressSync(archive.subarray(start + 1)),
      );
      const report = await scanned(frames);
      expect(report.completeness.gaps).toEqual([]);
      expect(packagesOf(report)).toEqual(WHOLE);
    }
  });

  test('a layer that two places of the image share is read for both', async () => {
    const empty = { compression: 'none', entries: [file('tmp/empty')] } as const;
    const image = await buildImage({
      layers: [
        empty,
        {
          compression: 'none',
          entries: [
            file('etc/os-release', OS_RELEASE.debian),
            file('var/lib/dpkg/status', dpkgStatus([{ name: 'a', version: '1' }])),
          ],
        },
        empty,
      ],
    });
    for (const archive of [await dockerArchive([image]), await ociArchive([image])]) {
      for (const bytes of [archive, gzipSync(archive)])
        expect(await endOf(scan(archiveFile(directory, bytes)))).toBe('complete');
    }
  });
});

function damaged(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at < 0 ? copy.length + at : at]! ^= 0xff;
  return copy;
}

/** The files of a classic archive, to be put together by hand. */
function parts(image: BuiltImage): { config: LayerEntry; layers: LayerEntry[]; manifest: unknown[] } {
  const config = file('config.json', image.config);
  const layers = image.layers.map(({ blob }, i) => file(`layer-${i}.tar`, blob));
  return {
    config,
    layers,
    manifest: [{ Config: 'config.json', RepoTags: ['good:1'], Layers: layers.map(({ path }) => path) }],
  };
}

describe('members of an archive', () => {
  const { config, layers, manifest } = parts(good);
  const manifestFile = (document: unknown) => file('manifest.json', json(document));
  const archive = async (entries: readonly LayerEntry[]) => scanned(await layerTar(entries));

  test('the last of one name counts, as an unpacking loader has it', async () => {
    const { config: evilConfig, layers: evilLayers } = parts(evil);
    const evilFirst = [evilConfig, ...evilLayers, manifestFile([]), config, ...layers, manifestFile(manifest)];
    expect(packagesOf(await archive(evilFirst))).toEqual(WHOLE);
    const evilLast = [config, ...layers, manifestFile(manifest), evilConfig, ...evilLayers];
    expect(packagesOf(await archive(evilLast))).toEqual(['backdoor 1.0']);
  });

  test('a hard link means what its target was then, as an unpacking loader has it', async () => {
    const { config: evilConfig, layers: evilLayers, manifest: evilManifest } = parts(evil);
    const renamed = JSON.parse(JSON.stringify(evilManifest).replaceAll('layer-', 'evil-').replace('config', 'evil'));
    const evilFiles = [
      { ...evilConfig, path: 'evil.json' },
      ...evilLayers.map((layer) => ({ ...layer, path: layer.path.replace('layer-', 'evil-') })),
    ];
    const names = (last: unknown) => [
      file('names.json', json(manifest)),
      hardLink('manifest.json', 'names.json'),
      file('names.json', json(last)),
    ];
    for (const pack of [(tar: Buffer) => tar, gzipSync]) {
      const tar = await layerTar([config, ...layers, ...evilFiles, ...names(renamed)]);
      expect(packagesOf(await scanned(pack(tar)))).toEqual(WHOLE);
    }
  });

  test('links among members are followed; circles and dangling ones are missing files', async () => {
    const [base, top] = layers;
    const linked = { ...top!, path: 'elsewhere/real.tar' };
    const entries = [config, base!, linked, manifestFile(manifest)];
    expect(packagesOf(await archive([...entries, symlink('layer-1.tar', 'elsewhere/real.tar')]))).toEqual(WHOLE);
    expect(packagesOf(await archive([...entries, hardLink('layer-1.tar', 'elsewhere/real.tar')]))).toEqual(WHOLE);
    expect(packagesOf(await archive([...entries, symlink('layer-1.tar', '/elsewhere/real.tar')]))).toEqual(WHOLE);
    for (const link of [
      symlink('layer-1.tar', 'layer-1.tar'),
      hardLink('layer-1.tar', 'layer-1.tar'),
      symlink('layer-1.tar', 'x'),
    ]) {
      expect(await endOf(archive([...entries, link, symlink('x', 'y'), symlink('y', 'x')]))).toMatch(/layer-missing/);
    }
    const loop = [symlink('manifest.json', 'a'), symlink('a', 'manifest.json'), config, ...layers];
    expect(await endOf(archive(loop))).toBe('TARGET_UNREADABLE');
  });

  test('a link never leads out of the archive', async () => {
    const outside = join(directory, 'outside.json');
    writeFileSync(outside, json(manifest));
    for (const target of [outside, `../../../../../..${outside}`]) {
      expect(await endOf(archive([config, ...layers, symlink('manifest.json', target)]))).toBe('TARGET_UNREADABLE');
    }
    const passwd = [{ Config: '/etc/passwd', Layers: ['../../../../etc/hostname'] }];
    expect(await endOf(archive([config, ...layers, manifestFile(passwd)]))).toBe('BLOB_MISSING');
  });

  test('a member whose name leaves the archive is none of its files', async () => {
    const { config: evilConfig } = parts(evil);
    const hidden = [config, ...layers, manifestFile(manifest), { ...evilConfig, path: '../config.json' }];
    expect(packagesOf(await archive(hidden))).toEqual(WHOLE);
    expect(await endOf(archive([config, ...layers, { ...manifestFile(manifest), path: '../../manifest.json' }]))).toBe(
      'TARGET_UNREADABLE',
    );
  });

  test('a member that is larger than the file', async () => {
    for (const size of [10_000_000, 2 ** 33 - 1]) {
      const tar = concat(docker.subarray(0, -1_024), rawHeader({ name: 'beyond', size }), noise('short', 100));
      expect(await endOf(scanned(tar))).toBe('ARCHIVE_INVALID');
      const bomb = concat(rawHeader({ name: 'manifest.json', size }), Buffer.from('[]'));
      expect(await endOf(scanned(bomb))).toBe('ARCHIVE_INVALID');
    }
  });

  test('as many members as an archive may have, and one more', async () => {
    const { archiveEntries } = LIMITS;
    const flood = (count: number) =>
      concat(rawFlood(count - 4, (i) => ({ name: `f${i}` })).subarray(0, -1_024), docker);
    expect(await endOf(scanned(flood(archiveEntries)))).toBe('complete');
    const outcome = await outcomeOf(scanned(flood(archiveEntries + 1)));
    expect(outcome).toMatchObject({ kind: 'error', code: 'LIMIT_EXCEEDED', limit: 'archiveEntries' });
  });

  test('a sparse member is refused: its bytes do not lie where an offset could say', async () => {
    const blob = good.layers[1]!.blob;
    const octal = (value: number) => `${value.toString(8).padStart(11, '0')}\0`;
    const header = {
      name: 'layer-1.tar',
      type: 'S',
      magic: 'gnu',
      patch: { 386: octal(0) + octal(blob.length), 483: octal(blob.length) },
    } as const;
    const head = (await layerTar([config, layers[0]!, manifestFile(manifest)])).subarray(0, -1_024);
    expect(await endOf(scanned(concat(head, rawEntry(header, blob), END)))).toBe('ARCHIVE_INVALID');
  });

  test.each([
    ['not JSON', 'garbage', 'MANIFEST_INVALID'],
    ['not UTF-8', noise('json', 2), 'MANIFEST_INVALID'],
    ['no list', '{}', 'MANIFEST_INVALID'],
    ['an empty list', '[]', 'TARGET_NOT_FOUND'],
    ['a list of nothing', '[null]', 'MANIFEST_INVALID'],
    ['a number for a config', '[{"Config":1,"Layers":[]}]', 'MANIFEST_INVALID'],
    ['an object for layers', '[{"Config":"config.json","Layers":{}}]', 'MANIFEST_INVALID'],
    ['a list for a layer', '[{"Config":"config.json","Layers":[["layer-0.tar"]]}]', 'MANIFEST_INVALID'],
    ['a config that is a layer', '[{"Config":"layer-0.tar","Layers":["layer-0.tar"]}]', 'MANIFEST_INVALID'],
    ['a missing config', '[{"Config":"absent.json","Layers":["layer-0.tar"]}]', 'BLOB_MISSING'],
    ['no layers', '[{"Config":"config.json","Layers":null}]', 'layer-diffid-mismatch no-packages'],
    [
      'names that differ by case',
      '[{"Config":"config.json","Layers":["layer-0.tar"],"layers":["layer-1.tar"]}]',
      'MANIFEST_INVALID',
    ],
    ['nested 200,000 deep', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, 'MANIFEST_INVALID'],
  ])('a manifest.json with %s', async (_what, content, end) => {
    expect(await endOf(archive([config, ...layers, file('manifest.json', content)]))).toBe(end);
  });

  test.each([
    ['not JSON', 'garbage', 'MANIFEST_INVALID'],
    ['a list', '[]', 'MANIFEST_INVALID'],
    ['a manifest', good.manifest, 'MANIFEST_INVALID'],
    ['no manifests', '{"schemaVersion":2,"manifests":[]}', 'TARGET_NOT_FOUND'],
    [
      'a deep digest',
      `{"schemaVersion":2,"manifests":[{"digest":${'['.repeat(200_000)}${']'.repeat(200_000)}}]}`,
      'MANIFEST_INVALID',
    ],
    [
      'a deep version',
      `{"schemaVersion":${'['.repeat(200_000)}${']'.repeat(200_000)},"manifests":[]}`,
      'MANIFEST_INVALID',
    ],
    [
      'a path for a digest',
      '{"schemaVersion":2,"manifests":[{"digest":"sha256:../../../../etc/passwd","size":1}]}',
      'MANIFEST_INVALID',
    ],
    [
      'an endless size',
      `{"schemaVersion":2,"manifests":[{"digest":"${good.manifestDigest}","size":1e999}]}`,
      'MANIFEST_INVALID',
    ],
  ])('an index.json with %s', async (_what, content, end) => {
    const others = ociLayoutFiles([good]).filter(({ path }) => path !== 'index.json');
    expect(await endOf(archive([...others, file('index.json', content)]))).toBe(end);
  });

  test('a document of several hundred megabytes is not read', async () => {
    const size = 300 * 2 ** 20;
    const head = rawHeader({ name: 'manifest.json', size });
    const archives = [
      gzipSync(concat(head, Buffer.alloc(size), END)),
      zstdCompressSync(concat(head, Buffer.alloc(size), END)),
    ];
    for (const bytes of archives) {
      const outcome = await outcomeOf(scan(archiveFile(directory, bytes), { reader, limits: { ratio: 1e9 } }));
      expect(outcome).toMatchObject({ kind: 'error', code: 'LIMIT_EXCEEDED', limit: 'manifestBytes' });
    }
  });
});

describe('several images in one archive', () => {
  test('are not chosen among by chance', async () => {
    for (const bytes of [
      await dockerArchive([good, evil]),
      await ociArchive([good, evil]),
      await hybridArchive([good, evil]),
    ]) {
      expect(await endOf(scanned(bytes))).toBe('USAGE');
      const path = archiveFile(directory, bytes);
      expect(await endOf(scan(`docker-archive:${path}:absent`))).toBe('TARGET_NOT_FOUND');
    }
    const path = archiveFile(directory, await dockerArchive([good, evil]));
    expect(packagesOf(await scan(`docker-archive:${path}:evil:1`))).toEqual(['backdoor 1.0']);
  });

  test('manifest.json and index.json that name different images are a gap', async () => {
    expect(await endOf(scanned(await hybridArchive([good])))).toBe('complete');
    expect(await endOf(scanned(await hybridArchive([good], [evil])))).toBe('archive-ambiguous');
    expect(await endOf(scanned(await hybridArchive([good], [good, evil])))).toBe('archive-ambiguous');
  });
});
