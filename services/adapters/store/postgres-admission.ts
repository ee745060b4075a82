import { type Kysely, sql } from 'kysely';
import { imageVerdictOf, mergedVerdict } from '../../domain/admission/judged-images.ts';
import type { Report } from '../../domain/report/report.ts';
import type { ImageVerdict } from '../../domain/verdict/judged-image.ts';
import type {
  AdmittedDigest,
  AdmittedDigests,
  BreakGlassGrant,
  BreakGlassGrants,
  StoredVerdicts,
  TagDigests,
} from '../../pipeline/admission-store-ports.ts';
import { markFailing } from './admitted-verdicts.ts';
import type { StoreSchema } from './schema.ts';

/** What admission asks while a review waits, and what it remembers of what it let in. */
export class PostgresAdmission implements StoredVerdicts, AdmittedDigests, TagDigests, BreakGlassGrants {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  async verdictOf(digest: string): Promise<ImageVerdict | null> {
    const { rows } = await sql<{ summary: ImageVerdict | null; report: string | null }>`
      select newest.summary, newest.id as report
      from images asked
        left join index_children child on child.index_digest = asked.digest
        left join lateral (
          select id, summary from reports where digest = coalesce(child.child_digest, asked.digest)
          order by scanned_at desc limit 1
        ) newest on true
      where asked.digest = ${digest}`.execute(this.#database);
    if (rows.length === 0) return null;
    const verdicts = await Promise.all(rows.map(({ summary, report }) => summary ?? this.#ofDocument(report)));
    return mergedVerdict(digest, verdicts);
  }

  /** Of a report that was stored before there were summaries. */
  async #ofDocument(id: string | null): Promise<ImageVerdict | null> {
    if (id === null) return null;
    const row = await this.#database.selectFrom('reports').select('document').where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : imageVerdictOf(JSON.parse(row.document) as Report);
  }

  async failingSince({ namespace, digest }: AdmittedDigest): Promise<string | null> {
    const row = await this.#database
      .selectFrom('admitted_digests')
      .select('failing_since')
      .where('namespace', '=', namespace)
      .where('digest', '=', digest)
      .executeTakeFirst();
    return row?.failing_since?.toISOString() ?? null;
  }

  async remember(admitted: readonly AdmittedDigest[]): Promise<void> {
    if (admitted.length === 0) return;
    await this.#database
      .insertInto('admitted_digests')
      .values(admitted.map(({ namespace, digest }) => ({ namespace, digest })))
      .onConflict((conflict) => conflict.columns(['namespace', 'digest']).doUpdateSet({ last_admitted_at: sql`now()` }))
      .execute();
    // A verdict may have changed since the review was answered.
    await markFailing(this.#database, [...new Set(admitted.map(({ digest }) => digest))]);
  }

  async tagDigest({
    registry,
    reference,
    repository,
    tag,
  }: Parameters<TagDigests['tagDigest']>[0]): Promise<string | null> {
    if (registry !== null) {
      const told = await this.#database
        .selectFrom('tag_history')
        .select('digest')
        .where('registry', '=', registry)
        .where('repository', '=', repository)
        .where('tag', '=', tag)
        .orderBy('at', 'desc')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (told !== undefined) return told.digest;
    }
    // A scan by tag resolved it; an index comes with its images, under the same name.
    const scanned = await this.#database
      .selectFrom('images')
      .select('digest')
      .where('reference', '=', reference)
      .orderBy('last_scanned_at', 'desc')
      .orderBy('is_index', 'desc')
      .limit(1)
      .executeTakeFirst();
    return scanned?.digest ?? null;
  }

  async grant({ ownerUid, templateDigest, namespace, user, reason, expiresAt }: BreakGlassGrant): Promise<void> {
    const content = { namespace, username: user, reason, expires_at: expiresAt };
    await this.#database
      .insertInto('break_glass_grants')
      .values({ owner_uid: ownerUid, template_digest: templateDigest, ...content })
      .onConflict((conflict) => conflict.columns(['owner_uid', 'template_digest']).doUpdateSet(content))
      .execute();
  }

  async granted(ownerUid: string, templateDigest: string): Promise<BreakGlassGrant | null> {
    const row = await this.#database
      .selectFrom('break_glass_grants')
      .selectAll()
      .where('owner_uid', '=', ownerUid)
      .where('template_digest', '=', templateDigest)
      .where('expires_at', '>', sql<Date>`now()`)
      .executeTakeFirst();
    if (row === undefined) return null;
    const { namespace, username: user, reason, expires_at } = row;
    return { ownerUid, templateDigest, namespace, user, reason, expiresAt: expires_at.toISOString() };
  }
}
