import type { Property } from './properties.ts';
import type { SbomContent } from './sbom.ts';

/*
 * What an SBOM states, before anything is made of it: the same for every format. A reader of a format fills it in, and
 * `interpret.ts` makes packages of it.
 */

/** Texts are as the SBOM has them; null where it has none. */
export interface StatedSbom extends Pick<SbomContent, 'format' | 'specVersion' | 'tool'> {
  /** What the SBOM is about: the image. */
  readonly subject: {
    readonly purl: string | null;
    readonly version: string | null;
    /** Its own, and those of the document. */
    readonly properties: readonly Property[];
  };
  /** The entry that stands for the operating system. */
  readonly os: {
    readonly name: string;
    readonly version: string | null;
    readonly description: string | null;
    readonly properties: readonly Property[];
  } | null;
  readonly packages: readonly StatedPackage[];
  /** From the reference of an entry to those that it depends on. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** Why the SBOM calls itself incomplete; null where it does not. */
  readonly incomplete: string | null;
}

export interface StatedPackage {
  /** The name of this entry in the SBOM (bom-ref, SPDXID); null where it has none. */
  readonly ref: string | null;
  readonly purl: string | null;
  /** With its namespace, as the ecosystem writes it: `@scope/name`, `group:artifact`. */
  readonly name: string;
  readonly version: string | null;
  readonly licenses: readonly string[];
  readonly supplier: string | null;
  readonly paths: readonly string[];
  /** Not needed where the software runs. */
  readonly development: boolean;
  /** Of any tool. What Trivy and Syft put elsewhere is given here as `aquasecurity:trivy:…` and `syft:…`. */
  readonly properties: readonly Property[];
}
