import { PlimsollError } from '../../domain/errors.ts';
import type { AdvisoryDatabase } from '../../pipeline/advisory-ports.ts';
import { databaseRoot, findBuild } from './directory.ts';

/**
 * As Session.openDatabase. By itself, without what fetches and builds databases: each scan waits for it.
 */
export async function openDatabase(
  named: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<(AdvisoryDatabase & { close(): Promise<void> }) | null> {
  if (named === 'starter') {
    const { starterAdvisories } = await import('./starter-advisories.ts');
    return Object.assign(starterAdvisories(), { close: async () => {} });
  }
  const found = await findBuild(named ?? databaseRoot(environment));
  if (found !== null) {
    const { LmdbAdvisories } = await import('./lmdb-advisories.ts');
    return LmdbAdvisories.openBuild(found);
  }
  if (named === null) return null;
  throw new PlimsollError(
    'DATABASE_NOT_FOUND',
    `${named} has no advisory database. Name the directory of one, or build it: plimsoll db build --from PATH --output ${named}`,
    { details: { directory: named } },
  );
}
