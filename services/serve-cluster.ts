import { hostname } from 'node:os';
import { SharedFile } from './adapters/certificates/shared-file.ts';
import { ApiServer } from './adapters/kubernetes/api-server.ts';
import { KubernetesCaBundles } from './adapters/kubernetes/ca-bundles.ts';
import { KubernetesEvents } from './adapters/kubernetes/events.ts';
import { inClusterAccess, isInCluster } from './adapters/kubernetes/in-cluster.ts';
import { kubeconfigAccess } from './adapters/kubernetes/kubeconfig.ts';
import { KubernetesQuestions } from './adapters/kubernetes/questions.ts';
import { KubernetesSecret } from './adapters/kubernetes/shared-secret.ts';
import { KubernetesWatcher } from './adapters/kubernetes/watch-objects.ts';
import { PlimsollError } from './domain/errors.ts';
import type { CaBundleWriter, EventEmitter, SharedSecret } from './pipeline/admission-ports.ts';
import type { AdmissionServerSettings } from './pipeline/admission-server-settings.ts';
import { KnownNamespaces } from './pipeline/known-namespaces.ts';
import { KnownPods } from './pipeline/known-pods.ts';
import type { Undo } from './serve-rounds.ts';

// The part of the servers' composition root that knows the cluster whose reviews are answered.

export interface Cluster {
  readonly questions: KubernetesQuestions;
  readonly pods: KnownPods;
  readonly namespaces: KnownNamespaces;
  readonly events: EventEmitter;
  readonly bundles: CaBundleWriter;
  readonly secret: (name: string) => SharedSecret;
}

/** The cluster that a kubeconfig names, else that in which we run; null: neither. Raises SETTINGS_INVALID, SECRET_UNREADABLE. */
export async function openCluster(
  { kubeconfig }: AdmissionServerSettings,
  warn: (message: string) => void,
  undo: Undo[],
): Promise<Cluster | null> {
  if (kubeconfig === undefined && !isInCluster(process.env)) return null;
  const access = await (kubeconfig === undefined ? inClusterAccess(process.env) : kubeconfigAccess(kubeconfig, null));
  const server = new ApiServer(access);
  undo.push(() => server.close());
  const questions = new KubernetesQuestions(server);
  const pods = new KnownPods(questions, (ms) => AbortSignal.timeout(ms));
  const namespaces = new KnownNamespaces();
  const watcher = new KubernetesWatcher(server, warn);
  const over = new AbortController();
  const watching = Promise.all([
    watcher.watch('pods', pods, over.signal),
    watcher.watch('namespaces', namespaces, over.signal),
  ]);
  undo.push(async () => {
    over.abort();
    await watching;
  });
  return {
    questions,
    pods,
    namespaces,
    events: new KubernetesEvents(server, hostname()),
    bundles: new KubernetesCaBundles(server),
    secret: (name) => new KubernetesSecret(server, access.namespace, name),
  };
}

/** Where our own authorities are kept. Raises SETTINGS_INVALID. */
export function keeperOf({ own }: AdmissionServerSettings, cluster: Cluster | null): SharedSecret {
  if (own.file !== undefined) return new SharedFile(own.file);
  if (cluster !== null) return cluster.secret(own.secret);
  const message =
    'There is no Kubernetes to keep certificates of our own in: give admission.kubeconfig, admission.own.file, or admission.certificate.';
  throw new PlimsollError('SETTINGS_INVALID', message);
}
