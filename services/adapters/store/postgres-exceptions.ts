import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { VulnerabilityException } from '../../domain/vulnerabilities/exceptions.ts';
import type {
  ChangedException,
  ExceptionFilter,
  ExceptionStore,
  NewException,
  StoredException,
} from '../../pipeline/exception-ports.ts';
import { type Job, PRIORITIES } from '../../pipeline/job-ports.ts';
import type { Page, Part } from '../../pipeline/page.ts';
import { countChange } from './judgement-terms.ts';
import { partOf } from './part-of.ts';
import { requestJobs } from './postgres-jobs.ts';
import type { ExceptionsTable, StoreSchema } from './schema.ts';

/** Days are the server's, UTC. */
const TODAY = sql<Date>`(now() at time zone 'utc')::date`;
const EXPIRES = sql<string>`to_char(expires, 'YYYY-MM-DD')`;
const STATE = sql<StoredException['state']>`case when ended_at is not null then 'ended'
  when expires < ${TODAY} then 'expired' else 'in-force' end`;

type Row = Omit<Selectable<ExceptionsTable>, 'expires'> & { expires: string; state: StoredException['state'] };

export class PostgresExceptions implements ExceptionStore {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  addException(exception: NewException, by: string): Promise<ChangedException> {
    const { vulnerability, packages, paths, images, reason, owner, expires } = exception;
    return this.#database.transaction().execute(async (transaction) => {
      await countChange(transaction);
      const { held } = await inForce(transaction)
        .select(sql<number>`count(*)::int`.as('held'))
        .executeTakeFirstOrThrow();
      if (held >= LIMITS.storedExceptions) {
        const message = `${held} exceptions are in force, and no more may be (storedExceptions). End those that are not needed.`;
        throw new PlimsollError('LIMIT_EXCEEDED', message, { details: { limit: 'storedExceptions' } });
      }
      const id = randomUUID();
      const json = (list: readonly string[] | undefined) => (list === undefined ? null : JSON.stringify(list));
      const scope = { packages: json(packages), paths: json(paths), images: json(images) };
      await transaction
        .insertInto('exceptions')
        .values({ id, vulnerability, ...scope, reason, owner, expires, created_by: by })
        .execute();
      return await changed(transaction, id);
    });
  }

  endException(id: string, by: string): Promise<ChangedException | null> {
    return this.#database.transaction().execute(async (transaction) => {
      await countChange(transaction);
      const ended = await transaction
        .updateTable('exceptions')
        .set({ ended_at: sql`now()`, ended_by: by })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .where('expires', '>=', TODAY)
        .executeTakeFirst();
      return ended.numUpdatedRows === 0n ? null : await changed(transaction, id);
    });
  }

  async exception(id: string): Promise<StoredException | null> {
    const row = await rows(this.#database).where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : exceptionOf(row);
  }

  async exceptions({ state, vulnerability, owner }: ExceptionFilter, page: Page): Promise<Part<StoredException>> {
    let query = rows(this.#database)
      .orderBy('seq', 'desc')
      .limit(page.limit + 1);
    if (state !== undefined) query = query.where(STATE, '=', state);
    if (vulnerability !== undefined) query = query.where('vulnerability', '=', vulnerability);
    if (owner !== undefined) query = query.where('owner', '=', owner);
    if (page.after !== null) query = query.where('seq', '<', page.after);
    return partOf(await query.execute(), page, ({ seq }) => seq, exceptionOf);
  }

  async lapse(): Promise<readonly Job[]> {
    const over = this.#database.selectFrom('exceptions').select('id').where(isOver).limit(1);
    if ((await over.executeTakeFirst()) === undefined) return [];
    return await this.#database.transaction().execute(async (transaction) => {
      await countChange(transaction);
      const lapsed = await transaction
        .updateTable('exceptions')
        .set({ lapsed: true })
        .where(isOver)
        .returning('vulnerability')
        .execute();
      return await rejudge(transaction, [...new Set(lapsed.map(({ vulnerability }) => vulnerability))]);
    });
  }
}

/** Those that hold today, by id, as reports are judged by them. */
export async function exceptionsInForce(database: Kysely<StoreSchema>): Promise<readonly VulnerabilityException[]> {
  const found = await inForce(database)
    .selectAll()
    .select([EXPIRES.as('expires'), STATE.as('state')])
    .execute();
  return found
    .map(exceptionOf)
    .map(({ id, state: _s, createdAt: _c, createdBy: _b, endedAt: _e, endedBy: _y, ...content }) => {
      return { ...content, name: `exception ${id}` };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function inForce(database: Kysely<StoreSchema>) {
  return database.selectFrom('exceptions').where('ended_at', 'is', null).where('expires', '>=', TODAY);
}

const isOver = sql<boolean>`ended_at is null and not lapsed and expires < ${TODAY}`;

function rows(database: Kysely<StoreSchema>) {
  return database
    .selectFrom('exceptions')
    .selectAll()
    .select([EXPIRES.as('expires'), STATE.as('state')]);
}

async function changed(transaction: Transaction<StoreSchema>, id: string): Promise<ChangedException> {
  const exception = exceptionOf(await rows(transaction).where('id', '=', id).executeTakeFirstOrThrow());
  const [job] = await rejudge(transaction, [exception.vulnerability]);
  return { exception, job: job! };
}

function rejudge(transaction: Transaction<StoreSchema>, vulnerabilities: readonly string[]): Promise<readonly Job[]> {
  const { rescan: priority } = PRIORITIES;
  return requestJobs(
    transaction,
    vulnerabilities.map((vulnerability) => {
      return { kind: 'rescan', key: vulnerability, payload: { vulnerability }, priority };
    }),
  );
}

function exceptionOf(row: Row): StoredException {
  return {
    id: row.id,
    state: row.state,
    vulnerability: row.vulnerability,
    ...(row.packages !== null && { packages: row.packages }),
    ...(row.paths !== null && { paths: row.paths }),
    ...(row.images !== null && { images: row.images }),
    reason: row.reason,
    owner: row.owner,
    expires: row.expires,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    endedAt: row.ended_at?.toISOString() ?? null,
    endedBy: row.ended_by,
  };
}
