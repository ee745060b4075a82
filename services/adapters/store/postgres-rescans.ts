import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Page, Part } from '../../pipeline/page.ts';
import type {
  ChangeFilter,
  ChangeReader,
  RejudgedReport,
  RescanStore,
  StoredChange,
  StoredReport,
} from '../../pipeline/rescan-ports.ts';
import type { JudgedWith } from '../../pipeline/store-ports.ts';
import { tellAdmission } from './admitted-verdicts.ts';
import { isCurrent } from './judgement-terms.ts';
import { partOf } from './part-of.ts';
import { reportRow } from './postgres-images.ts';
import type { ReportsTable, StoreSchema } from './schema.ts';

/** Reports that are judged again in their places, and what changed. */
export class PostgresRescans implements RescanStore, ChangeReader {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  async outdated(by: JudgedWith, after: string | null, limit: number): Promise<readonly StoredReport[]> {
    const rows = await this.#newest(after)
      .where(sql<boolean>`newest.judged_with is distinct from ${by.digest}`)
      .where(sql<boolean>`newest.left_by is distinct from ${by.digest}`)
      // Hosts whose databases differ would judge each other's reports to and fro.
      .where(sql<boolean>`(newest.database_built_at <= ${by.databaseBuiltAt}) is not false`)
      .limit(limit)
      .execute();
    return rows.map(storedReport);
  }

  async naming(vulnerability: string, after: string | null, limit: number): Promise<readonly StoredReport[]> {
    const rows = await this.#newest(after)
      .where(sql<boolean>`strpos(reports.document, ${JSON.stringify(vulnerability)}) > 0`)
      .limit(limit)
      .execute();
    return rows.map(storedReport);
  }

  async replace(rejudged: readonly RejudgedReport[], revision: string): Promise<readonly string[] | 'overtaken'> {
    return await this.#database.transaction().execute(async (transaction) => {
      if (!(await isCurrent(transaction, revision))) return 'overtaken';
      const replaced: string[] = [];
      for (const each of rejudged.toSorted((a, b) => (a.image.digest < b.image.digest ? -1 : 1))) {
        if (await replaceOne(transaction, each)) replaced.push(each.image.digest);
      }
      await tellAdmission(transaction, replaced);
      return replaced;
    });
  }

  async leave(id: string, by: JudgedWith): Promise<void> {
    await this.#database.updateTable('reports').set({ left_by: by.digest }).where('id', '=', id).execute();
  }

  async changes({ digest, decision }: ChangeFilter, page: Page): Promise<Part<StoredChange>> {
    let query = this.#database
      .selectFrom('changes')
      .innerJoin('images', 'images.digest', 'changes.digest')
      .selectAll('changes')
      .select('images.reference')
      .orderBy('changes.id', 'desc')
      .limit(page.limit + 1);
    if (digest !== undefined) query = query.where('changes.digest', '=', digest);
    if (decision !== undefined) {
      query = query.where('decision_after', '=', decision).where('decision_before', '<>', decision);
    }
    if (page.after !== null) query = query.where('changes.id', '<', page.after);
    return partOf(
      await query.execute(),
      page,
      ({ id }) => id,
      (row) => ({
        digest: row.digest,
        reference: row.reference,
        at: row.at.toISOString(),
        database: { before: row.database_before, after: row.database_after },
        decision: { before: row.decision_before, after: row.decision_after },
        appeared: row.appeared,
        vanished: row.vanished,
        altered: row.altered,
      }),
    );
  }

  /** The newest report of each image behind `after`, by digest. */
  #newest(after: string | null) {
    const newest = this.#database
      .selectFrom('reports')
      .distinctOn('digest')
      .select(['id', 'digest', 'judged_with', 'left_by', 'database_built_at'])
      .where('digest', '>', after ?? '')
      .orderBy('digest')
      .orderBy('scanned_at', 'desc');
    return this.#database
      .selectFrom(newest.as('newest'))
      .innerJoin('reports', 'reports.id', 'newest.id')
      .select(['reports.id', 'reports.digest', 'reports.read_by', 'reports.document', 'reports.document_digest'])
      .orderBy('newest.digest');
  }
}

type Row = Pick<Selectable<ReportsTable>, 'id' | 'digest' | 'read_by' | 'document' | 'document_digest'>;

function storedReport({ id, digest, read_by, document, document_digest }: Row): StoredReport {
  return { id, digest, readBy: read_by, document, documentDigest: document_digest };
}

async function replaceOne(
  transaction: Transaction<StoreSchema>,
  { image, basis, databases, change }: RejudgedReport,
): Promise<boolean> {
  const { digest, judgedBy } = image;
  // Held, so that no scan of it stores before this one has.
  await transaction.selectFrom('images').select('digest').where('digest', '=', digest).forUpdate().execute();
  const newest = await transaction
    .selectFrom('reports')
    .select(['id', 'document_digest'])
    .where('digest', '=', digest)
    .orderBy('scanned_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (newest?.id !== basis.id || newest.document_digest !== basis.documentDigest) return false;
  // One from when everything was as it is again: it is older than the one that now says the same.
  await transaction
    .deleteFrom('reports')
    .where('digest', '=', digest)
    .where('judged_by', '=', judgedBy)
    .where('id', '<>', basis.id)
    .execute();
  await transaction
    .updateTable('reports')
    .set({ ...reportRow(image), judged_by: judgedBy, judged_at: sql`now()` })
    .where('id', '=', basis.id)
    .execute();
  if (change === null) return true;
  const { appeared, vanished, altered } = change;
  await transaction
    .insertInto('changes')
    .values({
      digest,
      database_before: databases.before,
      database_after: databases.after,
      decision_before: change.decision.before,
      decision_after: change.decision.after,
      appeared: JSON.stringify(appeared),
      vanished: JSON.stringify(vanished),
      altered: JSON.stringify(altered),
    })
    .execute();
  return true;
}
