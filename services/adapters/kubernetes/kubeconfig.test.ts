import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { temporaryDirectory } from '../../../test/support/temporary-directory.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { ClusterCredentials } from './cluster-access.ts';
import { inClusterAccess, isInCluster } from './in-cluster.ts';
import { kubeconfigAccess } from './kubeconfig.ts';
import { tokenFile } from './token-file.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
  readonly current?: string;
}

async function kubeconfig({ cluster, user = {}, context, current = 'c' }: Parts): Promise<string> {
  const directory = await temporaryDirectory();
  for (const name of ['ca', 'cert', 'key', 'token']) await writeFile(join(directory, name), `${name} in a file\n`);
  const file = join(directory, 'config');
  const content = {
    'current-context': current,
    clusters: [
      { name: 'other', cluster: { server: 'https://other.example' } },
      { name: 'k', cluster: { server: 'https://k.example:6443/prefix', ...cluster } },
    ],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'c', context: { cluster: 'k', user: 'u', ...context } },
      { name: 'd', context: { cluster: 'other' } },
    ],
  };
  await writeFile(file, stringify(content));
  return file;
}

test('certificates stand in the file or beside it', async () => {
  const within = await kubeconfig({
    cluster: { 'certificate-authority-data': base64('ca'), 'tls-server-name': 'name' },
    user: { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') },
    context: { namespace: 'n' },
  });
  expect(await kubeconfigAccess(within, null)).toEqual({
    server: new URL('https://k.example:6443/prefix'),
    ca: 'ca',
    serverName: 'name',
    credentials: { kind: 'certificate', certificate: 'cert', key: 'key' },
    namespace: 'n',
  });
  const beside = await kubeconfig({
    cluster: { 'certificate-authority': 'ca' },
    user: { 'client-certificate': 'cert', 'client-key': 'key' },
  });
  expect(await kubeconfigAccess(beside, 'c')).toMatchObject({
    ca: 'ca in a file\n',
    credentials: { kind: 'certificate', certificate: 'cert in a file\n', key: 'key in a file\n' },
    namespace: 'default',
  });
  expect(await kubeconfigAccess(beside, 'd')).toMatchObject({ ca: null, credentials: { kind: 'none' } });
});

test.each<[string, Parts, RegExp]>([
  ['a user of a program', { user: { exec: { command: 'aws' } } }, /user with exec: use a token/],
  ['an auth provider', { user: { 'auth-provider': { name: 'gcp' } } }, /auth-provider/],
  ['a password', { user: { username: 'u', password: 'p' } }, /username/],
  ['a certificate without a key', { user: { 'client-certificate-data': base64('c') } }, /without its key/],
  ['no TLS', { cluster: { server: 'http://k.example' } }, /without TLS/],
  ['any certificate taken', { cluster: { 'insecure-skip-tls-verify': true } }, /certificate-authority instead/],
  ['a proxy', { cluster: { 'proxy-url': 'http://proxy' } }, /proxy-url/],
  ['a server that is no URL', { cluster: { server: 'k' } }, /no URL as server: "k"/],
  ['a server of another kind', { cluster: { server: 7 } }, /no kubeconfig.*/],
  ['an unknown user', { context: { user: 'nobody' } }, /no user "nobody"/],
  ['an unknown context', { current: 'x' }, /no context "x"/],
  ['no context', { current: '' }, /no current-context/],
])('a kubeconfig with %s is refused', async (_, parts, message) => {
  const refused = kubeconfigAccess(await kubeconfig(parts), null);
  await expect(refused).rejects.toMatchObject({ code: 'SETTINGS_INVALID', message: expect.stringMatching(message) });
});

test('a file that cannot be read, or is no YAML, or too large, is named', async () => {
  await expect(kubeconfigAccess('/nowhere/config', null)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  const file = join(await temporaryDirectory(), 'config');
  await writeFile(file, '{');
  await expect(kubeconfigAccess(file, null)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
  await writeFile(file, ' '.repeat(LIMITS.credentialBytes + 1));
  await expect(kubeconfigAccess(file, null)).rejects.toThrow(/credentialBytes/);
});

test('a token in a file is read again after a minute and after a refusal, and stays where the file holds none', async () => {
  const file = join(await temporaryDirectory(), 'token');
  let time = 0;
  const tokenOf = (credentials: ClusterCredentials) => (fresh: boolean) =>
    credentials.kind === 'token' ? credentials.token(fresh) : Promise.reject(new Error('no token'));
  const token = tokenOf(tokenFile(file, () => time));
  await expect(token(false)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  await writeFile(file, 'one\n');
  expect(await token(false)).toBe('one');
  await writeFile(file, 'two\n');
  expect(await token(false)).toBe('one');
  expect(await token(true)).toBe('two');
  await writeFile(file, 'three\n');
  time = 60_000;
  expect(await token(false)).toBe('three');
  await writeFile(file, 'four\r\nx-injected: header\n');
  expect(await token(true)).toBe('three');
  await expect(tokenOf(tokenFile(file))(false)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
});

test('in a Pod the service account says all', async () => {
  const directory = await temporaryDirectory();
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  expect(isInCluster(environment, directory)).toBe(false);
  await mkdir(directory, { recursive: true });
  for (const name of ['ca.crt', 'token', 'namespace']) await writeFile(join(directory, name), `${name}\n`);
  expect(isInCluster(environment, directory)).toBe(true);
  expect(isInCluster({}, directory)).toBe(false);
  expect(await inClusterAccess(environment, directory)).toMatchObject({
    server: new URL('https://[fd00::1]:6443'),
    ca: 'ca.crt\n',
    namespace: 'namespace',
    credentials: { kind: 'token' },
  });
  await expect(inClusterAccess({}, directory)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
});
