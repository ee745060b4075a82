import { asArray, asRecord, type JsonObject, stringMap } from './json.ts';
import { type Descriptor, IMAGE_CONFIG_TYPES, isAttestation, parseDescriptor } from './manifest.ts';

/** A manifest that attaches something to an image (OCI image-spec 1.1, manifest.md; cosign; BuildKit). */
export interface AttachingManifest {
  /** Digest of what it is attached to, by its own word; null where it does not say. */
  readonly subject: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  readonly layers: readonly Descriptor[];
}

const FIELDS = ['subject', 'annotations', 'layers'];
/** Where a descriptor has the tag of what it names (OCI image-spec, annotations.md). */
export const NAME_ANNOTATION = 'org.opencontainers.image.ref.name';
/** The digest of the image, in BuildKit's index. */
const BUILDKIT_SUBJECT = 'vnd.docker.reference.digest';
/** What `cosign save` calls what it writes. */
const COSIGN_KIND = /^dev\.cosignproject\.cosign\/(?:atts|sigs|sboms)$/;
/** The tag of an image's digest: its referrers where a registry has no API for them, or what cosign attached. */
const DIGEST_TAG = /^sha256-([0-9a-f]{64})(?:\.(?:att|sig|sbom))?$/;

/** Whether a root of a layout says that it attaches something to an image, rather than being one. */
export function claimsToAttach(root: Descriptor): boolean {
  return isArtifact(root) || COSIGN_KIND.test(root.annotations.kind ?? '') || DIGEST_TAG.test(tagOf(root));
}

/** The digest of the image that a tag says something is attached to; null where it is no such tag. */
export function subjectOfTag(tag: string): string | null {
  const hex = DIGEST_TAG.exec(tag)?.[1];
  return hex === undefined ? null : `sha256:${hex}`;
}

/** Whether it is worth reading what the descriptor names, to see whether it is attached to this image. */
export function mayAttachTo(descriptor: Descriptor, image: string): boolean {
  const named = DIGEST_TAG.exec(tagOf(descriptor))?.[1];
  if (named !== undefined) return `sha256:${named}` === image;
  if (isAttestation(descriptor)) return (descriptor.annotations[BUILDKIT_SUBJECT] ?? image) === image;
  // ORAS keeps referrers as manifests without a tag.
  return claimsToAttach(descriptor) || (tagOf(descriptor) === '' && descriptor.platform === null);
}

/** Whether a manifest, and the descriptor that named it, say that it is attached to this image. */
export function isAttachedTo(descriptor: Descriptor, { subject }: AttachingManifest, image: string): boolean {
  if (subject !== null) return subject === image;
  const { annotations } = descriptor;
  return (
    annotations[BUILDKIT_SUBJECT] === image ||
    DIGEST_TAG.exec(tagOf(descriptor))?.[1] === image.slice('sha256:'.length) ||
    COSIGN_KIND.test(annotations.kind ?? '')
  );
}

/** The tag under which cosign keeps the attestations of an image where it writes no referrers. */
export function attestationTag(image: string): string {
  return `${image.replace(':', '-')}.att`;
}

/** Raises MANIFEST_INVALID. */
export function parseAttachingManifest(value: JsonObject, what: string): AttachingManifest {
  const document = asRecord(value, what, FIELDS);
  const layers = asArray(document.layers, `${what}, layers`);
  const subject = document.subject ?? null;
  return {
    subject: subject === null ? null : parseDescriptor(subject, `${what}, subject`).digest,
    annotations: stringMap(document.annotations),
    layers: layers.map((item, i) => parseDescriptor(item, `${what}, layers[${i}]`)),
  };
}

/** Referrers are listed with the type of their config where they state none of their own. */
function isArtifact({ artifactType }: Descriptor): boolean {
  return artifactType !== null && !IMAGE_CONFIG_TYPES.has(artifactType);
}

function tagOf({ annotations }: Descriptor): string {
  return annotations[NAME_ANNOTATION] ?? '';
}
