import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { JobRequest } from '../../pipeline/job-ports.ts';
import type { Page, Part } from '../../pipeline/page.ts';
import type {
  Delivery,
  DeliveryStore,
  KnownTags,
  ManifestPlace,
  PlaceReader,
  RecordedDelivery,
  TagChange,
  TagReader,
} from '../../pipeline/store-ports.ts';
import { partOf } from './part-of.ts';
import { requestJobs } from './postgres-jobs.ts';
import { recordEvents } from './registry-events.ts';
import type { StoreSchema } from './schema.ts';

interface PlaceRow {
  readonly registry: string;
  readonly repository: string;
  readonly tags: string[];
  readonly pushed_at: Date;
  readonly deleted_at: Date | null;
}

/** What registries told, what became of tags, and the jobs that follow. */
export class PostgresDeliveries implements DeliveryStore, TagReader, PlaceReader, KnownTags {
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
      await recordEvents(transaction, fresh.id, delivery);
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
          .where('tag', '=', tag)
          .where('unresolved', '=', false),
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
      .where('unresolved', '=', false)
      .orderBy('tag')
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .execute();
    return new Map(rows.map(({ tag, digest }) => [tag, digest]));
  }

  async untagged(registry: string, repository: string, tagged: readonly string[]): Promise<readonly string[]> {
    const { rows } = await sql<{ digest: string }>`select digest from manifests
      where registry = ${registry} and repository = ${repository} and deleted_at is null and digest <> all(${tagged})
        and not exists (select from index_children where child_digest = digest and index_digest = any(${tagged}))
      order by digest`.execute(this.#database);
    return rows.map(({ digest }) => digest);
  }

  async places(digest: string): Promise<readonly ManifestPlace[]> {
    const { rows } = await sql<PlaceRow>`select registry, repository, pushed_at, deleted_at,
        array(select tag from (select distinct on (tag) tag, digest from tag_history
          where registry = manifests.registry and repository = manifests.repository and not unresolved
          order by tag, at desc, id desc) told where told.digest = manifests.digest order by tag) as tags
      from manifests where digest = ${digest} order by registry, repository`.execute(this.#database);
    return rows.map(({ registry, repository, pushed_at, deleted_at, tags }) => {
      const deletedAt = deleted_at?.toISOString() ?? null;
      return { registry, repository, tags, pushedAt: pushed_at.toISOString(), deletedAt };
    });
  }
}
