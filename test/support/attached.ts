import { type BuiltImage, json, MEDIA_TYPES, sha256 } from './image-builder.ts';
import { VEX_PREDICATE } from './sigstore.ts';

/** What is attached to an image: a manifest, what it needs, and how an index names it. */
export interface Attached {
  /** The manifest last. */
  readonly blobs: readonly Buffer[];
  readonly descriptor: object;
  readonly digest: string;
}

export const EMPTY = Buffer.from('{}');
export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** A manifest that attaches `blob`. */
export function attaching(blob: Buffer, layer: object, manifest: object = {}, descriptor: object = {}): Attached {
  const document = json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256(EMPTY), size: EMPTY.length },
    layers: [{ digest: sha256(blob), size: blob.length, ...layer }],
    ...manifest,
  });
  const named = { mediaType: MEDIA_TYPES.manifest, digest: sha256(document), size: document.length, ...descriptor };
  return { blobs: [EMPTY, blob, document], descriptor: named, digest: sha256(document) };
}

/** The tag that a descriptor is known by. */
export const named = (tag: string) => ({ annotations: { 'org.opencontainers.image.ref.name': tag } });

/** The tag of an image's digest. */
export const digestTag = ({ manifestDigest }: BuiltImage): string => manifestDigest.replace(':', '-');

/** OCI 1.1: `subject`; the descriptor stands in an index without a tag. */
export function referrer(
  { manifestDigest: digest, manifest }: BuiltImage,
  bundle: object,
  annotations: object = { 'dev.sigstore.bundle.predicateType': VEX_PREDICATE },
): Attached {
  const subject = { mediaType: MEDIA_TYPES.manifest, digest, size: manifest.length };
  return attaching(
    json(bundle),
    { mediaType: BUNDLE_TYPE },
    { artifactType: BUNDLE_TYPE, subject, annotations },
    { artifactType: BUNDLE_TYPE },
  );
}

/** cosign before bundles: a tag of the image's digest. */
export function cosignAttestation(image: BuiltImage, signed: object, annotations: object = {}): Attached {
  return attaching(
    json(signed),
    {
      mediaType: 'application/vnd.dsse.envelope.v1+json',
      annotations: { predicateType: VEX_PREDICATE, ...annotations },
    },
    { config: { mediaType: MEDIA_TYPES.config, digest: sha256(EMPTY), size: EMPTY.length } },
    named(`${digestTag(image)}.att`),
  );
}

/** The referrers of an image where a registry has no API for them. */
export function referrersIndex(attached: readonly Attached[]): Buffer {
  const manifests = attached.map(({ descriptor }) => descriptor);
  return json({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests });
}

/** Pushes it as any client does (distribution spec 1.1, "Pushing blobs", "Pushing Manifests"), under its digest or a tag. */
export async function pushAttached(
  host: string,
  repository: string,
  { blobs, digest }: Attached,
  tag = digest,
): Promise<void> {
  for (const blob of blobs.slice(0, -1)) await pushBlob(host, repository, blob);
  await pushManifest(host, repository, blobs.at(-1)!, MEDIA_TYPES.manifest, tag);
}

export async function pushManifest(
  host: string,
  repository: string,
  body: Buffer,
  mediaType: string,
  name: string,
): Promise<void> {
  const headers = { 'content-type': mediaType };
  const answer = await fetch(`http://${host}/v2/${repository}/manifests/${name}`, { method: 'PUT', headers, body });
  if (answer.status !== 201) throw new Error(`${host} answered ${answer.status} to ${name}: ${await answer.text()}`);
}

async function pushBlob(host: string, repository: string, body: Buffer): Promise<void> {
  const begun = await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const place = new URL(begun.headers.get('location')!, `http://${host}`);
  place.searchParams.set('digest', sha256(body));
  const headers = { 'content-type': 'application/octet-stream' };
  const { status } = await fetch(place, { method: 'PUT', headers, body });
  if (status !== 201) throw new Error(`${host} answered ${status} to a blob`);
}
