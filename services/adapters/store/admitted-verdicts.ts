import { type Kysely, sql } from 'kysely';
import type { StoreSchema } from './schema.ts';

/** What is said where a report is stored: its digest, and that of each index that holds it. */
export const VERDICT_CHANNEL = 'plimsoll_verdicts';

/** In the transaction that stores reports, behind them: what admission has to know of it. Who listens hears it with the commit. */
export async function tellAdmission(database: Kysely<StoreSchema>, digests: readonly string[]): Promise<void> {
  if (digests.length === 0) return;
  const { rows } = await sql<{ digest: string }>`
    select unnest(${[...digests]}::text[]) as digest
    union select index_digest from index_children where child_digest = any (${[...digests]}::text[])`.execute(database);
  const changed = rows.map(({ digest }) => digest);
  await markFailing(database, changed);
  await sql`select pg_notify(${VERDICT_CHANNEL}, digest) from unnest(${changed}::text[]) as digest`.execute(database);
}

/** Notes since when admitted digests fail: those whose newest verdict is `fail`, of an index that of any of its images. */
export async function markFailing(database: Kysely<StoreSchema>, digests: readonly string[]): Promise<void> {
  await sql`
    update admitted_digests admitted
    set failing_since = case when failing.digest is not null then coalesce(admitted.failing_since, now()) end
    from unnest(${[...digests]}::text[]) as asked(digest)
      left join lateral (
        select part.digest
        from (
          select asked.digest union select child_digest from index_children where index_digest = asked.digest
        ) as part(digest),
        lateral (select decision from reports where reports.digest = part.digest order by scanned_at desc limit 1) newest
        where newest.decision = 'fail' limit 1
      ) as failing on true
    where admitted.digest = asked.digest`.execute(database);
}
