import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import { addWebhooks } from '../webhooks/add-webhooks.ts';
import { openRegistrations } from '../webhooks/registry/open-registrations.ts';
import { allowedLocalTarget } from './adapters/archive/local-directories.ts';
import type { BullQueue } from './adapters/queue/bull-queue.ts';
import { SnsClient } from './adapters/sns/sns-client.ts';
import type { Store } from './adapters/store/open-store.ts';
import { ServerMetrics } from './api/metrics.ts';
import { buildApi } from './api/server.ts';
import type { RunningServer, ServeRequest, Session } from './cli/session.ts';
import { useOfSecret } from './cli/webhooks-session.ts';
import { messageOf, PlimsollError } from './domain/errors.ts';
import { type AllowedTarget, registeredTarget } from './domain/registries/registration.ts';
import { VERSION } from './domain/version.ts';
import { acceptDelivery } from './pipeline/accept-delivery.ts';
import { expireImages, imagesToExpire } from './pipeline/expire-images.ts';
import { type Job, PRIORITIES } from './pipeline/job-ports.ts';
import { keepJobsMoving } from './pipeline/keep-jobs-moving.ts';
import type { Delivery } from './pipeline/store-ports.ts';
import { serveAdmission } from './serve-admission.ts';
import { doJobs } from './serve-jobs.ts';
import { openLogins } from './serve-logins.ts';
import { ROUND_MS, repeat, type Undo } from './serve-rounds.ts';
import { makeFirstToken, openBackbone } from './serve-store.ts';
import { keepTls, readTls } from './serve-tls.ts';
import { openTraces } from './serve-traces.ts';

// The composition root of the servers; main.ts loads it on demand. One process does all (`serve`), or a part.

/** How often what is older than it is kept is taken away. */
const CLEANING_MS = 3_600_000;

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
  request: ServeRequest,
  session: Session,
  undo: Undo[],
  stop: () => Promise<void>,
): Promise<RunningServer> {
  const { role, settings, registrations, judge, admissionPolicies } = request;
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
  const tls = readTls(settings.tls);
  const trace = await openTraces(settings.traces, role, log, undo);
  const { store, queue, database } = await openBackbone(request, log, trace, undo);
  if (role !== 'admission') await tryPolicies(judge, store, log);
  if (role !== 'worker' && role !== 'admission')
    await makeFirstToken(store, settings.api.firstTokenFile ?? null, session);

  const metrics = new ServerMetrics(() => queue.depth());
  undo.push(
    repeat(
      CLEANING_MS,
      async () => {
        const expired = await store.retention.expire(settings.retention);
        if (Object.values(expired).some((rows) => rows > 0))
          log.info({ part: 'retention', expired }, 'old rows removed');
        const images = await expireImages(settings.retention.images, store.imageRetention, new Date().toISOString());
        if (images > 0) log.info({ part: 'retention', images }, 'images removed');
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
  const allowed = async (asked: string): Promise<AllowedTarget> =>
    registeredTarget(asked, registrations.values()) ?? {
      target: await allowedLocalTarget(asked, settings.scan.localDirectories),
      registry: null,
    };
  // What the queue does not hear now it is told in the next round.
  const wake = (jobs: readonly Job[]) => queue.announce(jobs).catch((error) => warn('queue')(messageOf(error)));
  const accept = (delivery: Delivery, priority?: number) =>
    acceptDelivery(delivery, {
      deliveries: store.deliveries,
      queue,
      onWarning: warn('webhooks'),
      ...(priority !== undefined && { priority }),
    });

  if (role === 'serve' || role === 'worker') {
    await doJobs(request, { session, store, queue, metrics, log, trace, allowed, accept, wake }, undo);
  }

  let stopping = false;
  const app = buildApi({
    images: store.images,
    packages: store.packages,
    tags: store.deliveries,
    changes: store.rescans,
    admissions: store.admissionRecords,
    expiring: () => imagesToExpire(settings.retention.images, store.imageRetention, new Date().toISOString()),
    jobs: store.jobs,
    exceptions: store.exceptions,
    policies: store.policies,
    terms: store,
    judge,
    access: store.access,
    logins: await openLogins(settings.oidc, store, undo),
    wake,
    metrics,
    trace,
    tls,
    log: log as never,
    version: VERSION,
    only: role === 'serve' || role === 'api' ? 'all' : 'health',
    requestsPerMinute: settings.api.requestsPerMinute,
    // Reviews are answered from memory too: without the store admission goes on.
    unready: async () => (stopping ? 'stopping' : role === 'admission' ? null : await unready(store, queue)),
    requestScan: async (asked) => {
      const { target, registry } = await allowed(asked);
      const [kind, priority] = ['scan', PRIORITIES.request] as const;
      const jobs = await store.jobs.request([{ kind, key: target, payload: { target }, priority, registry }]);
      await wake(jobs);
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
  if (admissionPolicies !== null && settings.admission !== undefined) {
    await serveAdmission(request, settings.admission, { session, store, database, queue, accept, metrics, log }, undo);
  }
  if (tls !== null) undo.push(...keepTls(settings.tls!, tls, app, session, log));
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

/** A misspelt setting stops the start. A bundle in the store that cannot be loaded does not: it is put right by the API. */
async function tryPolicies(judge: ServeRequest['judge'], store: Store, log: Logger): Promise<void> {
  const { bundles } = await store.terms();
  try {
    await judge.policies(bundles);
  } catch (error) {
    if (bundles.length === 0) throw error;
    const digests = bundles.map(({ digest }) => digest);
    log.error({ part: 'policies', digests, err: error }, 'nothing can be judged: roll the policies back');
  }
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
