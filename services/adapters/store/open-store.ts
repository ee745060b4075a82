import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, type LogEvent, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { TermsReader } from '../../pipeline/terms.ts';
import { type Trace, UNTRACED } from '../../pipeline/trace.ts';
import { patienceMs } from './failures.ts';
import { currentRevision } from './judgement-terms.ts';
import { migrate } from './migrate.ts';
import { PostgresAccess } from './postgres-access.ts';
import { PostgresAdmission } from './postgres-admission.ts';
import { PostgresAdmissionRecords } from './postgres-admission-records.ts';
import { PostgresDeliveries } from './postgres-deliveries.ts';
import { exceptionsInForce, PostgresExceptions } from './postgres-exceptions.ts';
import { PostgresImageRetention } from './postgres-image-retention.ts';
import { PostgresImages } from './postgres-images.ts';
import { PostgresJobs } from './postgres-jobs.ts';
import { PostgresPackages } from './postgres-packages.ts';
import { PostgresPolicies } from './postgres-policies.ts';
import { PostgresRescans } from './postgres-rescans.ts';
import { PostgresRetention } from './postgres-retention.ts';
import { PostgresSessions } from './postgres-sessions.ts';
import type { StoreSchema } from './schema.ts';

export interface Store extends TermsReader {
  readonly jobs: PostgresJobs;
  readonly deliveries: PostgresDeliveries;
  readonly images: PostgresImages;
  readonly packages: PostgresPackages;
  readonly imageRetention: PostgresImageRetention;
  readonly rescans: PostgresRescans;
  readonly exceptions: PostgresExceptions;
  readonly policies: PostgresPolicies;
  readonly access: PostgresAccess;
  readonly sessions: PostgresSessions;
  readonly retention: PostgresRetention;
  readonly admission: PostgresAdmission;
  readonly admissionRecords: PostgresAdmissionRecords;
  /** Raises where the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Connects, also to a server that is just being started, and brings the schema up to date. Raises STORE_UNUSABLE. */
export async function openStore(
  connection: pg.PoolConfig,
  onError: (message: string) => void,
  trace: Trace = UNTRACED,
): Promise<Store> {
  const pool = new pg.Pool({ max: 10, connectionTimeoutMillis: 10_000, ...connection });
  // A connection that breaks while nobody uses it: the next one to ask gets a new one.
  pool.on('error', (error) => onError(messageOf(error)));
  // One that breaks while somebody has it, between two statements: unheard, it would end the process. The next one fails.
  pool.on('connect', (client) => client.on('error', () => {}));
  const database = new Kysely<StoreSchema>({
    dialect: new PostgresDialect({ pool }),
    ...(trace !== UNTRACED && { log: (event) => traceQuery(trace, event) }),
  });
  try {
    await answered(() => ping(database));
    await migrate(database);
  } catch (error) {
    await database.destroy();
    if (error instanceof PlimsollError) throw error;
    throw new PlimsollError('STORE_UNUSABLE', `The store's database does not answer: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return { ...storeIn(database), ping: () => ping(database), close: () => database.destroy() };
}

/** Texts of statements have their values apart. Names of attributes: OpenTelemetry's semantic conventions for databases. */
function traceQuery(trace: Trace, { level, query, queryDurationMillis }: LogEvent): void {
  const [operation = 'query'] = /^\s*\w+/.exec(query.sql) ?? [];
  const attributes = {
    'db.system.name': 'postgresql',
    'db.query.text': query.sql,
    'plimsoll.failed': level === 'error',
  };
  trace.ended(`postgresql ${operation.trim().toLowerCase()}`, attributes, queryDurationMillis);
}

/** Asks until it answers, or is not likely to: it may be starting, or being started again. */
async function answered(ask: () => Promise<void>): Promise<void> {
  for (const started = Date.now(); ; await sleep(200)) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() - started > patienceMs(error)) throw error;
    }
  }
}

/** What the store offers, over a database whose schema is up to date. */
export function storeIn(database: Kysely<StoreSchema>): Omit<Store, 'ping' | 'close'> {
  const policies = new PostgresPolicies(database);
  return {
    jobs: new PostgresJobs(database),
    deliveries: new PostgresDeliveries(database),
    images: new PostgresImages(database),
    packages: new PostgresPackages(database),
    imageRetention: new PostgresImageRetention(database),
    rescans: new PostgresRescans(database),
    exceptions: new PostgresExceptions(database),
    policies,
    access: new PostgresAccess(database),
    sessions: new PostgresSessions(database),
    retention: new PostgresRetention(database),
    // The revision first: what is read after it may be newer, and what is judged by it is then judged anew.
    terms: async () => ({
      revision: await currentRevision(database),
      exceptions: await exceptionsInForce(database),
      bundles: await policies.active(),
    }),
    admission: new PostgresAdmission(database),
    admissionRecords: new PostgresAdmissionRecords(database),
  };
}

async function ping(database: Kysely<StoreSchema>): Promise<void> {
  await sql`select 1`.execute(database);
}
