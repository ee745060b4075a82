import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { ClusterAccess, ClusterCredentials } from './cluster-access.ts';
import { credentialFile, oneLine, tokenFile } from './token-file.ts';

const text = z.string().min(1);
const named = <T extends z.ZodType>(key: string, value: T) =>
  z.array(z.object({ name: text, [key]: value })).default([]);

const cluster = z.object({
  server: text,
  'certificate-authority': text.optional(),
  'certificate-authority-data': text.optional(),
  'tls-server-name': text.optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'proxy-url': text.optional(),
});
const user = z.object({
  token: text.optional(),
  tokenFile: text.optional(),
  'client-certificate': text.optional(),
  'client-certificate-data': text.optional(),
  'client-key': text.optional(),
  'client-key-data': text.optional(),
  username: text.optional(),
  exec: z.unknown().optional(),
  'auth-provider': z.unknown().optional(),
});
const context = z.object({ cluster: text, user: text.optional(), namespace: text.optional() });
const kubeconfig = z.object({
  'current-context': z.string().default(''),
  clusters: named('cluster', cluster),
  users: named('user', user),
  contexts: named('context', context),
});

/**
 * The cluster that a context of a kubeconfig file names (Kubernetes docs, "Organizing Cluster Access Using kubeconfig
 * Files"): certificates and tokens, in the file or beside it. `contextName` null: its current one. Programs that a kubeconfig
 * may name are not run. SETTINGS_INVALID with what cannot be used, SECRET_UNREADABLE.
 */
export async function kubeconfigAccess(file: string, contextName: string | null): Promise<ClusterAccess> {
  const refuse = (why: string): never => {
    throw new PlimsollError('SETTINGS_INVALID', `The kubeconfig ${file} ${why}`);
  };
  const config = await read(file);
  const find = (kind: 'cluster' | 'user' | 'context', name: string): unknown => {
    const entries = config[`${kind}s`] as readonly Readonly<Record<string, unknown>>[];
    const entry = entries.find((each) => each.name === name);
    return entry === undefined ? refuse(`has no ${kind} "${name}"`) : entry[kind];
  };
  const wanted = contextName ?? config['current-context'];
  if (wanted === '') refuse('has no current-context: name one');
  const chosen = find('context', wanted) as z.infer<typeof context>;
  const at = find('cluster', chosen.cluster) as z.infer<typeof cluster>;
  const who = chosen.user === undefined ? {} : (find('user', chosen.user) as z.infer<typeof user>);

  const beside = (path: string): string => resolve(dirname(file), path);
  const pem = async (data: string | undefined, path: string | undefined): Promise<string | null> => {
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    return path === undefined ? null : credentialFile(beside(path));
  };
  if (at['insecure-skip-tls-verify']) refuse('says insecure-skip-tls-verify: name the certificate-authority instead');
  if (at['proxy-url'] !== undefined) refuse('names a proxy-url: the API server is asked without a proxy');
  for (const way of ['exec', 'auth-provider', 'username'] as const) {
    if (who[way] !== undefined) refuse(`has a user with ${way}: use a token, a tokenFile or a client certificate`);
  }
  const certificate = await pem(who['client-certificate-data'], who['client-certificate']);
  const key = await pem(who['client-key-data'], who['client-key']);
  if ((certificate === null) !== (key === null))
    refuse('has a client certificate without its key, or the other way round');
  const credentials = (): ClusterCredentials => {
    if (certificate !== null && key !== null) return { kind: 'certificate', certificate, key };
    if (who.tokenFile !== undefined) return tokenFile(beside(who.tokenFile));
    if (who.token === undefined) return { kind: 'none' };
    const token = oneLine(who.token, file);
    return { kind: 'token', token: async () => token };
  };
  return {
    server: serverOf(at.server, refuse),
    ca: await pem(at['certificate-authority-data'], at['certificate-authority']),
    serverName: at['tls-server-name'] ?? null,
    credentials: credentials(),
    namespace: chosen.namespace ?? 'default',
  };
}

function serverOf(text: string, refuse: (why: string) => never): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return refuse(`has no URL as server: "${text}"`);
  const local = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'http:' && !local) refuse(`would send credentials to ${url.host} without TLS`);
  return url;
}

async function read(file: string): Promise<z.infer<typeof kubeconfig>> {
  const content = await credentialFile(file);
  try {
    return kubeconfig.parse(parse(content, { logLevel: 'error', maxAliasCount: LIMITS.yamlAliases }) ?? {});
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new PlimsollError('SETTINGS_INVALID', `${file} is no kubeconfig: ${why}`, { cause });
  }
}
