import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../services/adapters/store/migrate.ts';
import { openStore, type Store, storeIn } from '../../services/adapters/store/open-store.ts';
import type { PrivatePostgres } from '../../services/adapters/store/private-postgres.ts';
import type { StoreSchema } from '../../services/adapters/store/schema.ts';
import { ListenedVerdicts } from '../../services/adapters/store/verdict-changes.ts';
import { PglitePool } from '../support/pglite-pool.ts';
import { POSTGRES, startPostgres } from '../support/private-postgres.ts';
import { admissionContract, type TestedAdmission } from './admission.ts';
import { exceptionsContract, type TestedExceptions } from './exceptions.ts';
import { imageRetentionContract, type TestedImageRetention } from './image-retention.ts';
import { packagesContract, type TestedPackages } from './packages.ts';
import { policiesContract, type TestedPolicies } from './policies.ts';
import { registryEventsContract } from './registry-events.ts';
import { reportsContract } from './reports.ts';
import { rescansContract, type TestedRescans } from './rescans.ts';
import { storeContract, type TestedStore } from './store.ts';

const ASK_FOR_DUE_JOBS = fileURLToPath(new URL('../support/ask-for-due-jobs.ts', import.meta.url));

const testedStore = (
  database: Kysely<StoreSchema>,
): TestedStore &
  TestedExceptions &
  TestedPolicies &
  TestedRescans &
  TestedAdmission &
  TestedPackages &
  TestedImageRetention => ({
  ...storeIn(database),
  run: async (statement) => {
    await sql.raw(statement).execute(database);
  },
});

describe('in this process', () => {
  let database: Kysely<StoreSchema>;
  beforeAll(async () => {
    database = new Kysely<StoreSchema>({ dialect: new PostgresDialect({ pool: new PglitePool() }) });
    await migrate(database);
  });
  afterAll(() => database.destroy());
  storeContract('PGlite', () => testedStore(database));
  reportsContract('PGlite', () => testedStore(database));
  rescansContract('PGlite', () => testedStore(database));
  registryEventsContract('PGlite', () => testedStore(database));
  imageRetentionContract('PGlite', () => testedStore(database));
  exceptionsContract('PGlite', () => testedStore(database));
  policiesContract('PGlite', () => testedStore(database));
  admissionContract('PGlite', () => testedStore(database));
  packagesContract('PGlite', () => testedStore(database));
});

describe.skipIf(POSTGRES === null)(`PostgreSQL${POSTGRES === null ? ' (not installed)' : ''}`, () => {
  let server: PrivatePostgres;
  let store: Store;
  let beside: pg.Pool;
  beforeAll(async () => {
    server = await startPostgres();
    store = await openStore(server.connection, () => {});
    beside = new pg.Pool({ ...server.connection, max: 1 });
    // Sessions that the server ends while they close.
    beside.on('error', () => {});
  });
  afterAll(async () => {
    await store?.close();
    await beside?.end();
    await server?.stop();
  });
  const run = async (statement: string): Promise<void> => {
    await beside.query(statement);
  };
  storeContract('private PostgreSQL', () => ({ ...store, run }));
  reportsContract('private PostgreSQL', () => ({ ...store, run }));
  rescansContract('private PostgreSQL', () => ({ ...store, run }));
  registryEventsContract('private PostgreSQL', () => store);
  imageRetentionContract('private PostgreSQL', () => ({ ...store, run }));
  exceptionsContract('private PostgreSQL', () => ({ ...store, run }));
  policiesContract('private PostgreSQL', () => ({ ...store, run }));
  packagesContract('private PostgreSQL', () => ({ ...store, run }));
  admissionContract('private PostgreSQL', () => ({ ...store, run }));

  it('tells of each verdict that was stored, and after a break that some may have been missed', async () => {
    const heard: (string | null)[] = [];
    const over = new AbortController();
    const listened = new ListenedVerdicts(server.connection, () => {});
    const watching = listened.watchVerdicts((digest) => heard.push(digest), over.signal);
    await expect.poll(() => heard).toEqual([null]);
    await run("select pg_notify('plimsoll_verdicts', 'sha256:a')");
    await expect.poll(() => heard).toEqual([null, 'sha256:a']);
    await run("select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'");
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual([null, 'sha256:a', null]);
    over.abort();
    await watching;
  });

  it('gives each turn of a job to one of several processes', async () => {
    const [keys, everyMs] = [['race-a', 'race-b', 'race-c'], 400];
    const asked = [server.connection, keys, everyMs, 6_000].map((argument) => JSON.stringify(argument));
    await Promise.all(
      Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, [ASK_FOR_DUE_JOBS, ...asked])),
    );
    const { rows } = await beside.query(
      `select key, count(*)::int as turns, count(distinct worker)::int as workers, min(apart) as shortest
      from (select key, worker, extract(epoch from created_at - lag(created_at) over (partition by key order by created_at)) * 1000
        as apart from jobs where key = any($1)) turn group by key order by key`,
      [keys],
    );
    expect(rows.map(({ key }) => key)).toEqual(keys);
    for (const { turns, shortest } of rows) {
      expect(turns).toBeGreaterThan(2);
      expect(Number(shortest)).toBeGreaterThanOrEqual(everyMs);
    }
    expect(Math.max(...rows.map(({ workers }) => workers))).toBeGreaterThan(1);
  });

  it('is migrated once, however many processes start at the same moment', async () => {
    await run('drop schema public cascade; create schema public');
    const opened = await Promise.all(Array.from({ length: 4 }, () => openStore(server.connection, () => {})));
    expect((await opened[3]!.jobs.jobs({}, { limit: 10, after: null })).items).toEqual([]);
    for (const each of opened) await each.close();
  });

  it('is refused where a newer version of Plimsoll has migrated it', async () => {
    await run("insert into kysely_migration values ('9999-of-the-future', now()::text)");
    await expect(openStore(server.connection, () => {})).rejects.toMatchObject({ code: 'STORE_UNUSABLE' });
  });

  it('that does not answer is said to', async () => {
    const nowhere = { host: '/nonexistent', user: 'plimsoll', database: 'plimsoll' };
    await expect(openStore(nowhere, () => {})).rejects.toMatchObject({ code: 'STORE_UNUSABLE' });
  });
});
