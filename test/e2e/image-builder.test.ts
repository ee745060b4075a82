import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BuiltImage,
  buildImage,
  descriptorOf,
  dockerArchive,
  hybridArchive,
  type ImageSpec,
  json,
  MEDIA_TYPES,
  ociArchive,
  sha256,
  writeOciLayout,
} from '../support/image-builder.ts';
import { kanikoArchive } from '../support/kaniko-archive.ts';
import {
  directory,
  file,
  hardLink,
  type LayerCompression,
  opaque,
  symlink,
  whiteout,
} from '../support/layer-builder.ts';

const hasSkopeo = spawnSync('skopeo', ['--version']).status === 0;
const NAME = 'registry.example/team/app:1.2';

function spec(compression: LayerCompression, changes: Partial<ImageSpec> = {}): ImageSpec {
  return {
    name: NAME,
    layers: [
      { compression, entries: [directory('etc'), file('etc/hosts', 'x'.repeat(20_000)), symlink('etc/link', 'hosts')] },
      {
        compression,
        entries: [hardLink('etc/hard', 'etc/hosts'), file('etc/hosts', 'y'), whiteout('etc/link'), opaque('var')],
      },
    ],
    ...changes,
  };
}

describe.skipIf(!hasSkopeo)('what the image builder makes, read by skopeo (skipped where it is absent)', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-skopeo-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let turn = 0;
  const path = (name: string): string => join(folder, `${turn++}-${name}`);
  const saved = (bytes: Uint8Array): string => {
    const archive = path('image.tar');
    writeFileSync(archive, bytes);
    return archive;
  };
  const layout = (images: readonly BuiltImage[], index?: unknown): string => {
    const target = path('layout');
    writeOciLayout(target, images, index);
    return target;
  };

  const skopeo = (...options: string[]): string =>
    execFileSync('skopeo', ['--insecure-policy', ...options], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  interface Inspected {
    readonly Architecture: string;
    readonly Layers: readonly string[];
  }
  const inspect = (source: string, ...options: string[]): Inspected =>
    JSON.parse(skopeo(...options, 'inspect', source)) as Inspected;

  /** The layers as their uncompressed digests, once skopeo has copied, verified and uncompressed them. */
  const copied = (source: string, ...options: string[]): string[] => {
    const target = path('copy');
    skopeo(...options, 'copy', '--dest-decompress', source, `dir:${target}`);
    const manifest = JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8')) as {
      readonly layers: readonly { readonly digest: string }[];
    };
    return manifest.layers.map(({ digest }) => digest);
  };
  const diffIds = (image: BuiltImage): string[] => image.layers.map(({ diffId }) => diffId);

  it.each<LayerCompression>(['none', 'gzip', 'gzip-members', 'zstd', 'zstd-frames'])(
    'an OCI layout, %s',
    async (compression) => {
      const image = await buildImage(spec(compression));
      const source = `oci:${layout([image])}:1.2`;
      expect(inspect(source).Layers).toEqual(image.layers.map(({ digest }) => digest));
      expect(copied(source)).toEqual(diffIds(image));
    },
  );

  it('an OCI archive', async () => {
    const image = await buildImage(spec('gzip'));
    expect(copied(`oci-archive:${saved(await ociArchive([image]))}:1.2`)).toEqual(diffIds(image));
  });

  it.each([
    ['before Docker 25', dockerArchive],
    ['since Docker 25', hybridArchive],
  ])('what docker save wrote %s', async (_, write) => {
    const image = await buildImage(spec('none'));
    const other = await buildImage({ name: 'other:latest', layers: [{ compression: 'none' }] });
    const source = `docker-archive:${saved(await write([image, other]))}`;
    expect(copied(`${source}:${NAME}`)).toEqual(diffIds(image));
    expect(copied(`${source}:other:latest`)).toEqual(diffIds(other));
  });

  it('what Kaniko writes', async () => {
    const image = await buildImage(spec('gzip'));
    expect(copied(`docker-archive:${saved(await kanikoArchive(image))}`)).toEqual(diffIds(image));
  });

  it('an index of platforms, with an attestation beside them', async () => {
    const amd64 = await buildImage(spec('gzip'));
    const arm64 = await buildImage({ ...spec('gzip-members'), architecture: 'arm64', variant: 'v8' });
    const attestation = await buildImage({ layers: [{ entries: [file('in-toto.json', '{}')] }] });
    const document = json({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.index,
      manifests: [
        descriptorOf(amd64),
        descriptorOf(arm64),
        descriptorOf(attestation, {
          platform: { os: 'unknown', architecture: 'unknown' },
          annotations: {
            'vnd.docker.reference.type': 'attestation-manifest',
            'vnd.docker.reference.digest': amd64.manifestDigest,
          },
        }),
      ],
    });
    const target = path('layout');
    const ref = { 'org.opencontainers.image.ref.name': '1.2' };
    const nested = { mediaType: MEDIA_TYPES.index, digest: sha256(document), size: document.length, annotations: ref };
    writeOciLayout(target, [amd64, arm64, attestation], { schemaVersion: 2, manifests: [nested] }, [document]);
    const choose = (architecture: string): string[] => copied(`oci:${target}:1.2`, '--override-arch', architecture);
    expect(choose('amd64')).toEqual(diffIds(amd64));
    expect(choose('arm64')).toEqual(diffIds(arm64));
    expect(() => choose('s390x')).toThrow('s390x');
  });

  it.each<[string, Partial<ImageSpec>, RegExp]>([
    [
      'a wrong digest',
      { layers: [{ entries: [file('a')], digest: `sha256:${'0'.repeat(64)}` }] },
      /Digest did not match/,
    ],
    ['a missing blob', { layers: [{ entries: [file('a')], missing: true }] }, /no such file/],
    ['bytes that are no gzip', { layers: [{ blob: gzipSync('x').subarray(0, 15) }] }, /EOF/],
  ])('and refused by it where it is falsified: %s', async (_, changes, reason) => {
    const image = await buildImage(spec('gzip', changes));
    expect(() => copied(`oci:${layout([image])}:1.2`)).toThrow(reason);
  });

  it('the same bytes every time', async () => {
    const [one, two] = [await buildImage(spec('gzip')), await buildImage(spec('gzip'))];
    expect(two.manifestDigest).toBe(one.manifestDigest);
    expect(await hybridArchive([two])).toEqual(await hybridArchive([one]));
  });
});
