import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { StoredLayers } from '../../services/adapters/archive/stored-layers.ts';
import { LocalPrograms } from '../../services/adapters/programs/local-programs.ts';
import { LayerProcesses } from '../../services/adapters/readers/layer-processes.ts';
import { PlimsollError } from '../../services/domain/errors.ts';
import type { Report } from '../../services/domain/report/report.ts';
import type { LayerProgress } from '../../services/pipeline/layer-ports.ts';
import { fakeRegistry } from '../support/fake-registry.ts';
import { buildImage, dockerArchive, type ImageSpec, type LayerSpec, ociArchive } from '../support/image-builder.ts';
import { file, hardLink, layerTar, symlink, whiteout } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { registriesFor } from '../support/registries.ts';
import { archiveFile, LAYER_WORKER, ociTarget, type ScanChanges, scan, scratch } from '../support/scan.ts';

/* Layers that are read in threads and in processes of their own: the reports are the same, whatever the layers are. */

const place = scratch('layer-readers');
const programs = new LocalPrograms(process.env.PATH);
const processes = new LayerProcesses(LAYER_WORKER, { opener: new StoredLayers(null), programs });

const BASE: LayerSpec = {
  entries: [
    file('etc/os-release', OS_RELEASE.debian),
    file(
      'var/lib/dpkg/status',
      dpkgStatus([
        { name: 'a', version: '1' },
        { name: 'b', version: '2' },
      ]),
    ),
    file('bin/tool', '\x7fELF', 0o755),
    hardLink('bin/other', 'bin/tool'),
  ],
};
const UPPER: LayerSpec = {
  entries: [
    whiteout('bin/tool'),
    symlink('var/lib/dpkg/status.d/x', '/opt/x'),
    file('opt/x', 'Package: x\nVersion: 1\n'),
  ],
};

const oci =
  (...layers: LayerSpec[]) =>
  async () =>
    ociTarget(place, await buildImage({ layers }));
const archived = (spec: ImageSpec, pack: (bytes: Buffer) => Buffer) => async () =>
  archiveFile(place, pack(await dockerArchive([await buildImage(spec)])));
const plain: LayerSpec[] = [BASE, UPPER].map((layer) => ({ ...layer, compression: 'none' }));
const blob = gzipSync(await layerTar(BASE.entries!));
const tar = Buffer.alloc(0);

const IMAGES: readonly (readonly [what: string, target: () => Promise<string>, changes?: ScanChanges])[] = [
  ['layers in gzip, a name that leads elsewhere', oci(BASE, UPPER)],
  ['layers in zstd', oci({ ...BASE, compression: 'zstd' }, { ...UPPER, compression: 'zstd-frames' })],
  ['plain layers in an archive', archived({ layers: plain }, (bytes) => bytes)],
  ['plain layers in an archive in gzip', archived({ layers: plain }, gzipSync)],
  [
    'layers in an archive in gzip',
    async () => archiveFile(place, gzipSync(await ociArchive([await buildImage({ layers: [BASE, UPPER] })]))),
  ],
  ['the same layer again and again', oci(BASE, UPPER, UPPER, BASE)],
  ['every digest', oci(BASE, UPPER), { fullInventory: true }],
  ['a layer of other bytes', oci(BASE, { blob, tar, digest: `sha256:${'0'.repeat(64)}` })],
  ['a layer of another length', oci(BASE, { blob, tar, size: 1 })],
  ['another diffID than its own', oci(BASE, { ...UPPER, diffId: `sha256:${'1'.repeat(64)}` }), { fullInventory: true }],
  ['a layer that is cut', oci(BASE, { blob: blob.subarray(0, -20), tar })],
  ['a layer that is noise', oci(BASE, { blob: Buffer.alloc(100_000, 'noise'), tar })],
  ['an empty layer', oci(BASE, { blob: Buffer.alloc(0), tar })],
  ['a layer that is missing', oci(BASE, { ...UPPER, missing: true })],
  [
    'an archive in gzip that is cut',
    async () =>
      archiveFile(place, gzipSync(await ociArchive([await buildImage({ layers: [BASE, UPPER] })])).subarray(0, -100)),
  ],
  ['more bytes than an image may have', oci(BASE), { limits: { imageBytes: 4_096 } }],
  ['more entries than a layer may have', oci(BASE, UPPER), { limits: { layerEntries: 3 } }],
  ['more facts than may be held', oci(BASE), { limits: { imageFactsBytes: 100 } }],
  ['directories left out', oci(BASE, UPPER), { skipDirs: ['var'] }],
];

/** All that a reader may not change. */
async function outcome(target: string, changes: ScanChanges): Promise<unknown> {
  try {
    const { sandbox: _, ...report } = await scan(target, changes);
    return report;
  } catch (error) {
    if (!(error instanceof PlimsollError)) throw error;
    return { code: error.code, message: error.message };
  }
}

describe('threads and processes say the same of', () => {
  test.each(IMAGES.map(([what, target, changes = {}]) => [what, target, changes] as const))(
    '%s',
    async (_what, target, changes) => {
      const at = await target();
      const steps: LayerProgress[] = [];
      const read = await outcome(at, { ...changes, reader: processes, onProgress: (step) => steps.push(step) });
      expect(read).toEqual(await outcome(at, changes));
      for (const { readBytes, totalBytes } of steps) expect(readBytes).toBeLessThanOrEqual(totalBytes);
    },
  );

  test('layers of a registry, as they are and as they should not be', async () => {
    const image = await buildImage({ layers: [BASE, UPPER] });
    let broken: 'no' | 'missing' | 'wrong' | 'denied' = 'no';
    const registry = await fakeRegistry((request, response) => {
      if (broken === 'no' || !request.url!.endsWith(image.layers[1]!.digest)) return false;
      if (broken === 'wrong') response.end(Buffer.alloc(image.layers[1]!.blob.length));
      else response.writeHead(broken === 'missing' ? 404 : 403).end();
      return true;
    });
    registry.push('app:1', image);
    for (broken of ['no', 'missing', 'wrong', 'denied'] as const) {
      const registries = registriesFor();
      const reader = new LayerProcesses(LAYER_WORKER, { opener: new StoredLayers(registries), programs });
      const target = `${registry.host}/app:1`;
      const read = await outcome(target, { registries, reader });
      expect(read).toEqual(await outcome(target, { registries }));
      const isReport = broken !== 'denied';
      expect('completeness' in (read as Report)).toBe(isReport);
    }
  });
});

test('what held is said of processes, and nothing of threads', async () => {
  const target = await oci(BASE)();
  expect(await scan(target)).not.toHaveProperty('sandbox');
  expect((await scan(target, { reader: processes })).sandbox).toEqual({
    fs: expect.stringMatching(/^(?:own-root|permission-model)$/),
    net: expect.stringMatching(/^(?:none|host)$/),
    memory: expect.stringMatching(/^(?:rlimit|watchdog)$/),
  });
});
