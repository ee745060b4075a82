import type { Advisory, DatabaseInfo, Enrichment } from '../../domain/vulnerabilities/advisory.ts';
import type { AdvisoryDatabase } from '../../pipeline/advisory-ports.ts';
import { SCHEMA_VERSION } from './manifest.ts';

/** The smallest advisory database that keeps the contract. */
export class MemoryAdvisories implements AdvisoryDatabase {
  readonly #advisories: readonly Advisory[];
  readonly #enrichment: ReadonlyMap<string, Enrichment>;
  readonly #info: DatabaseInfo;

  constructor(
    advisories: readonly Advisory[],
    enrichment: Iterable<readonly [string, Enrichment]> = [],
    info: Partial<DatabaseInfo> = {},
  ) {
    const name = ({ id, source }: Advisory) => `${id}\0${source}`;
    this.#advisories = advisories.toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
    this.#enrichment = new Map(enrichment);
    this.#info = {
      digest: `sha256:${'0'.repeat(64)}`,
      builtAt: '2026-01-01T00:00:00Z',
      schemaVersion: SCHEMA_VERSION,
      feeds: [...feedsOf(advisories)].map(([key, records]) => {
        const [ecosystem, source] = key.split('\0') as [string, string];
        return { ecosystem, source, records, newest: null, fetched: null };
      }),
      endOfLife: [],
      starter: false,
      ...info,
    };
  }

  lookup(ecosystem: string, name: string): readonly Advisory[] {
    return this.#advisories.flatMap((advisory) => {
      const affected = advisory.affected.filter((entry) => entry.ecosystem === ecosystem && entry.name === name);
      return affected.length === 0 ? [] : [{ ...advisory, affected }];
    });
  }

  enrichment(cveId: string): Enrichment | null {
    return this.#enrichment.get(cveId) ?? null;
  }

  describe(): DatabaseInfo {
    return this.#info;
  }
}

/** Records by namespace and source, sorted. */
function feedsOf(advisories: readonly Advisory[]): Map<string, number> {
  const feeds = new Map<string, number>();
  for (const { source, affected } of advisories) {
    for (const ecosystem of new Set(affected.map((entry) => entry.ecosystem))) {
      const key = `${ecosystem}\0${source}`;
      feeds.set(key, (feeds.get(key) ?? 0) + 1);
    }
  }
  return new Map([...feeds].sort(([a], [b]) => (a < b ? -1 : 1)));
}
