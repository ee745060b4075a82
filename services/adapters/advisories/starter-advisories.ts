import { hash } from 'node:crypto';
import {
  STARTER_ADVISORIES,
  STARTER_DATE,
  STARTER_END_OF_LIFE,
  STARTER_ENRICHMENT,
} from '../../domain/vulnerabilities/starter.ts';
import { MemoryAdvisories } from './memory-advisories.ts';

/** The starter set as a database that says of itself that it is none. */
export function starterAdvisories(): MemoryAdvisories {
  const content = JSON.stringify([STARTER_ADVISORIES, STARTER_END_OF_LIFE, STARTER_ENRICHMENT]);
  const { feeds } = new MemoryAdvisories(STARTER_ADVISORIES).describe();
  const records = STARTER_ENRICHMENT.length;
  return new MemoryAdvisories(STARTER_ADVISORIES, STARTER_ENRICHMENT, {
    digest: `sha256:${hash('sha256', content)}`,
    builtAt: STARTER_DATE,
    feeds: [...feeds, { ecosystem: 'KEV', source: 'starter', records, newest: STARTER_DATE, fetched: null }],
    endOfLife: STARTER_END_OF_LIFE,
    starter: true,
  });
}
