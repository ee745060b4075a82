import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PlimsollError } from '../../domain/errors.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { credentialFile, tokenFile } from './token-file.ts';

/** Where the kubelet puts what a Pod's service account needs (Kubernetes docs, "Accessing the API from a Pod"). */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether this process runs in a Pod that may ask its API server. */
export function isInCluster(environment: Environment, directory = SERVICE_ACCOUNT): boolean {
  return Boolean(environment.KUBERNETES_SERVICE_HOST) && existsSync(join(directory, 'token'));
}

/** The API server of the cluster that this process runs in. SETTINGS_INVALID, SECRET_UNREADABLE. */
export async function inClusterAccess(environment: Environment, directory = SERVICE_ACCOUNT): Promise<ClusterAccess> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  if (!host) {
    throw new PlimsollError(
      'SETTINGS_INVALID',
      'This process runs in no Pod (KUBERNETES_SERVICE_HOST is not set): name the API server with a kubeconfig.',
    );
  }
  const [ca, namespace] = await Promise.all(
    ['ca.crt', 'namespace'].map((name) => credentialFile(join(directory, name))),
  );
  return {
    server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    ca: ca!,
    serverName: null,
    credentials: tokenFile(join(directory, 'token')),
    namespace: namespace!.trim(),
  };
}
