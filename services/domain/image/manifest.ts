import { PlimsollError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { isDigest } from './digest.ts';
import { asArray, asRecord, type JsonObject, shown, stringMap, stringOr } from './json.ts';
import type { Platform } from './platform.ts';

/** OCI image-spec, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly platform: Platform | null;
  readonly annotations: Readonly<Record<string, string>>;
  readonly urls: readonly string[];
  /** Of what is no image; null where it does not say so. */
  readonly artifactType: string | null;
}

export interface IndexDocument {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

export interface ManifestDocument {
  readonly kind: 'manifest';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export const IMAGE_CONFIG_TYPES = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);
const INDEX_TYPES = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);
const MANIFEST_TYPES = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);
const DOCUMENT_FIELDS = ['schemaVersion', 'mediaType', 'manifests', 'config', 'layers', 'artifactType'];
const DESCRIPTOR_FIELDS = ['mediaType', 'digest', 'size', 'platform', 'annotations', 'urls', 'artifactType'];
const PLATFORM_FIELDS = ['os', 'architecture', 'variant'];
const LAYER_TYPE =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar)(?:[+.](?:gzip|zstd))?(?:\+encrypted)?$/;

/** What artifacts call themselves, for a message that helps. */
const ARTIFACT_NAMES: readonly (readonly [RegExp, string])[] = [
  [/helm/, 'a Helm chart'],
  [/wasm/, 'a WebAssembly module'],
  [/cosign|sigstore|notary|signature/, 'a signature'],
  [/spdx|cyclonedx|sbom|syft/, 'an SBOM'],
  [/in-toto|dsse|attestation/, 'an attestation'],
];

/**
 * An index or a manifest, by what the document holds; one that holds both, or calls itself the other, is refused: two
 * readers could see two images in it (CVE-2021-41190). Docker schema 1 and artifacts that are no images raise their
 * own errors.
 */
export function parseManifest(value: JsonObject, what: string): IndexDocument | ManifestDocument {
  const document = asRecord(value, what, DOCUMENT_FIELDS);
  if (document.schemaVersion === 1) {
    const hint = 'push it again with a current client, or convert it with "skopeo copy --format oci"';
    throw new PlimsollError(
      'MANIFEST_SCHEMA1',
      `${what} is a Docker schema 1 manifest, which has no verifiable layers; ${hint}`,
    );
  }
  if (document.schemaVersion !== 2) {
    throw new PlimsollError(
      'MANIFEST_INVALID',
      `${what} has schemaVersion ${shown(document.schemaVersion)}; 2 is the only one known`,
    );
  }
  const claimed = stringOr(document.mediaType, '');
  const isManifest = document.config !== undefined || document.layers !== undefined;
  const isIndex = (document.manifests !== undefined && document.manifests !== null) || INDEX_TYPES.has(claimed);
  if (isIndex && (isManifest || MANIFEST_TYPES.has(claimed))) {
    throw new PlimsollError('MANIFEST_INVALID', `${what} is an index and a manifest at once (see CVE-2021-41190)`);
  }
  if (isIndex) {
    const manifests = asArray(document.manifests, `${what}, manifests`);
    if (manifests.length > LIMITS.manifests) tooMany(what, 'manifests', manifests.length, LIMITS.manifests);
    return { kind: 'index', manifests: manifests.map((item, i) => parseDescriptor(item, `${what}, manifests[${i}]`)) };
  }
  if (document.config === undefined)
    throw new PlimsollError('MANIFEST_INVALID', `${what} has neither a config nor manifests`);
  const config = parseDescriptor(document.config, `${what}, config`);
  const items = asArray(document.layers, `${what}, layers`);
  if (items.length > LIMITS.layers) tooMany(what, 'layers', items.length, LIMITS.layers);
  const layers = items.map((item, i) => parseDescriptor(item, `${what}, layers[${i}]`));
  refuseArtifact(document, config, layers, what);
  return { kind: 'manifest', config, layers };
}

function refuseArtifact(document: JsonObject, config: Descriptor, layers: readonly Descriptor[], what: string): void {
  const artifactType = stringOr(document.artifactType, null);
  // Cosign dresses signatures up as images: then no layer is one. A single odd layer is read by its magic bytes.
  const hasLayer = layers.length === 0 || layers.some(({ mediaType }) => LAYER_TYPE.test(mediaType));
  if (artifactType === null && IMAGE_CONFIG_TYPES.has(config.mediaType) && hasLayer) return;
  const types = [artifactType, config.mediaType, layers[0]?.mediaType].filter((type) => typeof type === 'string');
  const name = ARTIFACT_NAMES.find(([pattern]) => types.some((type) => pattern.test(type)))?.[1] ?? 'an artifact';
  throw new PlimsollError('NOT_AN_IMAGE', `${what} is ${name}, not a container image (${types.join(', ')})`);
}

export function parseDescriptor(value: unknown, what: string): Descriptor {
  const item = asRecord(value, what, DESCRIPTOR_FIELDS);
  if (!isDigest(item.digest)) {
    throw new PlimsollError('MANIFEST_INVALID', `${what} has no valid digest: ${shown(item.digest)}`);
  }
  if (typeof item.size !== 'number' || !Number.isSafeInteger(item.size) || item.size < 0) {
    throw new PlimsollError('MANIFEST_INVALID', `${what} has no valid size: ${shown(item.size)}`);
  }
  return {
    mediaType: stringOr(item.mediaType, ''),
    digest: item.digest,
    size: item.size,
    platform: parsePlatformField(item.platform, `${what}, platform`),
    annotations: stringMap(item.annotations),
    urls: Array.isArray(item.urls) ? item.urls.filter((url) => typeof url === 'string') : [],
    artifactType: stringOr(item.artifactType, null),
  };
}

function parsePlatformField(value: unknown, what: string): Platform | null {
  if (value === undefined || value === null) return null;
  const { os, architecture, variant } = asRecord(value, what, PLATFORM_FIELDS);
  if (typeof os !== 'string' || typeof architecture !== 'string') return null;
  return { os, architecture, variant: stringOr(variant, '') || null };
}

/** What a descriptor calls itself; what it leads to has to be that (parseManifest). */
export function isManifestType({ mediaType }: Descriptor): boolean {
  return MANIFEST_TYPES.has(mediaType);
}

function tooMany(what: string, things: string, count: number, most: number): never {
  throw new PlimsollError('LIMIT_EXCEEDED', `${what} lists ${count} ${things}; ${most} is the limit`, {
    details: { limit: things },
  });
}

/** BuildKit's provenance and SBOM manifests: platform unknown/unknown, marked by an annotation. */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  if (annotations['vnd.docker.reference.type'] !== undefined) return true;
  return platform?.os === 'unknown' && platform.architecture === 'unknown';
}

export function isForeignLayer({ mediaType, urls }: Descriptor): boolean {
  return urls.length > 0 || mediaType.includes('.foreign.') || mediaType.includes('.nondistributable.');
}

export function isEncryptedLayer({ mediaType }: Descriptor): boolean {
  return mediaType.endsWith('+encrypted');
}
