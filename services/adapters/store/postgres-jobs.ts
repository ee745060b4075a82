import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { ErrorCode } from '../../domain/errors.ts';
import type {
  Attempt,
  DueJobs,
  Job,
  JobControl,
  JobError,
  JobFilter,
  JobKind,
  JobLedger,
  JobProgress,
  JobReader,
  JobRequest,
  JobRequests,
  JobResult,
  LostJobs,
  RegistryRoom,
} from '../../pipeline/job-ports.ts';
import type { Page, Part } from '../../pipeline/page.ts';
import { isUniqueViolation } from './failures.ts';
import { partOf } from './part-of.ts';
import { fullRegistries, hasRoom, ROOM_FOR_ALL } from './registry-room.ts';
import type { JobsTable, StoreSchema } from './schema.ts';

/** The queue is told of so many jobs of one registry at once: more than run, of one that is slow. */
const ANNOUNCED_OF_REGISTRY = 64;

/** Jobs as rows. Every moment is the server's: workers' clocks differ. */
export class PostgresJobs implements JobRequests, DueJobs, JobLedger, LostJobs, JobReader, JobControl {
  readonly #database: Kysely<StoreSchema>;

  constructor(database: Kysely<StoreSchema>) {
    this.#database = database;
  }

  request(requests: readonly JobRequest[]): Promise<readonly Job[]> {
    return this.#database.transaction().execute((transaction) => requestJobs(transaction, requests));
  }

  requestDue(requests: readonly JobRequest[], everyMs: number): Promise<readonly Job[]> {
    return this.#database.transaction().execute(async (transaction) => {
      const due: JobRequest[] = [];
      for (const request of requests.toSorted(inOneOrder)) {
        if (await takeTurn(transaction, request, everyMs)) due.push(request);
      }
      return await requestJobs(transaction, due);
    });
  }

  async begin(id: string, worker: string, room: RegistryRoom = ROOM_FOR_ALL): Promise<Job | null> {
    try {
      return await this.#database.transaction().execute(async (transaction) => {
        const full = await fullRegistries(transaction, worker, room);
        const row = await transaction
          .updateTable('jobs')
          .set({
            state: 'running',
            attempts: sql`attempts + 1`,
            worker,
            progress: null,
            heartbeat_at: sql`now()`,
            started_at: sql`now()`,
            finished_at: null,
          })
          .where('id', '=', id)
          .where('state', '=', 'queued')
          .where('run_after', '<=', sql<Date>`now()`)
          .where(hasRoom(full))
          .returningAll()
          .executeTakeFirst();
        return row === undefined ? null : jobOf(row);
      });
    } catch (error) {
      // Another of the same kind and key runs; this one is announced again.
      if (isUniqueViolation(error)) return null;
      throw error;
    }
  }

  async next(kind: JobKind, worker: string, room: RegistryRoom): Promise<string | null> {
    const full = await fullRegistries(this.#database, worker, room);
    const row = await this.#database
      .selectFrom('jobs')
      .select('id')
      .where('kind', '=', kind)
      .where('state', '=', 'queued')
      .where('run_after', '<=', sql<Date>`now()`)
      .where(hasRoom(full))
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('jobs as other')
              .select('other.id')
              .where('other.state', '=', 'running')
              .whereRef('other.kind', '=', 'jobs.kind')
              .whereRef('other.key', '=', 'jobs.key'),
          ),
        ),
      )
      .orderBy('priority')
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    return row?.id ?? null;
  }

  async beat(attempt: Attempt, progress: JobProgress | null = null): Promise<boolean> {
    const said = progress === null ? {} : { progress: JSON.stringify(progress) };
    const beating = this.#held(attempt).set({ heartbeat_at: sql`now()`, ...said });
    return (await beating.executeTakeFirst()).numUpdatedRows > 0n;
  }

  async settle(attempt: Attempt, outcome: { result: JobResult } | { error: JobError }): Promise<boolean> {
    return await settleJob(this.#database, attempt, outcome);
  }

  async retry(attempt: Attempt, error: JobError, delayMs: number): Promise<boolean> {
    const held = await this.#database
      .selectFrom('jobs')
      .select(['attempts_allowed'])
      .where('id', '=', attempt.id)
      .where('attempts', '=', attempt.attempts)
      .where('state', '=', 'running')
      .executeTakeFirst();
    if (held === undefined) return false;
    if (attempt.attempts >= held.attempts_allowed) return await this.settle(attempt, { error });
    const failure = { error_code: error.code, error_message: error.message };
    try {
      const queued = await this.#held(attempt)
        .set({
          ...failure,
          state: 'queued',
          worker: null,
          run_after: sql`now() + ${delayMs} * interval '1 millisecond'`,
        })
        .executeTakeFirst();
      return queued.numUpdatedRows > 0n;
    } catch (conflict) {
      if (!isUniqueViolation(conflict)) throw conflict;
      // The same was asked for again meanwhile, and waits: that is the next attempt.
      const left = await this.#held(attempt)
        .set({ ...failure, state: 'cancelled', finished_at: sql`now()` })
        .executeTakeFirst();
      return left.numUpdatedRows > 0n;
    }
  }

  async recover(silentMs: number): Promise<readonly string[]> {
    const lost = await this.#database
      .selectFrom('jobs')
      .select(['id', 'attempts', 'worker'])
      .where('state', '=', 'running')
      .where('heartbeat_at', '<', sql<Date>`now() - ${silentMs} * interval '1 millisecond'`)
      .execute();
    const recovered: string[] = [];
    for (const { id, attempts, worker } of lost) {
      const message = `Attempt ${attempts} was lost: worker ${worker} has not been heard of for ${silentMs / 1_000} s.`;
      if (await this.retry({ id, attempts }, { code: 'WORKER_LOST', message }, 0)) recovered.push(id);
    }
    return recovered;
  }

  async waiting(limit: number): Promise<readonly Job[]> {
    const ranked = this.#database
      .selectFrom('jobs')
      .selectAll()
      .select(({ fn }) =>
        fn
          .agg<string>('row_number')
          .over((over) => over.partitionBy(['kind', 'registry']).orderBy('priority').orderBy('seq'))
          .as('rank'),
      )
      .where('state', '=', 'queued')
      .as('ranked');
    const rows = await this.#database
      .selectFrom(ranked)
      .selectAll()
      .where(({ or, eb }) => or([eb('registry', 'is', null), eb('rank', '<=', String(ANNOUNCED_OF_REGISTRY))]))
      .orderBy('priority')
      .orderBy('seq')
      .limit(limit)
      .execute();
    return rows.map(jobOf);
  }

  async job(id: string): Promise<Job | null> {
    const row = await this.#database.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : jobOf(row);
  }

  async jobs({ kind, state }: JobFilter, page: Page): Promise<Part<Job>> {
    let query = this.#database
      .selectFrom('jobs')
      .selectAll()
      .orderBy('seq', 'desc')
      .limit(page.limit + 1);
    if (kind !== undefined) query = query.where('kind', '=', kind);
    if (state !== undefined) query = query.where('state', '=', state);
    if (page.after !== null) query = query.where('seq', '<', page.after);
    return partOf(await query.execute(), page, ({ seq }) => seq, jobOf);
  }

  async cancel(id: string): Promise<boolean> {
    const stopped = await this.#database
      .updateTable('jobs')
      .set({ state: 'cancelled', finished_at: sql`now()` })
      .where('id', '=', id)
      .where('state', 'in', ['queued', 'running'])
      .executeTakeFirst();
    return stopped.numUpdatedRows > 0n;
  }

  async replay(id: string): Promise<Job | null> {
    try {
      const row = await this.#database
        .updateTable('jobs')
        .set({
          state: 'queued',
          // Attempts are never counted anew: their number is what tells an old one from a new one.
          attempts_allowed: sql`attempts + 5`,
          run_after: sql`now()`,
          worker: null,
          finished_at: null,
        })
        .where('id', '=', id)
        .where('state', 'in', ['failed', 'cancelled'])
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? null : jobOf(row);
    } catch (error) {
      if (isUniqueViolation(error)) return null;
      throw error;
    }
  }

  #held({ id, attempts }: Attempt) {
    return this.#database
      .updateTable('jobs')
      .where('id', '=', id)
      .where('attempts', '=', attempts)
      .where('state', '=', 'running');
  }
}

/** Queues each, or finds the one that is queued. Rows are taken in one order, so that two of these never wait for each other. */
export async function requestJobs(
  transaction: Transaction<StoreSchema>,
  requests: readonly JobRequest[],
): Promise<readonly Job[]> {
  const jobs = new Map<string, Job>();
  for (const request of requests.toSorted(inOneOrder)) {
    const { kind, key, priority, registry = null } = request;
    const payload = JSON.stringify(request.payload);
    const row = await transaction
      .insertInto('jobs')
      .values({ id: randomUUID(), kind, key, payload, priority, registry, state: 'queued' })
      .onConflict((conflict) =>
        conflict
          .columns(['kind', 'key'])
          .where('state', '=', 'queued')
          .doUpdateSet({ priority: sql`least(jobs.priority, excluded.priority)` }),
      )
      .returningAll()
      .executeTakeFirstOrThrow();
    jobs.set(nameOf(request), jobOf(row));
  }
  return requests.map((request) => jobs.get(nameOf(request))!);
}

function nameOf({ kind, key }: JobRequest): string {
  return `${kind}\0${key}`;
}

function inOneOrder(a: JobRequest, b: JobRequest): number {
  return nameOf(a) < nameOf(b) ? -1 : 1;
}

/** True for one of all that ask while the turn is due: the others wait for the row, and then find it taken. */
async function takeTurn(
  transaction: Transaction<StoreSchema>,
  { kind, key }: JobRequest,
  everyMs: number,
): Promise<boolean> {
  const { rows } = await sql`
    insert into schedules (kind, key, asked_at) values (${kind}, ${key}, now())
    on conflict (kind, key) do update set asked_at = excluded.asked_at
      where schedules.asked_at <= now() - ${everyMs} * interval '1 millisecond'
        and not exists (select from jobs where jobs.kind = ${kind} and jobs.key = ${key} and state in ('queued', 'running'))
    returning 1`.execute(transaction);
  return rows.length > 0;
}

/** Ends an attempt, as part of a transaction where there is more to store. False: the job is no longer this attempt's. */
export async function settleJob(
  database: Kysely<StoreSchema>,
  { id, attempts }: Attempt,
  outcome: { readonly result: JobResult } | { readonly error: JobError },
): Promise<boolean> {
  const settled = await database
    .updateTable('jobs')
    .set({
      ...('result' in outcome
        ? { state: 'done' as const, result: JSON.stringify(outcome.result), error_code: null, error_message: null }
        : { state: 'failed' as const, error_code: outcome.error.code, error_message: outcome.error.message }),
      finished_at: sql`now()`,
    })
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('state', '=', 'running')
    .executeTakeFirst();
  return settled.numUpdatedRows > 0n;
}

function jobOf(row: Selectable<JobsTable>): Job {
  return {
    id: row.id,
    kind: row.kind,
    key: row.key,
    payload: row.payload,
    priority: row.priority,
    registry: row.registry,
    state: row.state,
    attempts: row.attempts,
    attemptsAllowed: row.attempts_allowed,
    runAfter: row.run_after.toISOString(),
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
    progress: row.progress,
    result: row.result,
    error: row.error_code === null ? null : { code: row.error_code as ErrorCode, message: row.error_message ?? '' },
  };
}
