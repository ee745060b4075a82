import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolConfig } from 'pg';
import { pino } from 'pino';
import { addWebhooks } from '../webhooks/add-webhooks.ts';
import { openRegistrations } from '../webhooks/registry/open-registrations.ts';
import { refreshWorker } from '../workers/refresh-advisories.worker.ts';
import { scanWorker } from '../workers/scan.worker.ts';
import { sweepWorker } from '../workers/sweep-registry.worker.ts';
import { updateInProcess } from './adapters/advisories/updating-process.ts';
import { allowedLocalTarget } from './adapters/archive/local-directories.ts';
import { BullQueue } from './adapters/queue/bull-queue.ts';
import { SnsClient } from './adapters/sns/sns-client.ts';
import { openStore, type Store } from './adapters/store/open-store.ts';
import { PrivatePostgres } from './adapters/store/private-postgres.ts';
import { ServerMetrics } from './api/metrics.ts';
import { buildApi } from './api/server.ts';
import { newSecret } from './api/token-secret.ts';
import type { RunningServer, ServeRequest, Session } from './cli/session.ts';
import { useOfSecret } from './cli/webhooks-session.ts';
import { messageOf, PlimsollError } from './domain/errors.ts';
import { registeredReference, registeredTarget } from './domain/registries/registration.ts';
import { VERSION } from './domain/version.ts';
import { acceptDelivery } from './pipeline/accept-delivery.ts';
import { keepJobsMoving } from './pipeline/keep-jobs-moving.ts';
import type { RefreshTerms } from './pipeline/ports.ts';
import { requestDueJobs } from './pipeline/request-due-jobs.ts';
import { type JobHandler, runJob } from './pipeline/run-job.ts';
import {
  type Delivery,
  type JobKind,
  type JobPayload,
  PRIORITIES,
  type RegistryEvent,
} from './pipeline/store-ports.ts';

// The composition root of the servers; main.ts loads it on demand. One process does all (`serve`), or a part.

/** How often lost jobs are looked for, and the queue told of all that waits. */
const ROUND_MS = 10_000;
/** How often what is older than it is kept is taken away. */
const CLEANING_MS = 3_600_000;

const updateProcess = new URL(
  import.meta.url.endsWith('.ts') ? './update-process.ts' : './update-process.js',
  import.meta.url,
);

/** What is undone at the end, the last first. */
type Undo = () => Promise<void> | void;

/** Starts what the role asks for; resolves once it is ready. Raises STORE_UNUSABLE, QUEUE_UNUSABLE, LISTEN_FAILED. */
export async function startServer(request: ServeRequest, session: Session): Promise<RunningServer> {
  const undo: Undo[] = [];
  const undoAll = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await start(request, session, undo, undoAll);
  } catch (error) {
    await undoAll();
    throw error;
  }
}

async function start(
  { role, settings, registrations, openJudgement }: ServeRequest,
  session: Session,
  undo: Undo[],
  stop: () => Promise<void>,
): Promise<RunningServer> {
  const log = pino(
    {
      level: settings.log.level,
      base: { role },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    session.stderr,
  );
  const warn = (part: string) => (message: string) => log.warn({ part }, message);
  makeDirectory(settings.dataDirectory);
  const database = await connection(
    settings,
    undo,
    role,
    (line) => log.debug({ part: 'postgres' }, line),
    warn('postgres'),
  );
  const store = await openStore(database, warn('store'));
  undo.push(() => store.close());
  const redis = secretOf(settings.queue);
  const queue = await BullQueue.open(redis === null ? { postgres: database } : { redis }, warn('queue'));
  undo.push(() => queue.close());
  if (role !== 'worker') await makeFirstToken(store, settings.api.firstTokenFile ?? null, session);

  const metrics = new ServerMetrics(() => queue.depth());
  undo.push(
    repeat(
      CLEANING_MS,
      async () => {
        const expired = await store.retention.expire(settings.retention);
        if (Object.values(expired).some((rows) => rows > 0))
          log.info({ part: 'retention', expired }, 'old rows removed');
      },
      warn('retention'),
    ),
  );
  const round = repeat(
    ROUND_MS,
    async () => {
      const recovered = await keepJobsMoving(store.jobs, queue);
      if (recovered.length > 0) log.warn({ part: 'jobs', recovered }, 'jobs of workers that are gone were recovered');
    },
    warn('jobs'),
  );
  undo.push(round);
  const allowed = async (target: string): Promise<string> =>
    registeredTarget(target, registrations.values()) ?? allowedLocalTarget(target, settings.scan.localDirectories);
  const accept = (delivery: Delivery, priority?: number) =>
    acceptDelivery(delivery, {
      deliveries: store.deliveries,
      queue,
      onWarning: warn('webhooks'),
      ...(priority !== undefined && { priority }),
    });

  if (role !== 'api' && role !== 'webhooks') {
    const cache = await session.openCache({
      directory: join(settings.dataDirectory, 'facts'),
      onWarning: warn('facts'),
    });
    undo.push(() => cache.close());
    const stopped = new AbortController();
    undo.push(drain(queue, stopped, settings.workers.drainSeconds * 1_000));
    const registries = await session.registeredRegistries(registrations.values());
    undo.push(() => registries.close());
    const scan = await session.scanDependencies(cache, registries);
    const worker = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
    const run = (handle: JobHandler) => async (id: string) => {
      await runJob(id, handle, {
        ledger: store.jobs,
        worker,
        every: (ms, call) => {
          const timer = setInterval(call, ms);
          return () => clearInterval(timer);
        },
        stopped: stopped.signal,
        onEnd: (job, outcome, error) => {
          metrics.jobs.inc({ kind: job.kind, outcome });
          const level = outcome === 'done' ? 'info' : 'warn';
          const { id, kind, key, attempts: attempt } = job;
          log[level]({ part: 'jobs', job: id, kind, key, attempt, outcome, error }, 'job ended');
        },
      });
    };
    const resolveTarget = targetOf(allowed, registrations);
    const scans = scanWorker({ scan, openJudgement, reports: store.images, resolveTarget });
    await queue.consume('scan', settings.workers.concurrency, run(scans));
    const sweeps = sweepWorker({
      registrations,
      lister: registries,
      resolver: registries,
      known: store.deliveries,
      accept: (delivery) => accept(delivery, PRIORITIES.sweep),
      sha256: session.sha256,
      moment: () => new Date().toISOString(),
    });
    await queue.consume('sweep-registry', 1, run(sweeps));
    const askFor = (kind: JobKind, wanted: Parameters<typeof requestDueJobs>[1], minutes: number, part: string) => {
      const dependencies = { jobs: store.jobs, queue, now: Date.now };
      const ask = async () => void (await requestDueJobs(kind, wanted, minutes * 60_000, dependencies));
      undo.push(repeat(ROUND_MS, ask, warn(part)));
    };
    const swept = [...registrations.keys()].map((registry) => {
      return { key: registry, payload: { registry }, priority: PRIORITIES.sweep };
    });
    askFor('sweep-registry', swept, settings.registries.sweepMinutes, 'sweeps');
    const { refreshMinutes } = settings.advisories;
    if (refreshMinutes !== undefined) {
      const refresh = (signal: AbortSignal) =>
        updateInProcess(updateProcess, refreshTerms(settings), { signal, environment: process.env });
      const refreshes = refreshWorker({ refresh, onWarning: warn('advisories') });
      await queue.consume('refresh-advisories', 1, run(refreshes));
      const one = { key: 'advisories', payload: {}, priority: PRIORITIES.refresh };
      askFor('refresh-advisories', [one], refreshMinutes, 'advisories');
    }
  }

  let stopping = false;
  const app = buildApi({
    images: store.images,
    jobs: store.jobs,
    access: store.access,
    queue,
    metrics,
    log: log as never,
    version: VERSION,
    only: role === 'worker' || role === 'webhooks' ? 'health' : 'all',
    requestsPerMinute: settings.api.requestsPerMinute,
    unready: async () => (stopping ? 'stopping' : await unready(store, queue)),
    requestScan: async (asked) => {
      const target = await allowed(asked);
      const request = { kind: 'scan', key: target, payload: { target }, priority: PRIORITIES.request } as const;
      const jobs = await store.jobs.request([request]);
      await queue.announce(jobs).catch((error) => warn('queue')(messageOf(error)));
      return jobs[0]!;
    },
  });
  undo.push(() => app.close());
  if (role === 'serve' || role === 'webhooks') {
    const secrets = await session.secrets();
    addWebhooks(app, {
      registrations: openRegistrations(registrations.values(), (source, { id }) =>
        secrets.read(source, useOfSecret(id)),
      ),
      accept,
      sns: new SnsClient(),
      register: metrics.registry,
      log: log.child({ part: 'webhooks' }),
    });
  }
  const address = await listen(app, settings.listen);
  log.info({ address, store: settings.store.url || settings.store.urlFile ? 'external' : 'private' }, 'ready');
  return {
    address,
    stop: async () => {
      stopping = true;
      log.info('stopping');
      await stop();
      log.info('stopped');
    },
  };
}

function refreshTerms({ advisories, scan }: ServeRequest['settings']): RefreshTerms {
  const { feeds, mirrors, pull = null, keys, allowMissing } = advisories;
  return { root: scan.db ?? null, feeds, mirrors, pull, keyFiles: keys, allowMissing };
}

function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  // PostgreSQL's account passes through it to what is its own.
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  chmodSync(directory, 0o711);
}

async function connection(
  { store, dataDirectory }: ServeRequest['settings'],
  undo: Undo[],
  role: ServeRequest['role'],
  onLine: (line: string) => void,
  onCrash: (message: string) => void,
): Promise<PoolConfig> {
  const url = secretOf(store);
  if (url !== null) return { connectionString: url };
  if (role !== 'serve') {
    const message = `plimsoll ${role} shares its store with other processes: give one with DATABASE_URL (or store.url).`;
    throw new PlimsollError('SETTINGS_INVALID', message);
  }
  const { account = null, binaries = null } = store;
  const path = process.env.PATH;
  const postgres = await PrivatePostgres.start({ directory: dataDirectory, binaries, account, path, onLine, onCrash });
  undo.push(() => postgres.stop());
  return postgres.connection;
}

function secretOf({ url, urlFile }: { url?: string | undefined; urlFile?: string | undefined }): string | null {
  if (urlFile === undefined) return url ?? null;
  try {
    return readFileSync(urlFile, 'utf8').trim();
  } catch (cause) {
    throw new PlimsollError('SETTINGS_INVALID', `The file of a secret cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Whoever starts the first server of a store is its first administrator. The secret is shown once, and never logged. */
async function makeFirstToken({ access }: Store, file: string | null, { stdout }: Session): Promise<void> {
  if ((await access.tokens({ limit: 1, after: null })).items.length > 0) return;
  const { secret, secretDigest } = newSecret(randomBytes);
  if (file !== null) {
    try {
      writeFileSync(file, `${secret}\n`, { mode: 0o600, flag: 'wx' });
    } catch (cause) {
      throw new PlimsollError('OUTPUT_FAILED', `The first token cannot be written: ${messageOf(cause)}`, { cause });
    }
  }
  const made = await access.addFirstToken({ name: 'first', role: 'admin', secretDigest, expiresAt: null });
  if (made === null && file !== null) rmSync(file);
  if (made === null || file !== null) return;
  stdout.write(`The first token of the API (admin), shown this once: ${secret}\n`);
}

function targetOf(
  allowed: (target: string) => Promise<string>,
  registrations: ServeRequest['registrations'],
): (payload: JobPayload) => Promise<string> {
  return async ({ target, registry, repository, tag = null, digest = null }) => {
    if (typeof target === 'string') return await allowed(target);
    const registration = registrations.get(String(registry));
    if (registration === undefined) throw new PlimsollError('USAGE', `There is no registry ${registry} any more.`);
    return registeredReference(registration, { repository, tag, digest } as RegistryEvent);
  };
}

/** Waits for what runs, but no longer than it may; what is cut short is begun again by another. */
function drain(queue: BullQueue, stopped: AbortController, ms: number): Undo {
  return async () => {
    const waiting = new AbortController();
    const late = sleep(ms, undefined, { signal: waiting.signal }).then(
      () => stopped.abort(new PlimsollError('CANCELLED', 'the worker was stopped')),
      () => {},
    );
    await queue.drain();
    waiting.abort();
    await late;
  };
}

/** Calls now and again, one at a time, until undone. */
function repeat(ms: number, call: () => Promise<void>, onError: (message: string) => void): Undo {
  const over = new AbortController();
  const running = (async () => {
    while (!over.signal.aborted) {
      await call().catch((error) => onError(messageOf(error)));
      await sleep(ms, undefined, { signal: over.signal }).catch(() => {});
    }
  })();
  return async () => {
    over.abort();
    await running;
  };
}

async function unready(store: Store, queue: BullQueue): Promise<string | null> {
  const answers = async (part: string, ask: Promise<unknown>): Promise<string | null> => {
    const late = sleep(3_000, 'late', { ref: false });
    const answer = await Promise.race([
      ask.then(
        () => null,
        () => 'failed',
      ),
      late,
    ]);
    return answer === null ? null : `the ${part} does not answer`;
  };
  return (await answers('store', store.ping())) ?? (await answers('queue', queue.depth()));
}

async function listen(app: ReturnType<typeof buildApi>, text: string): Promise<string> {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  try {
    return await app.listen({ host, port: Number(text.slice(colon + 1)) });
  } catch (cause) {
    throw new PlimsollError('LISTEN_FAILED', `Nothing can listen on ${text}: ${messageOf(cause)}`, { cause });
  }
}
