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
    workers: { concurrency: 2, drainSeconds: 30 },
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

it.each([
  [{ lisen: '127.0.0.1:1' }, 'lisen'],
  [{ listen: 'localhost' }, 'listen: write ADDRESS:PORT'],
  [{ workers: { concurrency: 0 } }, 'workers.concurrency'],
  [{ scan: { localDirectories: '/srv' } }, 'scan.localDirectories'],
  [{ store: { url: 'postgres://x', urlFile: '/run/secret' } }, 'store.url and store.urlFile exclude each other'],
  [[], 'the whole'],
  ['text', 'the whole'],
])('refuses %j', (document, problem) => {
  expect(() => read(document)).toThrow(
    expect.objectContaining({ code: 'SETTINGS_INVALID', message: expect.stringContaining(problem) }),
  );
});

it('names no value of what it refuses: it may be a secret', () => {
  const secret = 'postgres://plimsoll:canary@db/plimsoll';
  for (const document of [
    { store: { uri: secret } },
    { listen: secret },
    { store: secret },
    { store: { url: [secret] } },
  ]) {
    expect(() => read(document)).toThrow(/^(?!.*canary)/);
  }
});
