import { type Kysely, sql } from 'kysely';
import type { FoundPackage, PackageFinder, PackagePlace, PackageSearch } from '../../pipeline/store-ports.ts';
import type { StoreSchema } from './schema.ts';

/** The image, or an index that it is in. */
const ITS_DIGESTS = sql`(select image.digest union all select index_digest from index_children where child_digest = image.digest)`;

/** See PackageSearch. What is deleted took its tags along. */
const IS_CURRENT = sql<boolean>`case
  when exists (select from tag_history where digest in ${ITS_DIGESTS})
  then exists (select from tag_history as told where told.digest in ${ITS_DIGESTS}
    and not exists (select from tag_history as later
      where later.registry = told.registry and later.repository = told.repository and later.tag = told.tag
        and not later.unresolved and (later.at, later.id) > (told.at, told.id)))
  else not exists (select from manifests where digest in ${ITS_DIGESTS} and deleted_at is not null)
    and not exists (select from images as later
      where later.reference = image.reference and later.is_index = image.is_index
        and later.platform is not distinct from image.platform and later.last_scanned_at > image.last_scanned_at)
  end`;

export class PostgresPackages implements PackageFinder {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  async packagesNamed(
    { name, images }: PackageSearch,
    after: PackagePlace | null,
    limit: number,
  ): Promise<readonly FoundPackage[]> {
    let query = this.#database
      .selectFrom('report_packages as package')
      .innerJoin('reports as report', 'report.id', 'package.report')
      .innerJoin('images as image', 'image.digest', 'report.digest')
      .select(['image.digest', 'image.reference', 'image.platform'])
      .select(['package.ordinal', 'package.type', 'package.version', 'package.purl'])
      .where('package.name', '=', name)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('reports as later')
              .select('later.id')
              .whereRef('later.digest', '=', 'report.digest')
              .whereRef('later.scanned_at', '>', 'report.scanned_at'),
          ),
        ),
      )
      .orderBy('image.digest')
      .orderBy('package.ordinal')
      .limit(limit);
    if (images === 'current') query = query.where(IS_CURRENT);
    if (after !== null) {
      query = query.where(sql<boolean>`(image.digest, package.ordinal) > (${after.digest}, ${after.ordinal}::integer)`);
    }
    return await query.execute();
  }
}
