import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChartObject, RELEASE_NAMESPACE, renderChart } from './chart.ts';
import type { KubeCluster } from './kube-cluster.ts';
import { startCommand } from './scan.ts';

/** What the API server's certificate calls it, as `startCluster` gives it one. */
const CLIENT_NAME = 'kube-apiserver-webhook-client';
/** Of the chart's webhooks. */
export const CONFIGURATION = 'plimsoll-admission';

export interface AdmissionRow {
  readonly operation: string;
  readonly kind: string;
  readonly name: string | null;
  readonly user: string;
  readonly answer: string;
  readonly caller: string;
  readonly session: { readonly verb: string; readonly command: readonly string[] } | null;
  readonly breakGlass: { readonly reason: string } | null;
}

export interface AdmissionServer {
  /** What was decided, as its API lists it, the newest first. */
  admissions(query?: string): Promise<readonly AdmissionRow[]>;
  /** The decision of the newest report of the image; null: it has none yet. */
  decisionOf(digest: string): Promise<string | null>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** What the chart gives to a cluster for admission, with the rights and the namespace that belong to it. */
async function installAdmission(cluster: KubeCluster): Promise<readonly ChartObject[]> {
  const values = {
    image: { repository: 'registry.example/plimsoll', tag: '1' },
    store: { secretName: 'store' },
    admission: {
      clientCa: cluster.authority.own.certificate,
      clientNames: [CLIENT_NAME],
      mutate: true,
      timeoutSeconds: 30,
    },
  };
  const objects = renderChart(values);
  const rights = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'ServiceAccount', 'Secret'];
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: RELEASE_NAMESPACE } });
  await cluster.apply(...objects.filter(({ kind }) => rights.includes(kind)));
  return objects;
}

/**
 * `plimsoll serve` with its section `admission`, told of the cluster by the service account that the chart makes; then the
 * chart's webhook configurations, which lead to it by URL instead of a Service, since the cluster has no network.
 */
export async function startAdmission(
  cluster: KubeCluster,
  directory: string,
  policy: object,
  registries: { readonly file: string; readonly keys: string } | null,
): Promise<AdmissionServer> {
  const objects = await installAdmission(cluster);
  // PostgreSQL's account passes through it.
  chmodSync(directory, 0o711);
  const policyFile = join(directory, 'policy.json');
  writeFileSync(policyFile, JSON.stringify(policy));
  const secret = objects.find(({ metadata }) => metadata.name === 'plimsoll-admission-settings')!;
  const settings = JSON.parse(secret.stringData['serve.json']);
  const config = join(directory, 'serve.json');
  const server = {
    listen: '127.0.0.1:0',
    dataDirectory: join(directory, 'data'),
    scan: { db: 'starter', settings: policyFile },
    ...(registries !== null && { registries: { file: registries.file } }),
    admission: {
      ...settings.admission,
      listen: '127.0.0.1:0',
      serverNames: ['localhost'],
      // A busy machine must not change what is answered.
      policyMs: 25_000,
      clientAuthorities: cluster.authority.own.certificateFile,
      kubeconfig: await cluster.serviceAccount(RELEASE_NAMESPACE, 'plimsoll-admission'),
    },
  };
  writeFileSync(config, JSON.stringify(server));
  const environment = registries === null ? {} : { PLIMSOLL_SEALING_KEYS_FILE: registries.keys };
  const command = startCommand(['serve', '--config', config], { timeoutMs: 900_000, environment });
  let output = '';
  command.onText((piece) => {
    output += piece;
  });
  const stop = async (): Promise<number | null> => {
    command.kill('SIGTERM');
    return (await command.result).code;
  };
  try {
    await command.saw('"msg":"ready"');
    const port = /"address":"https:\/\/[^"]*:(\d+)"/.exec(output)?.[1];
    if (port === undefined) throw new Error(`admission did not say where it listens: ${output}`);
    await pointWebhooks(cluster, objects, `https://localhost:${port}`);
  } catch (error) {
    await stop();
    throw error;
  }
  const address = /"address":"(http:[^"]+)"/.exec(output)?.[1];
  const token = /plimsoll_[\w-]+/.exec(output)?.[0];
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${address}${path}`, { headers: { authorization: `Bearer ${token}` } });
    return await response.json();
  };
  return {
    admissions: async (query = '') => {
      return ((await ask(`/api/v1/admissions?limit=500${query}`)) as { items: readonly AdmissionRow[] }).items;
    },
    decisionOf: async (digest) => {
      return ((await ask(`/api/v1/images/${digest}/verdict`)) as { decision?: string }).decision ?? null;
    },
    stop,
  };
}

/** Makes the chart's webhook configurations lead to this server. Who listens there writes the caBundle. */
async function pointWebhooks(cluster: KubeCluster, objects: readonly ChartObject[], url: string): Promise<void> {
  const configurations = objects
    .filter(({ kind }) => kind.endsWith('WebhookConfiguration'))
    .map((configuration) => ({
      ...configuration,
      webhooks: configuration.webhooks.map((webhook: { clientConfig: { service: { path: string } } }) => ({
        ...webhook,
        clientConfig: { url: `${url}${webhook.clientConfig.service.path}` },
      })),
    }));
  await cluster.apply(...configurations);
}
