import { type Kysely, sql } from 'kysely';
import type { Expired, Retention, RetentionStore } from '../../pipeline/store-ports.ts';
import type { StoreSchema } from './schema.ts';

/** Rows of one statement: a long one would hold up those who write. */
const ROWS = 1_000;

/** Takes away what is older than it is kept; ages are the server's. */
export class PostgresRetention implements RetentionStore {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  async expire({
    jobsDays,
    reportsDays,
    changesDays,
    deliveriesDays,
    auditDays,
    admissionDays,
  }: Retention): Promise<Expired> {
    return {
      jobs: await this.#inPieces(
        sql`delete from jobs where id in (select id from jobs where state in ('done', 'failed', 'cancelled')
          and finished_at < ${before(jobsDays)} limit ${ROWS})`,
      ),
      // The newest of each image is what its verdict is read from: it stays, however old it is.
      reports: await this.#inPieces(
        sql`delete from reports where id in (select report.id from reports report where report.scanned_at < ${before(reportsDays)}
          and exists (select 1 from reports later where later.digest = report.digest and later.scanned_at > report.scanned_at)
          limit ${ROWS})`,
      ),
      changes: await this.#inPieces(
        sql`delete from changes where id in (select id from changes where at < ${before(changesDays)} limit ${ROWS})`,
      ),
      deliveries: await this.#inPieces(
        sql`delete from deliveries where id in (select id from deliveries
          where received_at < ${before(deliveriesDays)} limit ${ROWS})`,
      ),
      audit: await this.#inPieces(
        sql`delete from audit_log where id in (select id from audit_log where at < ${before(auditDays)} limit ${ROWS})`,
      ),
      admission:
        (await this.#inPieces(
          sql`delete from admission_records where id in (select id from admission_records
            where at < ${before(admissionDays)} limit ${ROWS})`,
        )) +
        (await this.#inPieces(
          sql`delete from admitted_digests where (namespace, digest) in (select namespace, digest from admitted_digests
            where last_admitted_at < ${before(admissionDays)} limit ${ROWS})`,
        )) +
        (await this.#inPieces(
          sql`delete from break_glass_grants where (owner_uid, template_digest) in (select owner_uid, template_digest
            from break_glass_grants where expires_at < ${before(admissionDays)} limit ${ROWS})`,
        )),
    };
  }

  async #inPieces(statement: ReturnType<typeof sql>): Promise<number> {
    for (let sum = 0; ; ) {
      const gone = Number((await statement.execute(this.#database)).numAffectedRows ?? 0n);
      sum += gone;
      if (gone < ROWS) return sum;
    }
  }
}

function before(days: number) {
  return sql`now() - ${days} * interval '1 day'`;
}
