import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compress, file, type LayerCompression, type LayerEntry, layerTar } from './layer-builder.ts';

/**
 * Container images made in code: layers (layer-builder.ts) → buildImage → one of the archive forms. Everything can be
 * falsified on the way, as a hostile or broken builder would: digests, sizes, diff_ids, media types, missing blobs.
 *
 *   const image = await buildImage({ layers: [{ entries: [file('etc/os-release', 'ID=debian')] }] });
 *   writeOciLayout(directory, [image]);
 *   writeFileSync('image.tar', await dockerArchive([image]));
 */

export interface LayerSpec {
  readonly entries?: readonly LayerEntry[];
  /** Instead of entries: the bytes of the tar as they are. */
  readonly tar?: Buffer;
  /** Instead of both: the blob as it is. */
  readonly blob?: Buffer;
  readonly compression?: LayerCompression;
  readonly createdBy?: string;
  readonly mediaType?: string;
  readonly urls?: readonly string[];
  /** Falsified: what the manifest says. */
  readonly digest?: string;
  readonly size?: number;
  /** Falsified: what the config says. */
  readonly diffId?: string;
  /** Left out of the archive. */
  readonly missing?: boolean;
}

export interface ImageSpec {
  readonly layers: readonly LayerSpec[];
  /** `repository:tag`, recorded by the archive. */
  readonly name?: string;
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
  /** Merged into the config document. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Merged into the manifest document. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface BuiltImage {
  readonly spec: ImageSpec;
  readonly manifest: Buffer;
  readonly manifestDigest: string;
  readonly config: Buffer;
  readonly configDigest: string;
  readonly layers: readonly {
    readonly blob: Buffer;
    readonly digest: string;
    readonly diffId: string;
    readonly missing: boolean;
  }[];
  /** By digest as the documents claim it. */
  readonly blobs: ReadonlyMap<string, Buffer>;
}

export const MEDIA_TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

const MEDIA_SUFFIX: Readonly<Record<LayerCompression, string>> = {
  none: '',
  gzip: '+gzip',
  'gzip-members': '+gzip',
  zstd: '+zstd',
  'zstd-frames': '+zstd',
};

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export async function buildImage(spec: ImageSpec): Promise<BuiltImage> {
  const { architecture = 'amd64', os = 'linux', variant } = spec;
  const layers = await Promise.all(spec.layers.map(buildLayer));
  const config = json({
    architecture,
    os,
    ...(variant !== undefined && { variant }),
    created: '2024-01-01T00:00:00Z',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: spec.layers.map(({ createdBy }, i) => ({ created_by: createdBy ?? `LAYER ${i}` })),
    ...spec.config,
  });
  const configDigest = sha256(config);
  const manifest = json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: { mediaType: MEDIA_TYPES.config, digest: configDigest, size: config.length },
    layers: spec.layers.map((layer, i) => ({
      mediaType: layer.mediaType ?? MEDIA_TYPES.layer + MEDIA_SUFFIX[layer.compression ?? 'gzip'],
      digest: layers[i]!.digest,
      size: layer.size ?? layers[i]!.blob.length,
      ...(layer.urls !== undefined && { urls: layer.urls }),
    })),
    ...spec.manifest,
  });
  const manifestDigest = sha256(manifest);
  const blobs = new Map([
    [manifestDigest, manifest],
    [configDigest, config],
    ...layers.filter(({ missing }) => !missing).map(({ digest, blob }) => [digest, blob] as const),
  ]);
  return { spec, manifest, manifestDigest, config, configDigest, layers, blobs };
}

async function buildLayer(spec: LayerSpec): Promise<BuiltImage['layers'][number]> {
  const tar = spec.tar ?? (await layerTar(spec.entries ?? []));
  const blob = spec.blob ?? compress(tar, spec.compression ?? 'gzip');
  return {
    blob,
    digest: spec.digest ?? sha256(blob),
    diffId: spec.diffId ?? sha256(tar),
    missing: spec.missing ?? false,
  };
}

/** What an index says of an image. */
export function descriptorOf(
  image: BuiltImage,
  extra: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const { os = 'linux', architecture = 'amd64', variant, name, annotations } = image.spec;
  return {
    mediaType: MEDIA_TYPES.manifest,
    digest: image.manifestDigest,
    size: image.manifest.length,
    platform: { os, architecture, ...(variant !== undefined && { variant }) },
    annotations: {
      ...(name !== undefined && { 'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1) }),
      ...annotations,
    },
    ...extra,
  };
}

/** The files of an OCI image layout. `index`: the document instead of the one that names all images. */
export function ociLayoutFiles(
  images: readonly BuiltImage[],
  index?: unknown,
  extraBlobs: readonly Buffer[] = [],
): LayerEntry[] {
  const document = index ?? {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.index,
    manifests: images.map((image) => descriptorOf(image)),
  };
  const blobs = new Map(images.flatMap((image) => [...image.blobs]));
  for (const blob of extraBlobs) blobs.set(sha256(blob), blob);
  return [
    file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    file('index.json', json(document)),
    ...[...blobs].map(([digest, blob]) => file(`blobs/${digest.replace(':', '/')}`, blob)),
  ];
}

export function writeOciLayout(
  directory: string,
  images: readonly BuiltImage[],
  index?: unknown,
  extraBlobs: readonly Buffer[] = [],
): void {
  for (const { path, content } of ociLayoutFiles(images, index, extraBlobs)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content ?? '');
  }
}

export function ociArchive(images: readonly BuiltImage[], index?: unknown): Promise<Buffer> {
  return layerTar(ociLayoutFiles(images, index));
}

/** What docker save wrote before Docker 25: plain layers in directories, manifest.json last. */
export function dockerArchive(images: readonly BuiltImage[]): Promise<Buffer> {
  const entries = new Map<string, LayerEntry>();
  const manifest = images.map((image) => {
    const config = `${image.configDigest.slice(7)}.json`;
    entries.set(config, file(config, image.config));
    const layers = image.layers.map(({ diffId, missing }, i) => {
      const name = `${diffId.slice(7)}/layer.tar`;
      if (!missing) entries.set(name, file(name, image.layers[i]!.blob));
      return name;
    });
    return { Config: config, RepoTags: image.spec.name === undefined ? null : [image.spec.name], Layers: layers };
  });
  return layerTar([...entries.values(), file('manifest.json', json(manifest))]);
}

/** What docker save writes since Docker 25: an OCI layout with a manifest.json beside it. */
export function hybridArchive(
  images: readonly BuiltImage[],
  manifestOf: readonly BuiltImage[] = images,
): Promise<Buffer> {
  const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
  const manifest = manifestOf.map((image) => ({
    Config: blobName(image.configDigest),
    RepoTags: image.spec.name === undefined ? null : [image.spec.name],
    Layers: image.layers.map(({ digest }) => blobName(digest)),
  }));
  const extra = manifestOf.filter((image) => !images.includes(image));
  const strays = extra.flatMap(({ blobs }) => [...blobs].map(([digest, blob]) => file(blobName(digest), blob)));
  return layerTar([...ociLayoutFiles(images), ...strays, file('manifest.json', json(manifest))]);
}

/** A manifest of something that is no image: a Helm chart, a signature, an SBOM. */
export function artifact(
  configType: string,
  layerType: string,
  extra: Readonly<Record<string, unknown>> = {},
): BuiltImage {
  const config = Buffer.from('{}');
  const blob = Buffer.from('not a layer');
  const manifest = json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: { mediaType: configType, digest: sha256(config), size: config.length },
    layers: [{ mediaType: layerType, digest: sha256(blob), size: blob.length }],
    ...extra,
  });
  const blobs = new Map([manifest, config, blob].map((bytes) => [sha256(bytes), bytes]));
  return {
    spec: { layers: [] },
    manifest,
    manifestDigest: sha256(manifest),
    config,
    configDigest: sha256(config),
    layers: [],
    blobs,
  };
}

export function json(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document));
}
