import { expect, it } from 'vitest';
import { readServerSettings } from './server-settings.ts';

const read = (document: unknown, environment: Record<string, string> = {}) =>
  readServerSettings(document, environment, 'serve.yaml');

it('has a value for everything', () => {
  expect(read(null)).toMatchObject({
    listen: '127.0.0.1:8300',
    dataDirectory: '/var/lib/plimsoll',
    store: {},
    queue: {},
    workers: { concurrency: 3, isolation: 'process', drainSeconds: 30 },
    scan: { localDirectories: [], policies: [], vex: [] },
  });
});

it('takes the environment before the file, key by key', () => {
  const document = { listen: '[::1]:1', store: { urlFile: '/run/secret', account: 'db' }, log: { level: 'warn' } };
  const settings = read(document, { PLIMSOLL_LISTEN: '0.0.0.0:8300', DATABASE_URL: 'postgres://x', REDIS_URL: '' });
  expect(settings.listen).toBe('0.0.0.0:8300');
  expect(settings.store).toEqual({ url: 'postgres://x', account: 'db' });
  expect(settings.queue.url).toBeUndefined();
  expect(settings.log.level).toBe('warn');
});

const oidc = {
  issuer: 'https://id.example',
  publicUrl: 'https://plimsoll.example',
  clientId: 'x',
  roles: { admin: ['a'] },
};

it('takes a secret of the environment in the place of either spelling in the file', () => {
  const document = { oidc: { ...oidc, clientSecretFile: '/run/secret' } };
  expect(read(document, { PLIMSOLL_OIDC_CLIENT_SECRET: 's' }).oidc).toMatchObject({ clientSecret: 's' });
  expect(read(document, { PLIMSOLL_OIDC_CLIENT_SECRET: 's' }).oidc?.clientSecretFile).toBeUndefined();
  expect(read(document).oidc).toMatchObject({ clientSecretFile: '/run/secret', claim: 'groups', sessionMinutes: 480 });
});

it.each([
  [{ oidc: { ...oidc, roles: {} } }, 'oidc.roles names no group'],
  [{ oidc: { ...oidc, issuer: 'http://id.example' } }, 'oidc.issuer: write https://HOST'],
  [{ oidc: { ...oidc, publicUrl: 'http://127.0.0.1.example' } }, 'oidc.publicUrl: write https://HOST'],
  [{ oidc: { ...oidc, issuer: 'https://me@id.example' } }, 'oidc.issuer'],
  [{ oidc: { ...oidc, clientSecret: 'a', clientSecretFile: 'b' } }, 'exclude each other'],
  [{ lisen: '127.0.0.1:1' }, 'lisen'],
  [{ listen: 'localhost' }, 'listen: write ADDRESS:PORT'],
  [{ workers: { concurrency: 0 } }, 'workers.concurrency'],
  [{ scan: { localDirectories: '/srv' } }, 'scan.localDirectories'],
  [{ store: { url: 'postgres://x', urlFile: '/run/secret' } }, 'store.url and store.urlFile exclude each other'],
  [{ advisories: { refreshMinutes: 0 } }, 'advisories.refreshMinutes'],
  [{ advisories: { refreshMinutes: 43_201 } }, 'advisories.refreshMinutes'],
  [{ advisories: { refreshMinutes: 1, feeds: ['osv:cobol'] } }, 'advisories.feeds.0: see "plimsoll db update --list"'],
  [{ advisories: { refreshMinutes: 1, mirrors: ['ftp://mirror'] } }, 'advisories.mirrors.0: write SCHEME://HOST/'],
  [{ advisories: { refreshMinutes: 1, mirrors: ['https://a:b@mirror/x'] } }, 'without a user'],
  [{ advisories: { refreshMinutes: 1, pull: 'https://mirror/x y' } }, 'advisories.pull'],
  [
    { advisories: { refreshMinutes: 1, pull: 'oci://h/r:1', feeds: ['kev'] } },
    'advisories.pull takes a built database',
  ],
  [{ advisories: { refreshMinutes: 1, keys: ['key.pem'] } }, 'advisories.keys are for advisories.pull'],
  [{ advisories: { feeds: ['kev'] } }, 'advisories.refreshMinutes is not set'],
  [{ advisories: { allowMissing: true } }, 'advisories.refreshMinutes is not set'],
  [{ advisories: { refreshMinutes: 1 }, scan: { db: 'starter' } }, 'the starter database'],
  [[], 'the whole'],
  ['text', 'the whole'],
])('refuses %j', (document, problem) => {
  expect(() => read(document)).toThrow(
    expect.objectContaining({ code: 'SETTINGS_INVALID', message: expect.stringContaining(problem) }),
  );
});

it('refreshes nothing that it is not told to; then all feeds from where they are published, by default', () => {
  expect(read(null).advisories.refreshMinutes).toBeUndefined();
  const terms = { feeds: [], mirrors: [], keys: [], allowMissing: false };
  expect(read({ advisories: { refreshMinutes: 43_200 } }).advisories).toEqual({ refreshMinutes: 43_200, ...terms });
  const pulled = { refreshMinutes: 1, pull: 'oci://registry:5000/plimsoll/db:1', keys: ['key.pem'] };
  expect(read({ advisories: pulled }).advisories).toMatchObject(pulled);
  const mirrored = { refreshMinutes: 1, feeds: ['osv', 'kev'], mirrors: ['http://127.0.0.1:1', 'https://m/x?@'] };
  expect(read({ advisories: mirrored, scan: { db: '/srv/db' } }).advisories).toMatchObject(mirrored);
});

it('names no value of what it refuses: it may be a secret', () => {
  const secret = 'postgres://plimsoll:canary@db/plimsoll';
  for (const document of [
    { store: { uri: secret } },
    { listen: secret },
    { store: secret },
    { store: { url: [secret] } },
    { advisories: { refreshMinutes: 1, mirrors: ['https://u:canary@h/'] } },
    { advisories: { refreshMinutes: 1, feeds: ['canary'] } },
  ]) {
    expect(() => read(document)).toThrow(/^(?!.*canary)/);
  }
});
