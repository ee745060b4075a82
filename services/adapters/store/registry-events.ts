import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Delivery, RegistryEvent } from '../../pipeline/store-ports.ts';
import type { StoreSchema } from './schema.ts';

/** One repository of one registry, as a transaction changes what is known of it. */
interface Place {
  readonly transaction: Transaction<StoreSchema>;
  readonly registry: string;
  readonly repository: string;
  readonly delivery: string | null;
}

/**
 * What events say of tags and manifests, at the moments that they state: they come in any order, and some twice. A tag has a row for
 * each moment of which it is told where it points, though it says what held before: what lies between the two may still come.
 */
export async function recordEvents(
  transaction: Transaction<StoreSchema>,
  delivery: string,
  { registry, events }: Delivery,
): Promise<void> {
  for (const { repository, ...event } of events) {
    const place = { transaction, registry, repository, delivery };
    // A sender whose clock is ahead must not hold a tag against all that is told later.
    const at = event.at === null ? sql<Date>`now()` : sql<Date>`least(${event.at}::timestamptz, now())`;
    await (event.action === 'push' ? pushed(place, event, at) : deleted(place, event, at));
  }
}

/** A scan has found what a tag that was pushed without a digest points to; all that was pushed to it before was overwritten. */
export async function resolveTag(
  transaction: Transaction<StoreSchema>,
  { registry, repository, tag }: { readonly registry: string; readonly repository: string; readonly tag: string },
  digest: string,
  before: Date,
): Promise<void> {
  const { rows } = await sql<{ id: string }>`select id from tag_history where registry = ${registry}
    and repository = ${repository} and tag = ${tag} and unresolved and at <= ${before} order by at desc, id desc`.execute(
    transaction,
  );
  const [newest, ...older] = rows.map(({ id }) => id);
  if (newest === undefined) return;
  await transaction.updateTable('tag_history').set({ digest, unresolved: false }).where('id', '=', newest).execute();
  if (older.length > 0) await transaction.deleteFrom('tag_history').where('id', 'in', older).execute();
}

/** These are there at this moment: pushed, or read. */
export async function seeManifests(
  transaction: Transaction<StoreSchema>,
  { registry, repository }: { readonly registry: string; readonly repository: string },
  digests: readonly string[],
  at: RawBuilder<Date>,
): Promise<void> {
  for (const digest of [...new Set(digests)].toSorted()) {
    await sql`insert into manifests (registry, repository, digest, pushed_at) values (${registry}, ${repository}, ${digest}, ${at})
      on conflict (registry, repository, digest) do update set pushed_at = greatest(manifests.pushed_at, excluded.pushed_at),
        deleted_at = case when manifests.deleted_at > excluded.pushed_at then manifests.deleted_at end`.execute(
      transaction,
    );
  }
}

async function pushed(
  place: Place,
  { tag, digest }: Pick<RegistryEvent, 'tag' | 'digest'>,
  at: RawBuilder<Date>,
): Promise<void> {
  if (digest !== null) await seeManifests(place.transaction, place, [digest], at);
  if (tag === null) return;
  await putTag(place, tag, digest, at);
  if (digest === null) return;
  // Its deletion may have been told before.
  const { transaction, registry, repository } = place;
  const gone = await transaction
    .selectFrom('manifests')
    .select('last_deleted_at')
    .where('registry', '=', registry)
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .where('last_deleted_at', '>', at)
    .executeTakeFirst();
  if (gone?.last_deleted_at) await takeTags(place, digest, sql<Date>`${gone.last_deleted_at}`);
}

async function deleted(
  place: Place,
  { tag, digest }: Pick<RegistryEvent, 'tag' | 'digest'>,
  at: RawBuilder<Date>,
): Promise<void> {
  if (tag !== null) return await putTag(place, tag, null, at, 'deleted');
  if (digest === null) return;
  const { transaction, registry, repository } = place;
  // Also where it is not known: its push may still come, and is of before.
  await sql`insert into manifests (registry, repository, digest, pushed_at, deleted_at, last_deleted_at)
    values (${registry}, ${repository}, ${digest}, ${at}, ${at}, ${at})
    on conflict (registry, repository, digest) do update set
      deleted_at = coalesce(manifests.deleted_at,
        case when manifests.pushed_at <= excluded.deleted_at then excluded.deleted_at end),
      last_deleted_at = greatest(manifests.last_deleted_at, excluded.last_deleted_at)`.execute(transaction);
  await takeTags(place, digest, at);
}

/** A manifest that goes takes the tags that point to it. */
async function takeTags(
  { transaction, registry, repository, delivery }: Place,
  digest: string,
  at: RawBuilder<Date>,
): Promise<void> {
  await sql`insert into tag_history (registry, repository, tag, digest, at, delivery, taken_with)
    select registry, repository, tag, null, ${at}, ${delivery}, ${digest} from (
      select distinct on (tag) registry, repository, tag, digest from tag_history
      where registry = ${registry} and repository = ${repository} and at <= ${at} order by tag, at desc, id desc) told
    where digest = ${digest}`.execute(transaction);
}

/** Told twice of one moment, it is one row. A push without a digest is kept until it is known what it points to. */
async function putTag(
  { transaction, registry, repository, delivery }: Place,
  tag: string,
  digest: string | null,
  at: RawBuilder<Date>,
  action: 'pushed' | 'deleted' = 'pushed',
): Promise<void> {
  const unresolved = action === 'pushed' && digest === null;
  const same = await transaction
    .selectFrom('tag_history')
    .select('id')
    .where('registry', '=', registry)
    .where('repository', '=', repository)
    .where('tag', '=', tag)
    .where('at', '=', at)
    .where('unresolved', '=', unresolved)
    .where(sql<boolean>`digest is not distinct from ${digest}`)
    .limit(1)
    .executeTakeFirst();
  if (same !== undefined) return;
  await transaction
    .insertInto('tag_history')
    .values({ registry, repository, tag, digest, at: at as never, delivery, unresolved })
    .execute();
  // A manifest that went later took only the tags that pointed to it: this one points elsewhere since.
  await sql`delete from tag_history where taken_with <> ${digest} and id = (select id from tag_history
    where registry = ${registry} and repository = ${repository} and tag = ${tag} and at > ${at} order by at, id limit 1)`.execute(
    transaction,
  );
}
