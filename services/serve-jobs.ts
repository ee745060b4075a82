import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { refreshWorker } from '../workers/refresh-advisories.worker.ts';
import { rescanWorker } from '../workers/rescan.worker.ts';
import { scanWorker } from '../workers/scan.worker.ts';
import { sweepWorker } from '../workers/sweep-registry.worker.ts';
import { updateInProcess } from './adapters/advisories/updating-process.ts';
import type { BullQueue } from './adapters/queue/bull-queue.ts';
import type { Store } from './adapters/store/open-store.ts';
import type { ServerMetrics } from './api/metrics.ts';
import type { ServeRequest, Session } from './cli/session.ts';
import { messageOf, PlimsollError } from './domain/errors.ts';
import { LIMITS } from './domain/limits.ts';
import { type AllowedTarget, registeredReference } from './domain/registries/registration.ts';
import type { RefreshTerms } from './pipeline/advisory-ports.ts';
import { giveWay } from './pipeline/give-way.ts';
import { type Job, type JobKind, type JobPayload, type JobRequest, PRIORITIES } from './pipeline/job-ports.ts';
import { requestDueJobs } from './pipeline/request-due-jobs.ts';
import { isRescanDue } from './pipeline/rescan-reports.ts';
import { type JobHandler, type RunJobDependencies, runJobs } from './pipeline/run-job.ts';
import type { Delivery, RegistryEvent } from './pipeline/store-ports.ts';
import type { Trace, TraceAttributes } from './pipeline/trace.ts';
import { ROUND_MS, repeat, type Undo } from './serve-rounds.ts';

// The part of the servers' composition root that does jobs.

const updateProcess = new URL(
  import.meta.url.endsWith('.ts') ? './update-process.ts' : './update-process.js',
  import.meta.url,
);

/** How often it is looked whether reports would be judged otherwise today: the database, exceptions or their days changed. */
const RESCAN_MS = 60_000;
/** How often facts of layers are kept within their size. */
const FACTS_MS = 600_000;
/** Registries that one process sweeps at once: one that is slow keeps nobody from the others. */
const SWEEPS = 2;

export interface JobsSurroundings {
  readonly session: Session;
  readonly store: Store;
  readonly queue: BullQueue;
  readonly metrics: ServerMetrics;
  readonly log: Logger;
  readonly trace: Trace;
  /** The target as it may be scanned by request. Raises FORBIDDEN, USAGE. */
  readonly allowed: (target: string) => Promise<AllowedTarget>;
  readonly accept: (delivery: Delivery, priority: number) => Promise<unknown>;
  /** Tells the queue, or says that it cannot be told: then the jobs wait for the next round. */
  readonly wake: (jobs: readonly Job[]) => Promise<void>;
}

/** Takes jobs of every kind from here on, and asks for those that are due. */
export async function doJobs(
  { settings, registrations, judge }: ServeRequest,
  { session, store, queue, metrics, log, trace, allowed, accept, wake }: JobsSurroundings,
  undo: Undo[],
): Promise<void> {
  const warn = (part: string) => (message: string) => log.warn({ part }, message);
  const cache = await session.openCache({
    directory: join(settings.dataDirectory, 'facts'),
    onWarning: warn('facts'),
  });
  undo.push(() => cache.close());
  // Closed after the jobs that need them are over: what is undone goes backwards.
  const registries = await session.registeredRegistries(registrations.values());
  undo.push(() => registries.close());
  const [leaving, stopped] = [new AbortController(), new AbortController()];
  const drained = drain(queue, stopped, settings.workers.drainSeconds * 1_000);
  undo.push(() => {
    leaving.abort();
    return drained();
  });
  const collect = async () => {
    const { removed, bytes } = await cache.prune({ maxBytes: settings.retention.factsMegabytes * 2 ** 20 });
    if (removed > 0) log.info({ part: 'facts', removed, bytes }, 'facts that were not used for long were removed');
  };
  undo.push(repeat(FACTS_MS, collect, warn('facts')));
  const scan = { ...(await session.scanDependencies(cache, registries, settings.workers.isolation)), trace };
  // Tried out before the first job needs it.
  const sandbox = (await scan.reader.sandbox?.(LIMITS)) ?? null;
  log.info({ part: 'jobs', isolation: settings.workers.isolation, sandbox }, 'what reads layers');
  const worker = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const most = new Map(
    [...registrations.values()].flatMap(({ id, pull: { scansAtOnce } }) =>
      scansAtOnce === undefined ? [] : [[id, scansAtOnce] as const],
    ),
  );
  const consume = (kind: JobKind, concurrency: number, handle: JobHandler) => {
    const traced: JobHandler = (job, ...rest) =>
      trace.span(`job ${job.kind}`, attributesOf(job), () => handle(job, ...rest));
    const dependencies: RunJobDependencies = {
      ledger: store.jobs,
      worker,
      // One place is left for the other registries.
      room: { mostInWorker: Math.max(1, concurrency - 1), most },
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
    };
    const isLeaving = (): boolean => leaving.signal.aborted;
    return queue.consume(kind, concurrency, (id) => runJobs(kind, id, traced, isLeaving, dependencies));
  };
  const resolveTarget = targetOf(allowed, registrations);
  const judging = { openJudgement: async () => await judge.open(await store.terms()), reports: store.images };
  const request = async (wanted: JobRequest) => await wake(await store.jobs.request([wanted]));
  const scans = scanWorker({ scan, ...judging, resolveTarget, request });
  await consume('scan', settings.workers.concurrency, scans);
  const rescans = { scan, openJudgement: judging.openJudgement, reports: store.rescans };
  await consume(
    'rescan',
    1,
    rescanWorker({ ...rescans, giveWay: (signal) => giveWay(signal, { jobs: store.jobs, now: Date.now, sleep }) }),
  );
  const lapse = async () => await queue.announce(await store.exceptions.lapse());
  undo.push(repeat(ROUND_MS, lapse, warn('exceptions')));
  const sweeps = sweepWorker({
    registrations,
    lister: registries,
    resolver: registries,
    known: store.deliveries,
    accept: (delivery) => accept(delivery, PRIORITIES.sweep),
    sha256: session.sha256,
    moment: () => new Date().toISOString(),
  });
  await consume('sweep-registry', SWEEPS, sweeps);
  const askFor = (kind: JobKind, wanted: Parameters<typeof requestDueJobs>[1], minutes: number, part: string) => {
    const dependencies = { jobs: store.jobs, queue };
    const ask = async () => void (await requestDueJobs(kind, wanted, minutes * 60_000, dependencies));
    undo.push(repeat(ROUND_MS, ask, warn(part)));
  };
  const swept = [...registrations.keys()].map((registry) => {
    return { key: registry, payload: { registry }, priority: PRIORITIES.sweep };
  });
  askFor('sweep-registry', swept, settings.registries.sweepMinutes, 'sweeps');
  const askForRescan = async (everyMs: number): Promise<void> => {
    if (!(await isRescanDue(rescans))) return;
    const one = { key: 'all', payload: {}, priority: PRIORITIES.rescan };
    await requestDueJobs('rescan', [one], everyMs, { jobs: store.jobs, queue });
  };
  undo.push(repeat(RESCAN_MS, () => askForRescan(RESCAN_MS), warn('rescans')));
  const { refreshMinutes } = settings.advisories;
  if (refreshMinutes !== undefined) {
    const refresh = async (signal: AbortSignal) => {
      const options = { signal, environment: process.env };
      const refreshed = await updateInProcess(updateProcess, refreshTerms(settings), options);
      await askForRescan(0).catch((error) => warn('rescans')(messageOf(error)));
      return refreshed;
    };
    const refreshes = refreshWorker({ refresh, onWarning: warn('advisories') });
    await consume('refresh-advisories', 1, refreshes);
    const one = { key: 'advisories', payload: {}, priority: PRIORITIES.refresh };
    askFor('refresh-advisories', [one], refreshMinutes, 'advisories');
  }
}

function targetOf(
  allowed: JobsSurroundings['allowed'],
  registrations: ServeRequest['registrations'],
): (payload: JobPayload) => Promise<string> {
  return async ({ target, registry, repository, tag = null, digest = null }) => {
    if (typeof target === 'string') return (await allowed(target)).target;
    const registration = registrations.get(String(registry));
    if (registration === undefined) throw new PlimsollError('USAGE', `There is no registry ${registry} any more.`);
    return registeredReference(registration, { repository, tag, digest } as RegistryEvent);
  };
}

function attributesOf({ id, kind, key, attempts }: Job): TraceAttributes {
  return {
    'plimsoll.job.id': id,
    'plimsoll.job.kind': kind,
    'plimsoll.job.key': key,
    'plimsoll.job.attempt': attempts,
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

function refreshTerms({ advisories, scan }: ServeRequest['settings']): RefreshTerms {
  const { feeds, mirrors, pull = null, keys, allowMissing } = advisories;
  return { root: scan.db ?? null, feeds, mirrors, pull, keyFiles: keys, allowMissing };
}
