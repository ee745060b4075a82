import { hash } from 'node:crypto';
import { STARTER_ADVISORIES, STARTER_DATE, STARTER_END_OF_LIFE } from '../../domain/vulnerabilities/starter.ts';
import { MemoryAdvisories } from './memory-advisories.ts';

/** The starter set as a database that says of itself that it is none. */
export function starterAdvisories(): MemoryAdvisories {
  const content = JSON.stringify([STARTER_ADVISORIES, STARTER_END_OF_LIFE]);
  return new MemoryAdvisories(STARTER_ADVISORIES, [], {
    digest: `sha256:${hash('sha256', content)}`,
    builtAt: STARTER_DATE,
    endOfLife: STARTER_END_OF_LIFE,
    starter: true,
  });
}
