import { type Kysely, sql } from 'kysely';
import type { RetainedImage } from '../../domain/registries/image-retention.ts';
import type { ImageRetentionStore } from '../../pipeline/retention-ports.ts';
import type { StoreSchema } from './schema.ts';

/** Images of one statement: a long one would hold up those who write. */
const IMAGES = 200;

interface PlaceRow {
  readonly digest: string;
  readonly registry: string;
  readonly repository: string;
  readonly tags: string[];
  readonly pushed_at: Date;
  readonly deleted_at: Date | null;
}

export class PostgresImageRetention implements ImageRetentionStore {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  async retainedImages(): Promise<readonly RetainedImage[]> {
    const { rows: images } = await sql<Omit<RetainedImage, 'places'>>`select digest, reference,
        array(select index_digest from index_children where child_digest = images.digest) as parents,
        exists (select from admitted_digests where admitted_digests.digest = images.digest) as held
      from images order by digest`.execute(this.#database);
    const { rows } = await sql<PlaceRow>`with pointing as (
        select registry, repository, digest, array_agg(tag order by tag) as tags from (
          select distinct on (registry, repository, tag) registry, repository, tag, digest from tag_history
          where not unresolved order by registry, repository, tag, at desc, id desc) told
        where digest is not null group by registry, repository, digest)
      select manifests.digest, registry, repository, coalesce(tags, '{}') as tags, pushed_at, deleted_at
      from manifests join images using (digest) left join pointing using (registry, repository, digest)
      order by registry, repository`.execute(this.#database);
    const places = Map.groupBy(rows, ({ digest }) => digest);
    return images.map((image) => ({
      ...image,
      places: (places.get(image.digest) ?? []).map(({ digest: _, pushed_at, deleted_at, ...place }) => {
        return { ...place, pushedAt: pushed_at.toISOString(), deletedAt: deleted_at?.toISOString() ?? null };
      }),
    }));
  }

  async removeImages(digests: readonly string[], decidedAt: string): Promise<number> {
    let removed = 0;
    for (let start = 0; start < digests.length; start += IMAGES) {
      const { numAffectedRows } =
        await sql`delete from images where digest = any(${digests.slice(start, start + IMAGES)})
        and not exists (select from admitted_digests where admitted_digests.digest = images.digest)
        and not exists (select from manifests where manifests.digest = images.digest and pushed_at > ${decidedAt}
          and deleted_at is null)`.execute(this.#database);
      removed += Number(numAffectedRows ?? 0n);
    }
    return removed;
  }
}
