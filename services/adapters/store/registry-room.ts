import { type ExpressionBuilder, type ExpressionWrapper, type Kysely, type SqlBool, sql } from 'kysely';
import type { RegistryRoom } from '../../pipeline/job-ports.ts';
import type { StoreSchema } from './schema.ts';

export const ROOM_FOR_ALL: RegistryRoom = { mostInWorker: Number.POSITIVE_INFINITY, most: new Map() };

/** Any number that is the same in all processes, and that no other lock of the store has. */
const LOCK = 8_300_001;

/**
 * Registries of which no further job may begin in this worker. In a transaction it holds until that is over: two workers never
 * count the same room twice.
 */
export async function fullRegistries(
  database: Kysely<StoreSchema>,
  worker: string,
  { mostInWorker, most }: RegistryRoom,
): Promise<readonly string[]> {
  if (database.isTransaction) await sql`select pg_advisory_xact_lock(${LOCK})`.execute(database);
  const running = await database
    .selectFrom('jobs')
    .select(({ fn }) => [
      'registry',
      fn.countAll<string>().as('everywhere'),
      fn.countAll<string>().filterWhere('worker', '=', worker).as('here'),
    ])
    .where('state', '=', 'running')
    .where('registry', 'is not', null)
    .groupBy('registry')
    .execute();
  return running
    .filter(({ registry, everywhere, here }) => {
      return Number(here) >= mostInWorker || Number(everywhere) >= (most.get(registry!) ?? Number.POSITIVE_INFINITY);
    })
    .map(({ registry }) => registry!);
}

/** Whether a job asks none of these registries. */
export function hasRoom(full: readonly string[]) {
  return ({ or, eb }: ExpressionBuilder<StoreSchema, 'jobs'>): ExpressionWrapper<StoreSchema, 'jobs', SqlBool> =>
    or([eb('registry', 'is', null), eb('registry', '!=', sql<string>`all(${full})`)]);
}
