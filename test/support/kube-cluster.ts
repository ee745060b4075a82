import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findGoTool } from '../tools/go-tools.ts';
import { type IssuedCertificate, TestAuthority } from './certificates.ts';
import { freePort } from './free-port.ts';

const API_SERVER = findGoTool('kube-apiserver');
const KUBECTL = findGoTool('kubectl');
const has = (command: string) => spawnSync(command, ['version']).error === undefined;

/** etcd of the system, kube-apiserver and kubectl of go-tools.ts; tests that need them skip by name without. */
export const HAS_CLUSTER = API_SERVER !== null && KUBECTL !== null && has('etcd') && has('openssl');

export interface Answered {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface KubectlOptions {
  /** Standard input: a manifest for `-f -`. */
  readonly input?: string | object;
  /** Whose kubeconfig; the administrator's. */
  readonly kubeconfig?: string;
}

/**
 * A Kubernetes control plane of etcd and kube-apiserver on this machine's loopback, with certificates of its own. It has no
 * nodes and no controllers: a Deployment makes no Pods, a Pod never runs.
 */
export interface KubeCluster {
  readonly server: string;
  readonly authority: TestAuthority;
  /** A file of the administrator's. */
  readonly kubeconfig: string;
  /** What the API server shows webhooks; the authority has issued it. */
  readonly webhookClient: IssuedCertificate;
  readonly version: string;
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<Answered>;
  /** As `kubectl`, and raises where it fails. */
  apply(...objects: readonly object[]): Promise<void>;
  /** A kubeconfig of a user with a client certificate, in these groups. */
  userWithCertificate(name: string, groups?: readonly string[]): string;
  /** A kubeconfig of a user with the token of the file that it names. */
  userWithToken(name: 'ada' | 'ben'): string;
  /** A kubeconfig of a service account of the cluster, with its namespace. */
  serviceAccount(namespace: string, name: string): Promise<string>;
  /** The last lines of the API server's log. */
  log(): string;
}

const TOKENS = { ada: 'token-of-ada-0123456789', ben: 'token-of-ben-0123456789' } as const;
/** A machine that runs other work besides starts it in a minute. */
const PATIENCE_MS = 240_000;

/** Starts one, ready to answer; `atEnd` gets what ends its processes and removes its files. */
export async function startCluster(atEnd: (close: () => Promise<void>) => void): Promise<KubeCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'plimsoll-cluster-'));
  const children: ChildProcess[] = [];
  atEnd(async () => {
    for (const child of children.reverse()) await end(child);
    rmSync(directory, { recursive: true, force: true });
  });
  const inDirectory = (name: string, text: string): string => {
    const file = join(directory, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const start = (command: string, args: readonly string[], log: string): ChildProcess => {
    const output = openSync(join(directory, log), 'a');
    const child = spawn(command, args, { stdio: ['ignore', output, output], cwd: directory });
    children.push(child);
    return child;
  };
  const authority = new TestAuthority(join(directory, 'certificates'));
  const [clientPort, peerPort, securePort] = [await freePort(), await freePort(), await freePort()];

  const store = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  start(
    'etcd',
    [
      ...['--name', 'test', '--data-dir', join(directory, 'etcd'), '--unsafe-no-fsync'],
      ...['--listen-client-urls', store, '--advertise-client-urls', store],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `test=${peer}`],
    ],
    'etcd.log',
  );

  const serving = authority.issue({ subject: '/CN=kube-apiserver', names: ['IP:127.0.0.1', 'DNS:localhost'] });
  const webhookClient = authority.issue({ subject: '/CN=kube-apiserver-webhook-client' });
  const signing = authority.issue({ subject: '/CN=service-accounts' });
  const kubeconfigFor = (name: string, server: string, user: object, namespace?: string): string =>
    inDirectory(
      `${name}.kubeconfig`,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'test',
        clusters: [{ name: 'test', cluster: { server, 'certificate-authority': authority.own.certificateFile } }],
        users: [{ name, user }],
        contexts: [{ name: 'test', context: { cluster: 'test', user: name, namespace } }],
      }),
    );
  const certificateUser = ({ certificateFile, keyFile }: IssuedCertificate): object => {
    return { 'client-certificate': certificateFile, 'client-key': keyFile };
  };
  const server = `https://127.0.0.1:${securePort}`;
  // One client certificate for whatever webhook (Kubernetes docs, "Authenticate apiservers").
  const webhookUsers = inDirectory(
    'webhooks.kubeconfig',
    JSON.stringify({ apiVersion: 'v1', kind: 'Config', users: [{ name: '*', user: certificateUser(webhookClient) }] }),
  );
  const admission = inDirectory(
    'admission.json',
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: ['ValidatingAdmissionWebhook', 'MutatingAdmissionWebhook'].map((name) => ({
        name,
        configuration: {
          apiVersion: 'apiserver.config.k8s.io/v1',
          kind: 'WebhookAdmissionConfiguration',
          kubeConfigFile: webhookUsers,
        },
      })),
    }),
  );
  const tokens = Object.entries(TOKENS).map(([name, token]) => `${token},${name},uid-${name},"plain-users"`);
  const apiServer = start(
    API_SERVER!,
    [
      `--etcd-servers=${store}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      `--secure-port=${securePort}`,
      `--tls-cert-file=${serving.certificateFile}`,
      `--tls-private-key-file=${serving.keyFile}`,
      `--client-ca-file=${authority.own.certificateFile}`,
      `--token-auth-file=${inDirectory('tokens.csv', `${tokens.join('\n')}\n`)}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-signing-key-file=${signing.keyFile}`,
      `--service-account-key-file=${signing.certificateFile}`,
      // Else the API server itself refuses what admission is to refuse.
      '--allow-privileged=true',
      // It wants a service account in each namespace, which a controller would make.
      '--disable-admission-plugins=ServiceAccount',
      `--admission-control-config-file=${admission}`,
    ],
    'kube-apiserver.log',
  );
  const log = (): string => readFileSync(join(directory, 'kube-apiserver.log'), 'utf8').slice(-4_000);

  const admin = authority.issue({ subject: '/O=system:masters/CN=admin' });
  const kubeconfig = kubeconfigFor('admin', server, certificateUser(admin));
  const kubectl = (args: readonly string[], options: KubectlOptions = {}): Promise<Answered> =>
    runKubectl(options.kubeconfig ?? kubeconfig, directory, args, options.input);
  for (const deadline = Date.now() + PATIENCE_MS; ; ) {
    const { code, stderr } = await kubectl(['get', '--raw', '/readyz', '--request-timeout=5s']);
    // The namespace is made by the API server itself, a moment after it is ready.
    if (code === 0 && (await kubectl(['get', 'namespace', 'default'])).code === 0) break;
    if (apiServer.exitCode !== null || Date.now() > deadline) {
      throw new Error(`kube-apiserver does not get ready (${stderr}): ${log()}`);
    }
    await sleep(500);
  }
  const version = JSON.parse((await kubectl(['get', '--raw', '/version'])).stdout) as { gitVersion: string };
  return {
    server,
    authority,
    kubeconfig,
    webhookClient,
    version: version.gitVersion,
    kubectl,
    apply: async (...objects) => {
      const input = { apiVersion: 'v1', kind: 'List', items: objects };
      const { code, stderr } = await kubectl(['apply', '--server-side', '-f', '-'], { input });
      if (code !== 0) throw new Error(`kubectl apply: ${stderr}`);
    },
    userWithCertificate: (name, groups = []) => {
      const subject = `${groups.map((group) => `/O=${group}`).join('')}/CN=${name}`;
      return kubeconfigFor(name, server, certificateUser(authority.issue({ subject })));
    },
    serviceAccount: async (namespace, name) => {
      const { stdout, stderr } = await kubectl(['create', 'token', name, '-n', namespace, '--duration=1h']);
      if (stdout === '') throw new Error(`kubectl create token: ${stderr}`);
      return kubeconfigFor(name, server, { tokenFile: inDirectory(`${name}.token`, stdout) }, namespace);
    },
    userWithToken: (name) =>
      kubeconfigFor(name, server, { tokenFile: inDirectory(`${name}.token`, `${TOKENS[name]}\n`) }),
    log,
  };
}

async function runKubectl(
  kubeconfig: string,
  home: string,
  args: readonly string[],
  input: string | object = '',
): Promise<Answered> {
  // Its home, so that nothing of the user's is read and its cache of the API goes with the test.
  const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfig, NO_PROXY: '127.0.0.1' };
  const child = spawn(KUBECTL!, args, { env, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (piece: string) => {
      output[name] += piece;
    });
  }
  child.stdin.on('error', () => {}).end(typeof input === 'string' ? input : JSON.stringify(input));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  // The API server takes a minute to hang up on watches that nobody needs any more.
  const late = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await ended;
  clearTimeout(late);
}
