import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { DatabaseChange } from '../../domain/vulnerabilities/database-change.ts';
import type { FeedSource } from '../../domain/vulnerabilities/feed-sources.ts';
import { databaseChanges } from './compare-databases.ts';
import { exportDatabase, type ImportTerms, importDatabase } from './database-archive.ts';
import { LmdbDatabaseWriter } from './database-writer.ts';
import { databaseRoot, type FoundBuild, findBuild } from './directory.ts';
import { Downloader } from './download.ts';
import { FeedDownloads, type FetchedFeeds } from './feed-downloads.ts';
import { type LmdbAdvisories, verifyBuild } from './lmdb-advisories.ts';
import { type FeedPath, LocalFeedFiles } from './local-feed-files.ts';
import type { Manifest } from './manifest.ts';
import { parseArtifact, pullArtifact } from './oci-artifact.ts';
import { openDatabase } from './open-database.ts';

/** What the manifest of a database on disk says, and where it is. */
export interface Status
  extends Pick<Manifest, 'digest' | 'builtAt' | 'builtBy' | 'schemaVersion' | 'counts' | 'feeds' | 'refusals'> {
  readonly directory: string;
  readonly bytes: number;
}

/** Databases on disk. A root that is null is the one that the environment names. */
export class Databases {
  readonly #environment: Readonly<Record<string, string | undefined>>;

  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#environment = environment;
  }

  buildDependencies(root: string | null, places: readonly FeedPath[]) {
    return {
      files: new LocalFeedFiles(places, LIMITS),
      openWriter: () => LmdbDatabaseWriter.create(this.#root(root)),
      now: () => new Date().toISOString(),
      breathe: () => setImmediate(),
    };
  }

  async status(root: string | null): Promise<Status | null> {
    const found = await findBuild(this.#root(root));
    return found === null ? null : statusOf(found);
  }

  async verify(root: string | null): Promise<Status | null> {
    const found = await findBuild(this.#root(root));
    if (found === null) return null;
    await verifyBuild(found);
    return statusOf(found);
  }

  /** What differs; DATABASE_NOT_FOUND where one of the two is none. */
  async *diff(before: string, after: string): AsyncGenerator<DatabaseChange> {
    const left = (await openDatabase(before, this.#environment)) as LmdbAdvisories;
    try {
      const right = (await openDatabase(after, this.#environment)) as LmdbAdvisories;
      try {
        yield* databaseChanges(left, right);
      } finally {
        await right.close();
      }
    } finally {
      await left.close();
    }
  }

  /** DATABASE_NOT_FOUND, DATABASE_UNUSABLE, OUTPUT_FAILED. `keyFile` signs it. */
  async exportFile(root: string | null, file: string, keyFile: string | null): Promise<Status> {
    const found = await findBuild(this.#root(root));
    if (found === null) throw new PlimsollError('DATABASE_NOT_FOUND', 'There is no advisory database to export.');
    await exportDatabase(found, file, keyFile);
    return statusOf(found);
  }

  /** DATABASE_NOT_FOUND, DATABASE_REFUSED, DATABASE_UNUSABLE. Keys of PLIMSOLL_DB_KEYS (`:` between files) are trusted too. */
  async importFile(root: string | null, file: string, terms: ImportTerms): Promise<Status> {
    const configured = (this.#environment.PLIMSOLL_DB_KEYS ?? '').split(':').filter((path) => path !== '');
    return statusOf(
      await importDatabase(file, this.#root(root), { ...terms, keyFiles: [...terms.keyFiles, ...configured] }),
    );
  }

  /** Imports the database at `https://…` or `oci://…`. Also DOWNLOAD_FAILED, DIGEST_MISMATCH. */
  async pull(root: string | null, url: string, terms: ImportTerms, signal: AbortSignal): Promise<Status> {
    const isArtifact = url.startsWith('oci://');
    if (isArtifact) parseArtifact(url);
    const directory = await this.#downloads(root);
    const downloader = new Downloader();
    let file = join(directory, 'pulled.part');
    try {
      if (isArtifact) file = await pullArtifact(url, directory, downloader, signal);
      else await downloader.download({ urls: [url], file, maxBytes: LIMITS.downloadBytes, signal });
      return await this.importFile(root, file, terms);
    } finally {
      await rm(file, { force: true });
      await downloader.close();
    }
  }

  /** Fetches feeds, or takes the copies of the last time where servers have nothing newer or do not answer. */
  async fetchFeeds(
    root: string | null,
    sources: readonly FeedSource[],
    allowShrunk: boolean,
    signal: AbortSignal,
  ): Promise<FetchedFeeds> {
    const downloader = new Downloader();
    try {
      return await new FeedDownloads(await this.#downloads(root), downloader).fetch(sources, allowShrunk, signal);
    } finally {
      await downloader.close();
    }
  }

  async #downloads(root: string | null): Promise<string> {
    const directory = join(this.#root(root), 'downloads');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return directory;
  }

  #root(named: string | null): string {
    return named ?? databaseRoot(this.#environment);
  }
}

function statusOf({ directory, manifest }: FoundBuild): Status {
  const { digest, builtAt, builtBy, schemaVersion, counts, feeds, refusals, data } = manifest;
  return { directory, digest, builtAt, builtBy, schemaVersion, bytes: data.bytes, counts, feeds, refusals };
}
