/**
 * The one normal form of advisories: every feed is turned into it when a database is built, and matching knows nothing else.
 * A record keeps its source, its own id and its dates; one vulnerability named by several sources is several records that share ids or aliases.
 */

/** Where a vendor stands on one package; `affected` where it says no more. */
export type AdvisoryStatus =
  | 'affected'
  | 'fixed'
  | 'will_not_fix'
  | 'fix_deferred'
  | 'end_of_life'
  | 'under_investigation'
  | 'not_affected';

/** Plimsoll's levels, highest first; `none` is a stated "no impact", `unknown` no statement. */
export const SEVERITY_LEVELS = ['critical', 'high', 'medium', 'low', 'negligible', 'none', 'unknown'] as const;
export type SeverityLevel = (typeof SEVERITY_LEVELS)[number];

/** Order of the highest first. */
export function compareSeverities(a: SeverityLevel, b: SeverityLevel): number {
  return SEVERITY_LEVELS.indexOf(a) - SEVERITY_LEVELS.indexOf(b);
}

/** What one source says of how bad it is. `vector` is a CVSS vector of version 2, 3.x or 4; `text` the vendor's own word. */
export interface StatedSeverity {
  readonly source: string;
  readonly level: SeverityLevel;
  readonly text: string | null;
  readonly vector: string | null;
}

/**
 * Part of a range as OSV 1.7 states it (https://ossf.github.io/osv-schema/): one event has one key. `introduced: '0'` is the beginning of all versions.
 * `fixed` excludes, `lastAffected` includes, `limit` excludes (all that is not below a limit is out).
 */
export type RangeEvent =
  | { readonly introduced: string }
  | { readonly fixed: string }
  | { readonly lastAffected: string }
  | { readonly limit: string };

/** SEMVER: compared by SemVer 2.0 whatever the ecosystem; ECOSYSTEM: by the ecosystem's own order. GIT ranges are not kept (counted when built). */
export interface VersionRange {
  readonly type: 'SEMVER' | 'ECOSYSTEM';
  readonly events: readonly RangeEvent[];
}

/** What one advisory says of one package in one feed namespace. Affected: any range or any listed version holds. */
export interface AffectedPackage {
  /**
   * The namespace as OSV spells it, release included: `npm`, `Go`, `Debian:12`, `Alpine:v3.18`, `AlmaLinux:8`, `Red Hat:9`, `Ubuntu:22.04`, `Wolfi`, `openEuler:22.03-LTS-SP3` …
   * Ubuntu's `:LTS` / `:Pro` / FIPS variants and the like are folded by the reader into this and `channel`.
   */
  readonly ecosystem: string;
  /** The support channel that a fix needs (`esm-apps`, `esm-infra`, `pro`, `eus`, `ltss`), null for everybody's. */
  readonly channel: string | null;
  /** Normalised by the name rules of its ecosystem (domain/vulnerabilities/package-name.ts), so that a look-up is by equality. */
  readonly name: string;
  /** What `name` names: the source package, the binary one, or either (apk origin = source). Languages: 'package'. */
  readonly nameOf: 'source' | 'binary' | 'package';
  readonly ranges: readonly VersionRange[];
  readonly versions: readonly string[];
  readonly status: AdvisoryStatus;
  /** The vendor's own word: `no-dsa`, `postponed`, `Will not fix`, `needs-triage` … */
  readonly vendorStatus: string | null;
  readonly severities: readonly StatedSeverity[];
  /** rpm: applies only inside this module and stream (`nodejs:12`). */
  readonly module: string | null;
  /** Architectures that it applies to; empty: all. */
  readonly architectures: readonly string[];
  /** RHEL: content sets or CPEs (as stated) that it applies to; empty: all. */
  readonly contentSets: readonly string[];
  /** Go: packages/symbols named (import paths), for confidence only; empty elsewhere. */
  readonly imports: readonly string[];
}

export interface Advisory {
  /** As its source names it: CVE-…, GHSA-…, DSA-…, ALPINE-CVE-…, RHSA-…. */
  readonly id: string;
  /** Other names of the same vulnerability (OSV `aliases`; `upstream` for distribution records that fix a CVE). Sorted, without `id`. */
  readonly aliases: readonly string[];
  /** Feed id: `osv` for OSV exports (with the namespace in `ecosystem`), `debian-tracker`, `alpine-secdb`, `redhat-vex`, `ubuntu`, `suse-csaf`, … */
  readonly source: string;
  readonly url: string | null;
  readonly summary: string | null;
  /** RFC 3339 moments; null where unstated. */
  readonly published: string | null;
  readonly modified: string | null;
  /** A withdrawn or rejected record is kept only to withdraw; it never matches. */
  readonly withdrawn: string | null;
  readonly severities: readonly StatedSeverity[];
  readonly affected: readonly AffectedPackage[];
}

/** Beside advisories, by CVE id: CISA KEV, EPSS, NVD CVSS. */
export interface Enrichment {
  readonly kev: { readonly added: string; readonly due: string | null; readonly ransomware: boolean } | null;
  /** Probability and percentile in 0…1, with the day of the model. */
  readonly epss: { readonly probability: number; readonly percentile: number; readonly date: string } | null;
  readonly severities: readonly StatedSeverity[];
  /** NVD or the CNA rejected the id. */
  readonly rejected: boolean;
}

/** One feed namespace as the database has it: what `completeness.feeds` and `withoutFeed` are made of. */
export interface FeedInfo {
  readonly ecosystem: string;
  readonly source: string;
  readonly records: number;
  /** Newest `modified` or `published` among its records. */
  readonly newest: string | null;
  /** When the feed was fetched, as the build was told; null for files given by hand without a date. */
  readonly fetched: string | null;
}

/** Distribution end of life, from the database. `ecosystem` as in AffectedPackage. Dates are ISO days. */
export interface EndOfLife {
  readonly ecosystem: string;
  readonly eol: string | null;
  readonly extendedEol: string | null;
  readonly source: string;
}

/** What a database says of itself. */
export interface DatabaseInfo {
  /** `sha256:HEX` over the content: the same advisories give the same digest, whenever and wherever they were built. */
  readonly digest: string;
  /** RFC 3339. */
  readonly builtAt: string;
  readonly schemaVersion: number;
  /** Sorted by ecosystem and source. */
  readonly feeds: readonly FeedInfo[];
  readonly endOfLife: readonly EndOfLife[];
  /** The small set that comes with Plimsoll (`--db starter`): no real database, and every output says so. */
  readonly starter: boolean;
}
