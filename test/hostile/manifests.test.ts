import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  artifact,
  type BuiltImage,
  buildImage,
  descriptorOf,
  type ImageSpec,
  json,
  MEDIA_TYPES,
  sha256,
} from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { endOf, gapCodes, outcomeOf, packagesOf } from '../support/outcome.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { ociTarget, scan, scratch, WITHOUT_THREADS } from '../support/scan.ts';

const directory = scratch('manifests');
const reader = WITHOUT_THREADS;

const BASE = {
  entries: [
    file('etc/os-release', OS_RELEASE.debian),
    file('var/lib/dpkg/status', dpkgStatus([{ name: 'a', version: '1' }])),
  ],
};
const TOP = { entries: [file('srv/data', 'payload')] };
const good = await buildImage({ name: 'good:1', layers: [BASE, TOP] });
const OTHER = `sha256:${'0'.repeat(64)}`;

const scanned = (image: BuiltImage, index?: unknown, extra: readonly Buffer[] = []) =>
  scan(ociTarget(directory, image, index, extra), { reader });
const built = async (spec: Partial<ImageSpec>) => scanned(await buildImage({ layers: [BASE, TOP], ...spec }));
const indexOf = (...manifests: unknown[]) => ({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests });

/** A blob as an index names it. */
const named = (blob: Buffer, mediaType: string = MEDIA_TYPES.index) => ({
  mediaType,
  digest: sha256(blob),
  size: blob.length,
});

describe('digests and sizes', () => {
  test('right ones: complete', async () => {
    expect(await endOf(scanned(good))).toBe('complete');
  });

  test.each([
    ['the manifest is missing', { digest: OTHER }, 'BLOB_MISSING'],
    ['the manifest is shorter', { size: good.manifest.length + 1 }, 'DIGEST_MISMATCH'],
    ['the manifest is longer', { size: good.manifest.length - 1 }, 'DIGEST_MISMATCH'],
    ['a negative size', { size: -1 }, 'MANIFEST_INVALID'],
    ['a size that is no number', { size: '100' }, 'MANIFEST_INVALID'],
    ['a digest of another kind', { digest: 'md5:d41d8cd98f00b204e9800998ecf8427e' }, 'MANIFEST_INVALID'],
    ['a digest in capitals', { digest: good.manifestDigest.toUpperCase() }, 'MANIFEST_INVALID'],
  ])('%s', async (_what, extra, end) => {
    expect(await endOf(scanned(good, indexOf(descriptorOf(good, extra))))).toBe(end);
  });

  test('the manifest or the config has other bytes than its digest names', async () => {
    const changed = (digest: string, bytes: Buffer): BuiltImage => ({
      ...good,
      blobs: new Map([...good.blobs, [digest, bytes]]),
    });
    const flipped = (bytes: Buffer) => Buffer.from(bytes.toString().replace('sha256', 'sha257'));
    expect(await endOf(scanned(changed(good.manifestDigest, flipped(good.manifest))))).toBe('DIGEST_MISMATCH');
    expect(await endOf(scanned(changed(good.configDigest, flipped(good.config))))).toBe('DIGEST_MISMATCH');
    expect(await endOf(scanned(changed(good.configDigest, Buffer.alloc(0))))).toBe('DIGEST_MISMATCH');
  });

  test('the config is missing, or of another size', async () => {
    const absent = new Map([...good.blobs].filter(([digest]) => digest !== good.configDigest));
    expect(await endOf(scanned({ ...good, blobs: absent }))).toBe('BLOB_MISSING');
    const config = { mediaType: MEDIA_TYPES.config, digest: good.configDigest, size: good.config.length + 1 };
    expect(await endOf(built({ manifest: { config } }))).toBe('DIGEST_MISMATCH');
  });

  test.each([
    ['missing', { missing: true }, 'layer-missing'],
    ['of other bytes than its digest names', { digest: OTHER }, 'layer-digest-mismatch'],
    ['longer than its descriptor says', { size: 10 }, 'layer-digest-mismatch'],
    ['shorter than its descriptor says', { size: 1_000_000 }, 'layer-digest-mismatch'],
    ['larger than any disk', { size: Number.MAX_SAFE_INTEGER }, 'layer-digest-mismatch'],
    ['encrypted', { mediaType: `${MEDIA_TYPES.layer}+gzip+encrypted` }, 'layer-encrypted'],
    ['foreign', { missing: true, urls: ['https://example.com/\u001b[2Jlayer'] }, 'layer-foreign'],
    [
      'foreign by its type',
      { missing: true, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' },
      'layer-foreign',
    ],
    ['called plain, being gzip', { mediaType: MEDIA_TYPES.layer }, 'complete'],
    ['called zstd, being gzip', { mediaType: `${MEDIA_TYPES.layer}+zstd` }, 'complete'],
    ['no tar', { blob: Buffer.from('this is not the tar that you are looking for'.repeat(20)) }, 'layer-unreadable'],
    ['of no bytes', { tar: Buffer.alloc(0), compression: 'none' }, 'complete'],
  ])('a layer that is %s', async (_what, changes, end) => {
    const report = await built({ layers: [BASE, { ...TOP, ...changes }] });
    expect(await endOf(Promise.resolve(report))).toBe(end);
    // The others are read all the same.
    expect(packagesOf(report)).toEqual(['a 1']);
    expect(report.completeness).toMatchObject({ layersTotal: 2, layersRead: end === 'complete' ? 2 : 1 });
  });

  test('of a layer that is not what its digest names nothing is believed', async () => {
    const report = await built({ layers: [{ ...BASE, digest: OTHER }, TOP] });
    expect(report.packages).toEqual([]);
    expect(gapCodes(report)).toEqual(['layer-digest-mismatch', 'no-packages']);
  });

  test('SHA-512: right, wrong, and the wrong kind of right', async () => {
    const sha512 = (bytes: Buffer) => `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
    const tops = await buildImage({ layers: [TOP] });
    const blob = tops.layers[0]!.blob;
    expect(await endOf(built({ layers: [BASE, { ...TOP, digest: sha512(blob) }] }))).toBe('complete');
    expect(await endOf(built({ layers: [BASE, { ...TOP, digest: sha512(Buffer.from('x')) }] }))).toBe(
      'layer-digest-mismatch',
    );
    const config = { mediaType: MEDIA_TYPES.config, digest: sha512(good.config), size: good.config.length };
    const image = await buildImage({ layers: [BASE, TOP], manifest: { config } });
    const withConfig = (bytes: Buffer) => ({ ...image, blobs: new Map([...image.blobs, [config.digest, bytes]]) });
    expect(await endOf(scanned(withConfig(image.config)))).toBe('complete');
    expect(await endOf(scanned(withConfig(Buffer.from('{}'))))).toBe('DIGEST_MISMATCH');
  });
});

describe('what is no image', () => {
  test.each([
    [
      'a Helm chart',
      artifact('application/vnd.cncf.helm.config.v1+json', 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'),
    ],
    ['a WebAssembly module', artifact('application/vnd.wasm.config.v0+json', 'application/wasm')],
    ['a signature', artifact(MEDIA_TYPES.config, 'application/vnd.dev.cosign.simplesigning.v1+json')],
    [
      'an SBOM',
      artifact('application/vnd.oci.empty.v1+json', 'application/spdx+json', { artifactType: 'application/spdx+json' }),
    ],
    ['an artifact', artifact('application/vnd.example.thing+json', 'application/octet-stream')],
  ])('%s is called by its name', async (name, thing) => {
    const outcome = await outcomeOf(scanned(thing));
    expect(outcome).toMatchObject({ kind: 'error', code: 'NOT_AN_IMAGE' });
    expect(outcome).toHaveProperty('message', expect.stringContaining(name));
  });

  test('Docker schema 1', async () => {
    const document = json({ schemaVersion: 1, name: 'old', tag: '1', fsLayers: [{ blobSum: OTHER }], history: [] });
    expect(
      await endOf(
        scanned(good, indexOf(named(document, 'application/vnd.docker.distribution.manifest.v1+prettyjws')), [
          document,
        ]),
      ),
    ).toBe('MANIFEST_SCHEMA1');
  });

  test('an index and a manifest at once', async () => {
    const both = json({ ...JSON.parse(good.manifest.toString()), manifests: [] });
    expect(await endOf(scanned(good, indexOf(named(both, MEDIA_TYPES.manifest)), [both]))).toBe('MANIFEST_INVALID');
    const other = json({ ...JSON.parse(good.manifest.toString()), mediaType: MEDIA_TYPES.index });
    expect(await endOf(scanned(good, indexOf(named(other, MEDIA_TYPES.manifest)), [other]))).toBe('MANIFEST_INVALID');
  });

  test.each([
    ['a field spelled as Go reads it', { Layers: [] }],
    ['a field with a long s', { 'layer\u017f': [] }],
    ['layers that are no list', { layers: {} }],
    ['layers that are nothing', { layers: [null] }],
    ['a config that is a text', { config: OTHER }],
    ['a version that is a text', { schemaVersion: '2' }],
    ['a version of the future', { schemaVersion: 3 }],
  ])('a manifest with %s', async (_what, manifest) => {
    expect(await endOf(built({ manifest }))).toBe('MANIFEST_INVALID');
  });

  test.each([
    ['a list', '[]', 'MANIFEST_INVALID'],
    ['not JSON', '{"os":', 'MANIFEST_INVALID'],
    ['empty', '', 'MANIFEST_INVALID'],
    ['nothing but a pair of braces', '{}', 'layer-diffid-mismatch'],
    [
      'of wrong types',
      '{"os":[],"architecture":{},"config":{"Cmd":1,"Labels":[],"ExposedPorts":"x","Entrypoint":{}},"history":null}',
      'layer-diffid-mismatch',
    ],
    ['with a history that is no list', '{"history":"x"}', 'MANIFEST_INVALID'],
    [
      'with a prototype',
      '{"__proto__":{"os":"linux"},"config":{"Labels":{"__proto__":"x","constructor":"y"}}}',
      'layer-diffid-mismatch',
    ],
    ['100,000 deep', `${'{"config":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'layer-diffid-mismatch'],
  ])('a config that is %s', async (_what, text, end) => {
    const bytes = Buffer.from(text);
    const config = { mediaType: MEDIA_TYPES.config, digest: sha256(bytes), size: bytes.length };
    const image = await buildImage({ layers: [BASE, TOP], manifest: { config } });
    expect(await endOf(scanned({ ...image, blobs: new Map([...image.blobs, [config.digest, bytes]]) }))).toBe(end);
  });
});

describe('indexes', () => {
  /** The image below so many indexes. */
  function nested(depth: number): { index: unknown; blobs: Buffer[] } {
    const blobs: Buffer[] = [];
    let index = indexOf(descriptorOf(good));
    for (let i = 0; i < depth; i++) {
      const blob = json(index);
      blobs.push(blob);
      index = indexOf(named(blob));
    }
    return { index, blobs };
  }

  test('nested up to indexDepth, and one deeper', async () => {
    const four = nested(4);
    expect(await endOf(scanned(good, four.index, four.blobs))).toBe('complete');
    const five = nested(5);
    expect(await outcomeOf(scanned(good, five.index, five.blobs))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 'indexDepth',
    });
  });

  test('an index in a circle cannot have its own digest', async () => {
    const inner = json(indexOf({ mediaType: MEDIA_TYPES.index, digest: OTHER, size: 100 }));
    const image = { ...good, blobs: new Map([...good.blobs, [OTHER, inner]]) };
    expect(
      await endOf(scanned(image, indexOf({ mediaType: MEDIA_TYPES.index, digest: OTHER, size: inner.length }))),
    ).toBe('DIGEST_MISMATCH');
  });

  test('the same image a thousand times is one image', async () => {
    expect(await endOf(scanned(good, indexOf(...Array(1_000).fill(descriptorOf(good)))))).toBe('complete');
  });

  test('a thousand manifests, and one more', async () => {
    const platform = (i: number) => ({ os: 'linux', architecture: `cpu${i}` });
    const absent = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ ...named(json(i), MEDIA_TYPES.manifest), platform: platform(i) }));
    const image = descriptorOf(good, { annotations: {} });
    expect(await endOf(scanned(good, indexOf(...absent(999), image)))).toBe('complete');
    expect(await outcomeOf(scanned(good, indexOf(...absent(1_000), image)))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 'manifests',
    });
    // Spread over two indexes in a third, each within the limit.
    const spread = (count: number) => {
      const halves = [absent(count).slice(0, count / 2), absent(count).slice(count / 2)];
      const inner = halves.map((manifests) => json(indexOf(...manifests, image)));
      const root = json(indexOf(...inner.map((blob) => named(blob))));
      return scanned(good, indexOf(named(root)), [...inner, root]);
    };
    expect(await endOf(spread(996))).toBe('complete');
    expect(await outcomeOf(spread(998))).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 'manifests' });
  });

  test('a thousand layers, and one more', async () => {
    const layers = (count: number) => [BASE, ...Array(count - 1).fill({ ...TOP, missing: true })];
    const report = await built({ layers: layers(1_000) });
    expect(report.completeness).toMatchObject({ layersTotal: 1_000, layersRead: 1 });
    expect(packagesOf(report)).toEqual(['a 1']);
    expect(await outcomeOf(built({ layers: layers(1_001) }))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 'layers',
    });
  });

  test('platforms: of an absent one, one that lies, and attestations', async () => {
    const arm = descriptorOf(good, { platform: { os: 'linux', architecture: 'arm64' } });
    const report = await scanned(good, indexOf(arm));
    expect(gapCodes(report)).toEqual(['platform-mismatch']);
    const asked = { os: 'linux', architecture: 's390x', variant: null };
    expect(await endOf(scan(ociTarget(directory, good), { reader, platform: asked }))).toBe('PLATFORM_NOT_FOUND');
    const attestation = {
      ...named(json({}), MEDIA_TYPES.manifest),
      platform: { os: 'unknown', architecture: 'unknown' },
    };
    const inner = json(indexOf(descriptorOf(good), attestation));
    expect(gapCodes(await scanned(good, indexOf(named(inner)), [inner]))).toEqual(['attestation-skipped']);
    expect(await endOf(scanned(good, indexOf(attestation)))).toBe('TARGET_NOT_FOUND');
  });
});
