import { join } from 'node:path';
import { LmdbDatabaseWriter } from '../../services/adapters/advisories/database-writer.ts';
import { LocalFeedFiles } from '../../services/adapters/advisories/local-feed-files.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import type { Advisory } from '../../services/domain/vulnerabilities/advisory.ts';
import type { Feed } from '../../services/domain/vulnerabilities/feeds/feed.ts';
import type { Refusal } from '../../services/domain/vulnerabilities/feeds/refusals.ts';
import { FEEDS } from '../../services/domain/vulnerabilities/feeds/registry.ts';
import type { BuiltDatabase } from '../../services/pipeline/advisory-ports.ts';
import { buildDatabase } from '../../services/pipeline/build-database.ts';
import { SHARED_DATA } from './repository.ts';

const ADVISORIES = join(SHARED_DATA, 'advisories');

interface ReadFile {
  readonly name: string;
  readonly advisories: number;
  readonly withdrawn: readonly Advisory[];
  /** Namespace, source and id, with tabs between. */
  readonly namespaces: readonly string[];
  /** Namespace and each name of a vulnerability that a record of it gives, with a tab between; withdrawn ones apart. */
  readonly known: readonly string[];
  readonly refusals: readonly Refusal[];
}

export interface Build {
  readonly root: string;
  readonly built: BuiltDatabase;
  readonly read: readonly ReadFile[];
  /** Files that no reader took. */
  readonly unread: readonly string[];
}

/** Builds a database from these folders of ../shared/data/advisories in this order into `root`, and remembers what was read. */
export async function buildShared(root: string, ...folders: readonly string[]): Promise<Build> {
  const read: ReadFile[] = [];
  const names: string[] = [];
  const feeds = FEEDS.map((feed): Feed => {
    const remembering: Feed['read'] = (bytes, context) => {
      const reading = feed.read(bytes, context);
      read.push({
        name: context.name,
        advisories: reading.advisories.length,
        withdrawn: reading.advisories.filter(({ withdrawn }) => withdrawn !== null),
        namespaces: reading.advisories.flatMap(({ id, source, affected }) =>
          [...new Set(affected.map(({ ecosystem }) => ecosystem))].map((each) => `${each}\t${source}\t${id}`),
        ),
        known: reading.advisories.flatMap(({ id, aliases, withdrawn, affected }) =>
          withdrawn !== null
            ? []
            : [...new Set(affected.map(({ ecosystem }) => ecosystem))].flatMap((ecosystem) =>
                [id, ...aliases].map((each) => `${ecosystem}\t${each}`),
              ),
        ),
        refusals: reading.refusals,
      });
      return reading;
    };
    return { id: feed.id, recognises: (name, head) => feed.recognises(name, head), read: remembering };
  });
  const paths = folders.map((folder) => ({ path: join(ADVISORIES, folder), kind: null, fetched: null }));
  const built = await buildDatabase(
    { starter: false, allowShrunk: false, limits: LIMITS, signal: new AbortController().signal, onProgress: () => {} },
    {
      files: {
        async *files(signal) {
          for await (const file of new LocalFeedFiles(paths, LIMITS).files(signal)) {
            names.push(file.name);
            yield file;
          }
        },
      },
      feeds,
      openWriter: () => LmdbDatabaseWriter.create(root),
      now: () => '2026-01-01T00:00:00Z',
      breathe: async () => {},
    },
  );
  const taken = new Set(read.map(({ name }) => name));
  return { root, built, read, unread: names.filter((name) => !taken.has(name)) };
}
