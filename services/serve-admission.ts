import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolConfig } from 'pg';
import type { Logger } from 'pino';
import { AdmissionMetrics } from '../webhooks/admission/admission-metrics.ts';
import { type RunningListener, startListener, type TlsMaterial } from '../webhooks/admission/listener.ts';
import { readAuthorities, readCertificateFiles } from './adapters/certificates/certificate-files.ts';
import { NodeIssuer } from './adapters/certificates/issuer.ts';
import type { BullQueue } from './adapters/queue/bull-queue.ts';
import type { Store } from './adapters/store/open-store.ts';
import { ListenedVerdicts } from './adapters/store/verdict-changes.ts';
import type { ServerMetrics } from './api/metrics.ts';
import type { ServeRequest, Session } from './cli/session.ts';
import { PlimsollError } from './domain/errors.ts';
import type { ImageReference } from './domain/image/reference.ts';
import { LIMITS } from './domain/limits.ts';
import { repositoryFilter } from './domain/registries/registration.ts';
import { TokenBucket } from './domain/token-bucket.ts';
import type { AdmissionServerSettings } from './pipeline/admission-server-settings.ts';
import { type AnsweredReview, answerReview } from './pipeline/answer-review.ts';
import { CachedEvaluator } from './pipeline/cached-evaluator.ts';
import { KeepAdmissions } from './pipeline/keep-admissions.ts';
import { KnownImages } from './pipeline/known-images.ts';
import { OwnCertificates, type ServerCertificate } from './pipeline/own-certificates.ts';
import { pinReview } from './pipeline/pin-review.ts';
import { refreshTags } from './pipeline/refresh-tags.ts';
import { ReloadedPolicies } from './pipeline/reload-policies.ts';
import { RequestScans } from './pipeline/request-scans.ts';
import type { Delivery } from './pipeline/store-ports.ts';
import type { Timer } from './pipeline/timer.ts';
import { type Cluster, keeperOf, openCluster } from './serve-cluster.ts';
import { repeat, type Undo } from './serve-rounds.ts';

// The part of the servers' composition root that answers the reviews of Kubernetes.

export interface AdmissionSurroundings {
  readonly session: Session;
  readonly store: Store;
  /** Of the store, for a connection of its own. */
  readonly database: PoolConfig;
  readonly queue: BullQueue;
  readonly accept: (delivery: Delivery) => Promise<unknown>;
  readonly metrics: ServerMetrics;
  readonly log: Logger;
}

/** What our own certificates may take to be brought up to date. */
const CERTIFICATES_MS = 30_000;

/** Takes reviews from here on. Raises LISTEN_FAILED, SECRET_UNREADABLE, POLICY_INVALID, SETTINGS_INVALID. */
export async function serveAdmission(
  { registrations, admissionPolicies }: ServeRequest,
  settings: AdmissionServerSettings,
  surroundings: AdmissionSurroundings,
  undo: Undo[],
): Promise<string> {
  const { session, store, database, queue, accept } = surroundings;
  const log = surroundings.log.child({ part: 'admission' });
  const warn = (message: string): void => log.warn(message);
  const metrics = new AdmissionMetrics(surroundings.metrics.registry);
  const registrationOf = registrationFinder(registrations);
  const cluster = await openCluster(settings, warn, undo);
  if (cluster === null)
    warn('there is no Kubernetes to ask: no Events, no break-glass, and nobody knows the Pods of sessions');

  const policies = await ReloadedPolicies.open({
    source: admissionPolicies!,
    wrap: (opened) => ({
      ...opened,
      evaluator: new CachedEvaluator(opened.evaluator, session.sha256, (result) => metrics.lookedUp('policy', result)),
    }),
    bundles: async () => (await store.terms()).bundles,
    loads: store.admissionRecords,
    allowWeaker: settings.allowWeaker,
    moment: () => new Date().toISOString(),
    later: (ms, call) => void setTimeout(call, ms).unref(),
    onLoad: (load) =>
      log[load.outcome === 'refused' || load.weaker ? 'warn' : 'info']({ load }, `policies ${load.outcome}`),
    onWarning: warn,
  });
  undo.push(() => policies.close());
  undo.push(repeat(settings.policyReloadSeconds * 1_000, () => policies.look(), warn));

  const scans = new RequestScans({
    jobs: store.jobs,
    queue,
    registrationOf,
    perMinute: settings.scansPerMinute,
    now: Date.now,
    onResult: (result) => metrics.scanRequested(result),
    onWarning: warn,
  });
  const images = new KnownImages({
    store: store.admission,
    registrationOf,
    requestScan: (reference, namespace) => scans.request(reference, namespace),
    timer,
    onLookup: (cache, result) => metrics.lookedUp(cache, result),
  });
  const over = new AbortController();
  const listening = new ListenedVerdicts(database, warn).watchVerdicts((digest) => images.forget(digest), over.signal);
  undo.push(async () => {
    over.abort();
    await listening;
  });

  if (registrations.size > 0) {
    const resolver = await session.registeredRegistries(registrations.values());
    undo.push(() => resolver.close());
    const digestOf = (reference: ImageReference) => images.digestOf(reference);
    const moment = (): string => new Date().toISOString();
    const asking = {
      resolver,
      digestOf,
      registrationOf,
      accept,
      sha256: session.sha256,
      limits: LIMITS,
      moment,
      onWarning: warn,
    };
    const refresh = async (): Promise<void> => {
      await refreshTags(images.tagsInUse(), over.signal, asking);
    };
    undo.push(repeat(settings.tagRefreshMinutes * 60_000, refresh, warn));
  }

  const kept = new KeepAdmissions({
    records: store.admissionRecords,
    digests: store.admission,
    events: cluster?.events ?? null,
    onDropped: (what, count) => metrics.dropped(what, count),
    onWarning: warn,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
    signalIn: (ms) => AbortSignal.timeout(ms),
  });
  undo.push(() => kept.close());

  const breakGlass =
    cluster === null
      ? null
      : { reviewer: cluster.questions, grants: store.admission, sha256: session.sha256, limits: LIMITS };
  const material = await materialKeeper(settings, cluster, metrics, warn);
  const refusals = new TokenBucket(LIMITS.refusalsLoggedPerMinute, Date.now());
  const listener = await startListener({
    ...addressOf(settings.listen),
    material: material.first,
    clientNames: settings.clientNames ?? null,
    pathSecret: settings.pathSecretFile === undefined ? null : secretIn(settings.pathSecretFile),
    serverNames: settings.serverNames,
    mutate: settings.mutate,
    limits: LIMITS,
    now: () => performance.now(),
    review: async ({ path, ...call }) => {
      if (path === 'mutate') {
        const now = () => performance.now();
        const digestOf = (reference: ImageReference) => images.digestOf(reference);
        return await pinReview(call, {
          digestOf,
          settings: () => policies.current.settings,
          limits: LIMITS,
          now,
          timer,
        });
      }
      return await answerReview(
        { ...call, path },
        {
          judging: () => policies.current,
          images,
          pods: cluster?.pods ?? { find: async () => null },
          namespaceLabels: (name) => cluster?.namespaces.labelsOf(name) ?? null,
          breakGlass,
          limits: LIMITS,
          clock: Date.now,
          now: () => performance.now(),
          timer,
          onAnswered: (review) => {
            metrics.answered(review);
            kept.keep(review);
            tell(log, review);
          },
        },
      );
    },
    onRefused: (reason, { remote, why }) => {
      metrics.refused(reason);
      if (refusals.take(Date.now())) log.warn({ reason, remote, why }, 'call refused');
    },
    onFailed: (err) => log.error({ err }, 'review failed'),
  });
  undo.push(() => listener.close());
  undo.push(repeat(settings.certificateSeconds * 1_000, () => material.renew(listener), warn));
  const address = `https://${listener.host.includes(':') ? `[${listener.host}]` : listener.host}:${listener.port}`;
  log.info({ address }, 'admission is ready');
  return address;
}

function registrationFinder(
  registrations: ServeRequest['registrations'],
): (reference: ImageReference) => string | null {
  const known = [...registrations.values()].map((each) => ({
    id: each.id,
    host: each.host,
    covers: repositoryFilter(each),
  }));
  return ({ registry, repository }) => {
    return known.find(({ host, covers }) => host === registry && covers(repository))?.id ?? null;
  };
}

/** What the listener shows, and how it is kept up to date. */
async function materialKeeper(
  settings: AdmissionServerSettings,
  cluster: Cluster | null,
  metrics: AdmissionMetrics,
  warn: (message: string) => void,
) {
  const { certificate, own, clientAuthorities, serverNames, configurations } = settings;
  const ours =
    certificate === undefined
      ? new OwnCertificates({
          secret: keeperOf(settings, cluster),
          issuer: new NodeIssuer(),
          bundles: cluster?.bundles ?? null,
          configurations,
          dnsNames: serverNames,
          life: own,
          onWarning: warn,
        })
      : null;
  const newest = async (): Promise<TlsMaterial> => {
    const shown: ServerCertificate =
      ours === null
        ? readCertificateFiles({ certificate: certificate!.file, key: certificate!.keyFile })
        : await ours.keep(new Date(), AbortSignal.timeout(CERTIFICATES_MS));
    metrics.certificateEnds(shown.notAfter);
    const authorities = clientAuthorities === undefined ? null : readAuthorities(clientAuthorities);
    return { certificate: shown.certificate, key: shown.key, clientAuthorities: authorities };
  };
  const first = await newest();
  let held = JSON.stringify(first);
  const renew = async (listener: RunningListener): Promise<void> => {
    const material = await newest();
    const text = JSON.stringify(material);
    if (text === held) return;
    listener.use(material);
    held = text;
  };
  return { first, renew };
}

function tell(log: Logger, { path, answer, request, record, failure, breakGlass, ms }: AnsweredReview): void {
  const fields = {
    path,
    answer,
    ms,
    uid: request?.uid,
    kind: record?.kind,
    namespace: request?.namespace,
    user: request?.user.name,
  };
  if (breakGlass !== null) log.warn({ ...fields, breakGlass }, 'break-glass');
  if (failure !== null) log.warn({ ...fields, failure }, 'review could not be judged');
  else if (answer === 'denied') log.info({ ...fields, violations: record?.violations, why: record?.why }, 'denied');
  else log.debug(fields, 'answered');
}

function timer(ms: number): Timer {
  const over = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  // Whoever stops it does not wait for it.
  late.catch(() => {});
  const running = setTimeout(() => {
    const error = new PlimsollError('TIMEOUT', `it took longer than ${Math.round(ms)} ms`);
    over.abort(error);
    reject(error);
  }, ms);
  return { signal: over.signal, late, stop: () => clearTimeout(running) };
}

function addressOf(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(colon + 1)) };
}

function secretIn(file: string): string {
  const secret = readFileSync(file, 'utf8').trim();
  if (/^[\w-]{16,200}$/.test(secret)) return secret;
  throw new PlimsollError(
    'SECRET_UNREADABLE',
    `The secret in ${file} has to be 16 to 200 letters, digits, "_" or "-".`,
  );
}
