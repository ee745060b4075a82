import type { FeedInfo } from '../domain/vulnerabilities/advisory.ts';
import type { DatabaseChange } from '../domain/vulnerabilities/database-change.ts';
import type { Refusal } from '../domain/vulnerabilities/feeds/refusals.ts';
import type { UpdatableDatabases } from '../pipeline/update-database.ts';

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

/** Whose databases are taken. */
export interface ImportTerms {
  /** Public keys in PEM, beside those that PLIMSOLL_DB_KEYS names. */
  readonly keyFiles: readonly string[];
  readonly allowUnsigned: boolean;
  readonly allowOlder: boolean;
}

/** Databases on disk, as the `db` commands use them. A `root` is null for the default place. */
export interface DatabaseSession extends UpdatableDatabases {
  readonly feedIds: readonly string[];
  /** Null where there is none; DATABASE_UNUSABLE. */
  status(root: string | null): Promise<DatabaseStatus | null>;
  /** Reads all of it; null where there is none; DATABASE_UNUSABLE where it is not what it says. */
  verify(root: string | null): Promise<DatabaseStatus | null>;
  /** What is to be matched again; DATABASE_NOT_FOUND where one of the two directories has no database. */
  diff(before: string, after: string): AsyncIterable<DatabaseChange>;
  /** `keyFile` is a private Ed25519 key in PEM; null leaves the signature that it was imported with. */
  exportFile(root: string | null, file: string, keyFile: string | null): Promise<DatabaseStatus>;
  importFile(root: string | null, file: string, terms: ImportTerms): Promise<DatabaseStatus>;
  /** As importFile, from `https://…` or `oci://…`. */
  pull(root: string | null, url: string, terms: ImportTerms, signal: AbortSignal): Promise<DatabaseStatus>;
}
