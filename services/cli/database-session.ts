import type { FeedInfo } from '../domain/vulnerabilities/advisory.ts';
import type { Refusal } from '../domain/vulnerabilities/feeds/refusals.ts';
import type { BuildDependencies } from '../pipeline/build-database.ts';

/** What is told of a database on disk without reading all of it. */
export interface DatabaseStatus {
  readonly directory: string;
  readonly digest: string;
  readonly builtAt: string;
  readonly builtBy: string;
  readonly schemaVersion: number;
  readonly bytes: number;
  readonly counts: { readonly records: number; readonly packages: number; readonly enriched: number };
  readonly feeds: readonly FeedInfo[];
  readonly refusals: readonly Refusal[];
}

/** One path of `--from`, and its kind where it was named. */
export interface FeedPlace {
  readonly path: string;
  readonly kind: string | null;
  readonly fetched: string | null;
}

/** One package whose advisories are not the same in two databases. */
export interface ChangedPackage {
  readonly ecosystem: string;
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
}

/** Databases on disk, as the `db` commands use them. A `root` is null for the default place. */
export interface DatabaseSession {
  readonly feedIds: readonly string[];
  buildDependencies(root: string | null, places: readonly FeedPlace[]): BuildDependencies;
  /** Null where there is none; DATABASE_UNUSABLE. */
  status(root: string | null): Promise<DatabaseStatus | null>;
  /** Reads all of it; null where there is none; DATABASE_UNUSABLE where it is not what it says. */
  verify(root: string | null): Promise<DatabaseStatus | null>;
  /** What is to be matched again; DATABASE_NOT_FOUND where one of the two directories has no database. */
  diff(before: string, after: string): AsyncIterable<ChangedPackage>;
}
