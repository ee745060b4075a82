import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FileFactsCache } from '../../services/adapters/cache/file-facts-cache.ts';
import { buildImage, dockerArchive, type LayerSpec, sha256 } from '../support/image-builder.ts';
import { file, layerTar } from '../support/layer-builder.ts';
import { gapCodes, packagesOf } from '../support/outcome.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { archiveFile, ociTarget, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';

/*
 * What an image claims of its layers, and what a cache that many images share may believe of it. The layer of the
 * attacker is an old openssl; it calls itself by the diffID, the digest or the name of a clean layer.
 */

const directory = scratch('claims');
const reader = WITHOUT_THREADS;

const layerWith = (version: string, compression: 'none' | 'gzip') => ({
  compression,
  entries: [
    file('etc/os-release', OS_RELEASE.debian),
    file('var/lib/dpkg/status', dpkgStatus([{ name: 'openssl', version }])),
  ],
});
const cleanTar = await layerTar(layerWith('3.0', 'none').entries);
const CLEAN = ['openssl 3.0'];
const EVIL = ['openssl 1.0'];

let caches = 0;
function freshCache(): Promise<FileFactsCache> {
  const path = join(directory, `cache-${caches++}`);
  mkdirSync(path, { mode: 0o700 });
  return FileFactsCache.open({ directory: path });
}

const dockerTarget = async (layer: LayerSpec) =>
  `docker-archive:${archiveFile(directory, await dockerArchive([await buildImage({ layers: [layer] })]))}`;
const ociLayout = async (layer: LayerSpec) => ociTarget(directory, await buildImage({ layers: [layer] }));

describe('a false diffID', () => {
  test('of a plain layer is a gap', async () => {
    const lying = { ...layerWith('1.0', 'none'), diffId: sha256(cleanTar) };
    for (const target of [await dockerTarget(lying), await ociLayout(lying)]) {
      const report = await scan(target, { reader });
      expect(gapCodes(report)).toEqual(['layer-diffid-mismatch']);
      expect(packagesOf(report)).toEqual(EVIL);
    }
  });

  test('of a compressed layer is a gap where its content is hashed: with the full inventory', async () => {
    for (const compression of ['gzip', 'zstd', 'gzip-members', 'zstd-frames'] as const) {
      const lying = { ...layerWith('1.0', 'gzip'), compression, diffId: sha256(cleanTar) };
      const report = await scan(await ociLayout(lying), { reader, fullInventory: true });
      expect(gapCodes(report)).toEqual(['layer-diffid-mismatch']);
      expect(packagesOf(report)).toEqual(EVIL);
      const honest = await scan(await ociLayout({ ...lying, diffId: sha256(await layerTar(lying.entries)) }), {
        reader,
        fullInventory: true,
      });
      expect(gapCodes(honest)).toEqual([]);
    }
  });

  test('is seen again out of the cache, whatever was scanned between', async () => {
    const cache = await freshCache();
    const target = await ociLayout({ ...layerWith('1.0', 'gzip'), diffId: sha256(cleanTar) });
    for (const fullInventory of [true, true, false, true]) {
      const report = await scan(target, { reader, cache, fullInventory });
      if (fullInventory) expect(gapCodes(report)).toEqual(['layer-diffid-mismatch']);
      expect(packagesOf(report)).toEqual(EVIL);
    }
  });
});

describe.each([false, true])('a cache that both images share (full inventory: %s)', (fullInventory) => {
  const forms = {
    'docker, plain': [dockerTarget, 'none'],
    'oci, plain': [ociLayout, 'none'],
    'oci, gzip': [ociLayout, 'gzip'],
  } as const;

  test.each(Object.entries(forms))(
    '%s: the clean layer never lends its facts, nor takes others',
    async (_form, [target, compression]) => {
      const clean = await target(layerWith('3.0', compression));
      const evil = await target({ ...layerWith('1.0', compression), diffId: sha256(cleanTar) });
      for (const order of [
        [clean, evil, clean, evil],
        [evil, clean, evil, clean],
      ]) {
        const cache = await freshCache();
        for (const image of order) {
          const report = await scan(image, { reader, cache, fullInventory });
          expect(packagesOf(report)).toEqual(image === clean ? CLEAN : EVIL);
          if (image === clean) expect(gapCodes(report)).toEqual([]);
        }
        await cache.close();
      }
    },
  );

  test.each(Object.entries(forms))(
    '%s: nor under a digest that is not that of the bytes',
    async (_form, [target, compression]) => {
      if (target === dockerTarget) return;
      const clean = await buildImage({ layers: [layerWith('3.0', compression)] });
      const { digest, diffId } = clean.layers[0]!;
      const evil = await target({ ...layerWith('1.0', compression), digest, diffId });
      const cache = await freshCache();
      const first = await scan(evil, { reader, cache, fullInventory });
      expect(gapCodes(first)).toEqual(['layer-digest-mismatch', 'no-packages']);
      const report = await scan(ociTarget(directory, clean), { reader, cache, fullInventory });
      expect(packagesOf(report)).toEqual(CLEAN);
      expect(gapCodes(report)).toEqual([]);
      await cache.close();
    },
  );
});

test('what a scan left out or did not reach is not in the cache for the next', async () => {
  const target = await ociLayout(layerWith('3.0', 'gzip'));
  const partial = [
    { skipDirs: ['var/lib'] },
    { skipFiles: ['**/status'] },
    { limits: { layerEntries: 1 } },
    { limits: { wantedFileBytes: 10 } },
    { limits: { layerBytes: 600 } },
  ];
  for (const changes of partial) {
    const cache = await freshCache();
    expect((await scan(target, { reader, cache, ...changes })).completeness.status).toBe('partial');
    const report = await scan(target, { reader, cache });
    expect(gapCodes(report), JSON.stringify(changes)).toEqual([]);
    expect(packagesOf(report)).toEqual(CLEAN);
    await cache.close();
  }
});
