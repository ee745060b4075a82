import { type Kysely, sql, type Transaction } from 'kysely';
import type { StoreSchema } from './schema.ts';

/*
 * What all reports are judged by is changed by one at a time, and by none while a report is stored that was judged by it. So each
 * report is either stored before a change, and found by the job that follows from it, or judged anew.
 */

/** Counts one up. Before anything else of the transaction that changes the terms. */
export async function countChange(transaction: Transaction<StoreSchema>): Promise<void> {
  await transaction.updateTable('judgement_terms').set({ revision: sql`revision + 1` }).execute();
}

/** The same where this is still the revision; false: it is not, and nothing was counted. */
export async function countChangeOf(transaction: Transaction<StoreSchema>, revision: string): Promise<boolean> {
  const counted = await transaction
    .updateTable('judgement_terms')
    .set({ revision: sql`revision + 1` })
    .where('revision', '=', revision)
    .executeTakeFirst();
  return counted.numUpdatedRows > 0n;
}

/** Whether this is still the revision; it then stays so to the end of the transaction. */
export async function isCurrent(transaction: Transaction<StoreSchema>, revision: string): Promise<boolean> {
  const row = await transaction.selectFrom('judgement_terms').select('revision').forShare().executeTakeFirstOrThrow();
  return row.revision === revision;
}

export async function currentRevision(database: Kysely<StoreSchema>): Promise<string> {
  return (await database.selectFrom('judgement_terms').select('revision').executeTakeFirstOrThrow()).revision;
}
