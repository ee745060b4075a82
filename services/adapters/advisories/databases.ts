import { setImmediate } from 'node:timers/promises';
import { PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import { type ChangedKey, changedKeys } from './compare-databases.ts';
import { LmdbDatabaseWriter } from './database-writer.ts';
import { databaseRoot, type FoundBuild, findBuild } from './directory.ts';
import { LmdbAdvisories, verifyBuild } from './lmdb-advisories.ts';
import { type FeedPath, LocalFeedFiles } from './local-feed-files.ts';
import type { Manifest } from './manifest.ts';
import type { MemoryAdvisories } from './memory-advisories.ts';
import { starterAdvisories } from './starter-advisories.ts';

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

  /** As Session.openDatabase. */
  async open(named: string | null): Promise<LmdbAdvisories | (MemoryAdvisories & { close(): Promise<void> }) | null> {
    if (named === 'starter') return Object.assign(starterAdvisories(), { close: async () => {} });
    const database = await LmdbAdvisories.open(this.#root(named));
    if (database !== null || named === null) return database;
    throw new PlimsollError(
      'DATABASE_NOT_FOUND',
      `${named} has no advisory database. Name the directory of one, or build it: plimsoll db build --from PATH --output ${named}`,
      { details: { directory: named } },
    );
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

  /** The packages whose advisories differ; DATABASE_NOT_FOUND where one of the two is none. */
  async *diff(before: string, after: string): AsyncGenerator<ChangedKey> {
    const left = (await this.open(before)) as LmdbAdvisories;
    try {
      const right = (await this.open(after)) as LmdbAdvisories;
      try {
        yield* changedKeys(left, right);
      } finally {
        await right.close();
      }
    } finally {
      await left.close();
    }
  }

  #root(named: string | null): string {
    return named ?? databaseRoot(this.#environment);
  }
}

function statusOf({ directory, manifest }: FoundBuild): Status {
  const { digest, builtAt, builtBy, schemaVersion, counts, feeds, refusals, data } = manifest;
  return { directory, digest, builtAt, builtBy, schemaVersion, bytes: data.bytes, counts, feeds, refusals };
}
