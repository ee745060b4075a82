import type { PurlPattern } from '../purl-pattern.ts';

/** The one normal form of VEX documents (OpenVEX, CSAF, CycloneDX). See docs/vex.md for what matches what. */
export interface VexDocument {
  readonly format: 'OpenVEX' | 'CSAF' | 'CycloneDX';
  /** As the document names itself; null where it does not. */
  readonly id: string | null;
  readonly author: string | null;
  readonly statements: readonly VexStatement[];
  /** What of it was not understood, and so is not applied: one sentence each. */
  readonly flaws: readonly string[];
}

export type VexStatus = 'not_affected' | 'fixed' | 'affected' | 'under_investigation';

export interface VexStatement {
  /** Id and other names of the vulnerability. */
  readonly vulnerabilities: readonly string[];
  readonly products: readonly VexProduct[];
  readonly status: VexStatus;
  readonly justification: string | null;
  readonly reason: string | null;
  /** RFC 3339; the latest statement on a row counts. */
  readonly timestamp: string | null;
}

export interface VexProduct {
  /** Names of one product, any of which is enough. */
  readonly purls: readonly PurlPattern[];
  /** `sha256:HEX` of the product itself. */
  readonly digests: readonly string[];
  /** What in the product is meant; null: all of it, or the product is the package. */
  readonly components: readonly PurlPattern[] | null;
  /** Exact versions that are meant; null: all. */
  readonly versions: readonly string[] | null;
}
