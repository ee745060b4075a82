import type { Advisory, DatabaseInfo, EndOfLife, Enrichment } from '../domain/vulnerabilities/advisory.ts';
import type { Refusal } from '../domain/vulnerabilities/feeds/refusals.ts';

/** The advisory database, and the feeds that it is built from. */

/** Advisories as a database was built, read-only. Synchronous: a look-up takes microseconds. */
export interface AdvisoryDatabase {
  /**
   * Every advisory for one package name in one namespace, sorted by id and source; each with only the `affected` entries of
   * that namespace and name. Both are spelt as in AffectedPackage.
   */
  lookup(ecosystem: string, name: string): readonly Advisory[];
  /** What is known of a CVE beside advisories: KEV, EPSS, NVD. */
  enrichment(cveId: string): Enrichment | null;
  describe(): DatabaseInfo;
}

/** One file of a feed, or of an archive of one; unpacked. */
export type FeedFile =
  | {
      /** Path below what was given. */
      readonly name: string;
      readonly bytes: Uint8Array;
      /** The kind of feed, where the user named it. */
      readonly kind: string | null;
      /** When it was fetched, RFC 3339; null where nobody knows. */
      readonly fetched: string | null;
      /** The ecosystem whose OSV export it is of; null where nobody said. */
      readonly exported: string | null;
    }
  /** One that could not be had, and why, in a sentence of ours. */
  | { readonly name: string; readonly refused: string };

/** Where feeds come from: files, folders, archives. FEED_UNREADABLE, LIMIT_EXCEEDED. */
export interface FeedFiles {
  files(signal: AbortSignal): AsyncIterable<FeedFile>;
}

export interface BuiltDatabase {
  readonly directory: string;
  readonly bytes: number;
  readonly counts: { readonly records: number; readonly packages: number; readonly enriched: number };
  readonly info: DatabaseInfo;
  readonly refusals: readonly Refusal[];
}

export interface FinishFacts {
  readonly builtAt: string;
  readonly starter: boolean;
  readonly refusals: readonly Refusal[];
  readonly allowShrunk: boolean;
}

/** Takes what feeds say, in any order, and makes it the installed database at the end: wholly or not at all. */
export interface DatabaseWriter {
  /** `exported`: of an OSV export, the only ecosystem that it speaks for; null: for all that are named. */
  add(advisory: Advisory, fetched: string | null, exported: string | null): void;
  cover(ecosystem: string, source: string, fetched: string | null, newest?: string | null): void;
  enrich(cveId: string, enrichment: Enrichment): void;
  addEndOfLife(endOfLife: EndOfLife): void;
  /** FEED_SHRUNK where a feed has lost most of what the installed database has of it, unless `allowShrunk`. */
  finish(facts: FinishFacts): Promise<BuiltDatabase>;
  discard(): Promise<void>;
}

/** Where a new advisory database comes from, and what of it is taken. Plain data: it goes to another process. */
export interface RefreshTerms {
  /** Null for the default place. */
  readonly root: string | null;
  /** Groups or ids of `db update --list`; none: all. */
  readonly feeds: readonly string[];
  readonly mirrors: readonly string[];
  /** `https://…` or `oci://…` of a database that is built already; null: it is built here. */
  readonly pull: string | null;
  /** Public keys in PEM, whose signature a pulled one needs. */
  readonly keyFiles: readonly string[];
  readonly allowMissing: boolean;
}

export interface RefreshedAdvisories {
  readonly digest: string;
  /** RFC 3339. */
  readonly builtAt: string;
  /** The digest of the one that was installed; `none`, `unusable`. */
  readonly before: string;
  /** Feeds whose last copy was used, in a sentence each, at most `listedFlaws`; all are counted. */
  readonly warnings: readonly string[];
  readonly warned: number;
}
