import { type Gap, gap } from '../domain/completeness.ts';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import { parseJsonObject } from '../domain/image/json.ts';
import type { Descriptor } from '../domain/image/manifest.ts';
import { parseAttachingManifest } from '../domain/image/referrer.ts';
import type { Limits } from '../domain/limits.ts';
import type { AttributedPackage } from '../domain/packages/attribution.ts';
import { type SbomOutline, sbomOutline } from '../domain/sbom/sbom-outline.ts';
import { unusedSbom, usedSbom } from '../domain/sbom/used-sbom.ts';
import type { ContentStore, SbomReader } from './image-ports.ts';
import type { SourceImage } from './resolve-images.ts';

/** An SBOM beside the image: somebody attests it, and whether the attestation is signed nobody looked. */
export interface AttestedSbom extends SbomOutline {
  /** Of the statement, and of the attestation manifest that names it. */
  readonly digest: string;
  readonly attestation: string;
  readonly predicateType: string;
  readonly used: boolean;
}

export interface Attested {
  readonly sboms: readonly AttestedSbom[];
  readonly packages: readonly AttributedPackage[];
  readonly gaps: readonly Gap[];
}

export interface AttestedOptions {
  readonly useSboms: boolean;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  readonly sbomReader: SbomReader;
}

/** Where BuildKit says what a statement is of. */
const PREDICATE = 'in-toto.io/predicate-type';

export const NOTHING_ATTESTED: Attested = { sboms: [], packages: [], gaps: [] };

/**
 * SBOMs in the attestations of an image (BuildKit's, in an index). They are listed, and what they name is taken where the
 * user asks for it; then what cannot be read is a blocking gap.
 */
export async function attestedSboms(
  { attestations }: Pick<SourceImage, 'attestations'>,
  content: ContentStore,
  options: AttestedOptions,
): Promise<Attested> {
  const sboms: AttestedSbom[] = [];
  const packages: AttributedPackage[] = [];
  const gaps: Gap[] = [];
  const unusable = (what: string, error: unknown): void => {
    options.signal.throwIfAborted();
    if (!(error instanceof PlimsollError)) throw error;
    const code = error.code === 'LIMIT_EXCEEDED' ? 'limit-reached' : 'sbom-unusable';
    if (options.useSboms) gaps.push(gap(code, `${what} could not be read: ${messageOf(error)}`));
  };
  for (const manifest of attestations) {
    const what = `attestation manifest ${manifest.digest}`;
    let statements: readonly Descriptor[] = [];
    try {
      statements = parseAttachingManifest(
        parseJsonObject(await content.document(manifest, 'manifest'), what),
        what,
      ).layers;
    } catch (error) {
      unusable(what, error);
    }
    for (const descriptor of statements) {
      const predicateType = descriptor.annotations[PREDICATE] ?? '';
      const format = sbomOfPredicate(predicateType);
      if (format === null) continue;
      const { digest } = descriptor;
      const listed = { format, specVersion: null, entries: null, digest, attestation: manifest.digest, predicateType };
      const name = `SBOM ${digest} of ${what}`;
      const bytes = options.useSboms
        ? await content.document(descriptor, 'sbom').catch((error: unknown) => unusable(name, error))
        : undefined;
      if (bytes === undefined) {
        sboms.push({ ...listed, used: false });
        continue;
      }
      const said = await options.sbomReader.read(name, bytes, options).then(usedSbom, (error: unknown) => {
        options.signal.throwIfAborted();
        return unusedSbom(error);
      });
      sboms.push({ ...listed, ...sbomOutline(bytes, true, options.limits), used: said.text !== null });
      packages.push(
        ...said.packages.map((record) => ({ record, layer: null, paths: [], hiddenBy: null, owner: null })),
      );
      gaps.push(...said.gaps.map(({ code, message }) => gap(code, `${name}: ${message}`)));
    }
  }
  return { sboms, packages, gaps };
}

/** The format of the SBOM that a predicate of this type is; null where it is none. */
function sbomOfPredicate(predicateType: string): AttestedSbom['format'] {
  if (/^https:\/\/spdx\.dev\/Document(?:\/|$)/.test(predicateType)) return 'spdx-json';
  return /^https:\/\/cyclonedx\.org\/bom(?:\/|$)/.test(predicateType) ? 'cyclonedx-json' : null;
}
