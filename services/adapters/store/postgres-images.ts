import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { imageVerdictOf } from '../../domain/admission/judged-images.ts';
import type { Attempt, JobResult } from '../../pipeline/job-ports.ts';
import type { Page, Part } from '../../pipeline/page.ts';
import type {
  Decision,
  ImageReader,
  JudgedImage,
  JudgedTarget,
  ReportStore,
  SeverityCounts,
  StoredImage,
  StoredVerdict,
} from '../../pipeline/store-ports.ts';
import { tellAdmission } from './admitted-verdicts.ts';
import { isCurrent } from './judgement-terms.ts';
import { partOf } from './part-of.ts';
import { settleJob } from './postgres-jobs.ts';
import { resolveTag, seeManifests } from './registry-events.ts';
import type { ImagesTable, StoreSchema } from './schema.ts';

/** Rows of one statement: PostgreSQL takes at most 65,535 values. */
const ROWS = 5_000;

export class PostgresImages implements ReportStore, ImageReader {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  async storeAndSettle(
    attempt: Attempt,
    target: JudgedTarget,
    result: JobResult,
  ): Promise<'stored' | 'lost' | 'overtaken'> {
    return await this.#database.transaction().execute(async (transaction) => {
      const { reference, indexDigest, revision } = target;
      if (!(await isCurrent(transaction, revision))) return 'overtaken';
      // With the row's lock: nobody can take the job from here on.
      if (!(await settleJob(transaction, attempt, { result }))) return 'lost';
      const images = target.images.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
      if (indexDigest !== null)
        await putImage(transaction, { digest: indexDigest, is_index: true, platform: null, reference });
      for (const image of images) {
        const { platform } = image.report.target;
        await putImage(transaction, { digest: image.digest, is_index: false, platform, reference });
        await putReport(transaction, image);
      }
      if (indexDigest !== null) await putChildren(transaction, indexDigest, images);
      await putPlace(transaction, attempt, indexDigest, images);
      await tellAdmission(
        transaction,
        images.map(({ digest }) => digest),
      );
      return 'stored';
    });
  }

  async image(digest: string): Promise<StoredImage | null> {
    const row = await this.#database.selectFrom('images').selectAll().where('digest', '=', digest).executeTakeFirst();
    return row === undefined ? null : (await this.#withVerdicts([row]))[0]!;
  }

  async images(page: Page): Promise<Part<StoredImage>> {
    let query = this.#database
      .selectFrom('images')
      .selectAll()
      .orderBy('seq', 'desc')
      .limit(page.limit + 1);
    if (page.after !== null) query = query.where('seq', '<', page.after);
    const { items, next } = partOf(
      await query.execute(),
      page,
      ({ seq }) => seq,
      (row) => row,
    );
    return { items: await this.#withVerdicts(items), next };
  }

  async children(digest: string): Promise<readonly StoredImage[]> {
    const rows = await this.#database
      .selectFrom('images')
      .innerJoin('index_children', 'index_children.child_digest', 'images.digest')
      .selectAll('images')
      .where('index_children.index_digest', '=', digest)
      .orderBy('images.digest')
      .execute();
    return await this.#withVerdicts(rows);
  }

  async verdict(digest: string): Promise<StoredVerdict | null> {
    const row = await this.#newest(digest)
      .select(['decision', 'counts', 'scanned_at', 'judged_at', 'judged_by', 'document_digest'])
      .executeTakeFirst();
    if (row === undefined) return null;
    const { decision, counts, judged_by, document_digest } = row;
    const [scannedAt, judgedAt] = [row.scanned_at.toISOString(), row.judged_at.toISOString()];
    return { digest, decision, counts, scannedAt, judgedAt, judgedBy: judged_by, documentDigest: document_digest };
  }

  async report(digest: string): Promise<{ document: string; documentDigest: string } | null> {
    const row = await this.#newest(digest).select(['document', 'document_digest']).executeTakeFirst();
    return row === undefined ? null : { document: row.document, documentDigest: row.document_digest };
  }

  #newest(digest: string) {
    return this.#database.selectFrom('reports').where('digest', '=', digest).orderBy('scanned_at', 'desc').limit(1);
  }

  /** An index has the worst verdict of its images; one of them without a verdict leaves it unknown at best. */
  async #withVerdicts(rows: readonly Selectable<ImagesTable>[]): Promise<StoredImage[]> {
    const digests = rows.map(({ digest }) => digest);
    if (digests.length === 0) return [];
    const verdicts = await this.#database
      .selectFrom('images as asked')
      .leftJoin('index_children as child', 'child.index_digest', 'asked.digest')
      .leftJoinLateral(
        (from) =>
          from
            .selectFrom('reports')
            .select(['decision', 'counts', 'scanned_at'])
            .whereRef('reports.digest', '=', sql<string>`coalesce(child.child_digest, asked.digest)`)
            .orderBy('scanned_at', 'desc')
            .limit(1)
            .as('newest'),
        (join) => join.onTrue(),
      )
      .select(['asked.digest', 'newest.decision', 'newest.counts', 'newest.scanned_at'])
      .where('asked.digest', 'in', digests)
      .execute();
    const byDigest = Map.groupBy(verdicts, ({ digest }) => digest);
    return rows.map((row) => ({
      digest: row.digest,
      kind: row.is_index ? 'index' : 'image',
      platform: row.platform,
      reference: row.reference,
      firstScannedAt: row.first_scanned_at.toISOString(),
      lastScannedAt: row.last_scanned_at.toISOString(),
      verdict: worstOf(byDigest.get(row.digest) ?? []),
    }));
  }
}

function worstOf(
  rows: readonly { decision: Decision | null; counts: SeverityCounts | null; scanned_at: Date | null }[],
): StoredImage['verdict'] {
  const judged = rows.flatMap(({ decision, counts, scanned_at }) =>
    decision === null || counts === null || scanned_at === null ? [] : [{ decision, counts, scanned_at }],
  );
  if (judged.length === 0) return null;
  const decisions = judged.map(({ decision }) => decision);
  const allJudged = judged.length === rows.length;
  const counts: Record<string, number> = {};
  for (const each of judged) {
    for (const [severity, count] of Object.entries(each.counts)) {
      // Images of one index share most of their packages: a sum would count them again and again.
      counts[severity] = Math.max(counts[severity] ?? 0, count);
    }
  }
  return {
    decision: decisions.includes('fail') ? 'fail' : decisions.includes('unknown') || !allJudged ? 'unknown' : 'pass',
    counts,
    scannedAt: new Date(Math.min(...judged.map(({ scanned_at }) => scanned_at.getTime()))).toISOString(),
  };
}

async function putImage(
  transaction: Transaction<StoreSchema>,
  row: Pick<Selectable<ImagesTable>, 'digest' | 'is_index' | 'platform' | 'reference'>,
): Promise<void> {
  const { reference, platform } = row;
  await transaction
    .insertInto('images')
    .values(row)
    .onConflict((conflict) =>
      conflict.column('digest').doUpdateSet({ reference, platform, last_scanned_at: sql`now()` }),
    )
    .execute();
}

/** What was read in a registered registry is there, and its tag points to it. */
async function putPlace(
  transaction: Transaction<StoreSchema>,
  { id }: Attempt,
  indexDigest: string | null,
  images: readonly JudgedImage[],
): Promise<void> {
  const job = await transaction
    .selectFrom('jobs')
    .select(['payload', 'started_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  const { registry, repository, tag, digest } = job?.payload ?? {};
  if (!job?.started_at || typeof registry !== 'string' || typeof repository !== 'string') return;
  const place = { registry, repository };
  const at = job.started_at;
  const digests = images.map((image) => image.digest);
  const root = indexDigest ?? digests[0];
  await seeManifests(transaction, place, indexDigest === null ? digests : [indexDigest, ...digests], sql<Date>`${at}`);
  if (typeof tag === 'string' && digest === null && root !== undefined) {
    await resolveTag(transaction, { ...place, tag }, root, at);
  }
}

/** What a report says and what it was made by. */
export function reportRow(image: JudgedImage) {
  return {
    decision: image.decision,
    counts: JSON.stringify(image.counts),
    document: image.document,
    document_digest: image.documentDigest,
    read_by: image.readBy,
    judged_with: image.judgedWith?.digest ?? null,
    database_built_at: image.judgedWith?.databaseBuiltAt ?? null,
    left_by: null,
    summary: JSON.stringify(imageVerdictOf(image.report)),
  };
}

async function putReport(transaction: Transaction<StoreSchema>, image: JudgedImage): Promise<void> {
  const { digest, judgedBy, packageNames, report } = image;
  const content = reportRow(image);
  const { id } = await transaction
    .insertInto('reports')
    .values({ id: randomUUID(), digest, judged_by: judgedBy, ...content })
    .onConflict((conflict) =>
      conflict
        .columns(['digest', 'judged_by'])
        .doUpdateSet({ ...content, scanned_at: sql`now()`, judged_at: sql`now()` }),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  await transaction.deleteFrom('report_packages').where('report', '=', id).execute();
  const rows = report.packages.flatMap(({ type, version, purl }, ordinal) => {
    const name = packageNames[ordinal] ?? null;
    return name === null ? [] : [{ report: id, ordinal, name, type, version, purl }];
  });
  for (let start = 0; start < rows.length; start += ROWS) {
    await transaction
      .insertInto('report_packages')
      .values(rows.slice(start, start + ROWS))
      .execute();
  }
}

async function putChildren(
  transaction: Transaction<StoreSchema>,
  index: string,
  images: readonly JudgedImage[],
): Promise<void> {
  await transaction.deleteFrom('index_children').where('index_digest', '=', index).execute();
  const digests = [...new Set(images.map(({ digest }) => digest))];
  if (digests.length === 0) return;
  await transaction
    .insertInto('index_children')
    .values(digests.map((child) => ({ index_digest: index, child_digest: child })))
    .execute();
}
