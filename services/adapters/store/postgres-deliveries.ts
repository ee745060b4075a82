import { randomUUID } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { JobRequest } from '../../pipeline/job-ports.ts';
import type { Page, Part } from '../../pipeline/page.ts';
import type {
  Delivery,
  DeliveryStore,
  KnownTags,
  RecordedDelivery,
  TagChange,
  TagReader,
} from '../../pipeline/store-ports.ts';
import { partOf } from './part-of.ts';
import { requestJobs } from './postgres-jobs.ts';
import type { StoreSchema } from './schema.ts';

/** What registries told, what became of tags, and the jobs that follow. */
export class PostgresDeliveries implements DeliveryStore, TagReader, KnownTags {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  record(delivery: Delivery, requests: readonly JobRequest[]): Promise<RecordedDelivery> {
    const { registry, senderId, bodyDigest, events, ignored } = delivery;
    return this.#database.transaction().execute(async (transaction) => {
      const row = { id: randomUUID(), registry, sender_id: senderId, body_digest: bodyDigest };
      const fresh = await transaction
        .insertInto('deliveries')
        .values({ ...row, events: events.length, ignored })
        .onConflict((conflict) =>
          conflict.columns(['registry', 'sender_id']).where('sender_id', 'is not', null).doNothing(),
        )
        .returning('id')
        .executeTakeFirst();
      if (fresh === undefined) {
        const first = await transaction
          .selectFrom('deliveries')
          .select('id')
          .where('registry', '=', registry)
          .where('sender_id', '=', senderId)
          .executeTakeFirstOrThrow();
        return { id: first.id, replay: true, jobs: [] };
      }
      await recordTags(transaction, fresh.id, delivery);
      return { id: fresh.id, replay: false, jobs: await requestJobs(transaction, requests) };
    });
  }

  async history(registry: string, repository: string, tag: string, page: Page): Promise<Part<TagChange>> {
    let query = this.#database
      .with('told', (builder) =>
        builder
          .selectFrom('tag_history')
          .select(['id', 'registry', 'repository', 'tag', 'digest', 'at'])
          .select(sql<string | null>`lag(digest) over (order by at, id)`.as('before'))
          .where('registry', '=', registry)
          .where('repository', '=', repository)
          .where('tag', '=', tag),
      )
      .selectFrom('told')
      .select(['id', 'registry', 'repository', 'tag', 'digest', 'at'])
      // What says again what held before is no change; nor is the deletion of what was never there.
      .where(sql<boolean>`digest is distinct from before`)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(page.limit + 1);
    if (page.after !== null) {
      query = query.where(sql<boolean>`(at, id) < (select at, id from tag_history where id = ${page.after})`);
    }
    return partOf(
      await query.execute(),
      page,
      ({ id }) => id,
      ({ at, id: _, ...change }) => ({ ...change, at: at.toISOString() }),
    );
  }

  /** Of tags, and of scans that were asked for: an event need not name a digest. */
  async repositories(registry: string): Promise<readonly string[]> {
    const ofTags = this.#database.selectFrom('tag_history').select('repository').where('registry', '=', registry);
    const ofJobs = this.#database
      .selectFrom('jobs')
      .select(sql<string>`payload->>'repository'`.as('repository'))
      .where('kind', '=', 'scan')
      .where(sql<boolean>`payload->>'registry' = ${registry}`)
      .where(sql<boolean>`payload->>'repository' is not null`);
    const rows = await ofTags.union(ofJobs).execute();
    return rows.map(({ repository }) => repository);
  }

  async tags(registry: string, repository: string): Promise<ReadonlyMap<string, string | null>> {
    const rows = await this.#database
      .selectFrom('tag_history')
      .select(['tag', 'digest'])
      .distinctOn('tag')
      .where('registry', '=', registry)
      .where('repository', '=', repository)
      .orderBy('tag')
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .execute();
    return new Map(rows.map(({ tag, digest }) => [tag, digest]));
  }
}

/**
 * A row for each moment of which it is told where a tag points, though it says what held before: what lies between the two
 * may still come. Told twice of one moment, it is one row.
 */
async function recordTags(
  transaction: Transaction<StoreSchema>,
  delivery: string,
  { registry, events }: Delivery,
): Promise<void> {
  for (const { action, repository, tag, digest, at } of events) {
    if (tag === null || (action === 'push' && digest === null)) continue;
    const pointsAt = action === 'delete' ? null : digest;
    // A sender whose clock is ahead must not hold a tag against all that is told later.
    const moment = at === null ? sql<Date>`now()` : sql<Date>`least(${at}::timestamptz, now())`;
    const same = await transaction
      .selectFrom('tag_history')
      .select('id')
      .where('registry', '=', registry)
      .where('repository', '=', repository)
      .where('tag', '=', tag)
      .where('at', '=', moment)
      .where(sql<boolean>`digest is not distinct from ${pointsAt}`)
      .limit(1)
      .executeTakeFirst();
    if (same !== undefined) continue;
    await transaction
      .insertInto('tag_history')
      .values({ registry, repository, tag, digest: pointsAt, at: moment as never, delivery })
      .execute();
  }
}
