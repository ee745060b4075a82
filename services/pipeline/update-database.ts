import { PlimsollError } from '../domain/errors.ts';
import type { Limits } from '../domain/limits.ts';
import type { FeedSource } from '../domain/vulnerabilities/feed-sources.ts';
import type { BuiltDatabase } from './advisory-ports.ts';
import { type BuildDependencies, buildDatabase } from './build-database.ts';

/** A file, or a folder of files, that feeds are read from, and its kind where it was named. */
export interface FeedPlace {
  readonly path: string;
  readonly kind: string | null;
  readonly fetched: string | null;
  /** The ecosystem whose OSV export it is, where its path does not say it. */
  readonly exported?: string;
}

/** Where databases are built from what was fetched. A `root` is null for the default place. */
export interface UpdatableDatabases {
  buildDependencies(root: string | null, places: readonly FeedPlace[]): BuildDependencies;
  /** `missing` names the sources of which there is no copy, old or new. */
  fetchFeeds(
    root: string | null,
    sources: readonly FeedSource[],
    allowShrunk: boolean,
    signal: AbortSignal,
  ): Promise<{ places: readonly FeedPlace[]; warnings: readonly string[]; missing: readonly string[] }>;
  /** A fetched file that cannot be read is fetched anew next time. */
  forgetDownload(path: string): Promise<void>;
}

export interface UpdateRequest {
  readonly root: string | null;
  readonly sources: readonly FeedSource[];
  /** Builds without the feeds of which there is no copy. */
  readonly allowMissing: boolean;
  readonly allowShrunk: boolean;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  readonly onWarning: (message: string) => void;
  readonly onProgress: (files: number, advisories: number) => void;
}

/**
 * Feeds that are new → a new database, installed. What could not be fetched anew is told, and its last copy used. Raises what
 * fetching and building raise; the installed database then stays as it is.
 */
export async function updateDatabase(request: UpdateRequest, databases: UpdatableDatabases): Promise<BuiltDatabase> {
  const { root, sources, allowMissing, allowShrunk, limits, signal, onWarning, onProgress } = request;
  const { places, warnings, missing } = await databases.fetchFeeds(root, sources, allowShrunk, signal);
  for (const warning of warnings) onWarning(warning);
  if (missing.length > 0 && !allowMissing) {
    const feeds = missing.length === 1 ? '1 feed' : `${missing.length} feeds`;
    throw new PlimsollError(
      'DOWNLOAD_FAILED',
      `${feeds} could not be fetched: ${missing.join(', ')}. Try again, choose others (--feeds, advisories.feeds), or build without them: --allow-missing, advisories.allowMissing.`,
    );
  }
  try {
    return await buildDatabase(
      { starter: false, allowShrunk, limits, signal, onProgress },
      databases.buildDependencies(root, places),
    );
  } catch (error) {
    const path = error instanceof PlimsollError ? error.details.path : undefined;
    if (typeof path === 'string') await databases.forgetDownload(path);
    throw error;
  }
}
