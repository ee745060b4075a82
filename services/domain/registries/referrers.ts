import { PlimsollError } from '../errors.ts';
import { asArray, asObject, type JsonObject, stringOr } from '../image/json.ts';
import { parseManifest } from '../image/manifest.ts';

/** Something that a registry keeps about an image: a signature, an SBOM, an attestation (OCI image spec 1.1, "subject"). */
export interface Referrer {
  readonly digest: string;
  readonly mediaType: string;
  /** What it is, by its own account; null where it does not say. */
  readonly artifactType: string | null;
  /** Of its manifest, in bytes. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The referrers that an index lists, as it lists them. MANIFEST_INVALID where it is none. */
export function parseReferrers(value: JsonObject, what: string): readonly Referrer[] {
  const document = parseManifest(value, what);
  if (document.kind !== 'index') throw new PlimsollError('MANIFEST_INVALID', `${what} is a manifest, not an index`);
  const items = asArray(value.manifests, what);
  return document.manifests.map(({ digest, mediaType, size, annotations }, i) => {
    const artifactType = stringOr(asObject(items[i], what).artifactType, null);
    return { digest, mediaType, artifactType: artifactType || null, size, annotations };
  });
}

/** The tag under which registries without the referrers API keep that index (distribution spec 1.1, "Referrers Tag Schema"). */
export function referrersTag(digest: string): string {
  return digest.replace(':', '-').slice(0, 'sha256-'.length + 64);
}
