import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { clusterDirectory, POSTGRES, startPostgres } from '../support/private-postgres.ts';
import { ociTarget, runCommand, scratch } from '../support/scan.ts';
import { type Served, startServe } from '../support/serve.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { zip } from '../support/zip-builder.ts';

/** `plimsoll serve` keeps its advisory database new, from a mirror of feeds on this machine. */

const images = scratch('serve-refresh-images');
const lodash = await buildImage({
  layers: [
    {
      entries: [file('app/node_modules/lodash/package.json', JSON.stringify({ name: 'lodash', version: '1.0.0' }))],
    },
  ],
});
const target = ociTarget(images, lodash);

const record = (id: string) => ({
  name: `${id}.json`,
  content: JSON.stringify({
    id,
    modified: '2024-01-01T00:00:00Z',
    affected: [{ package: { ecosystem: 'npm', name: 'lodash' }, versions: ['1.0.0'] }],
  }),
});
const FIRST = 'GHSA-aaaa-aaaa-aaaa';
const SECOND = 'GHSA-bbbb-bbbb-bbbb';
const NO_FEED = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(500)]);
const KEV = JSON.stringify({
  catalogVersion: '1',
  vulnerabilities: [{ cveID: 'CVE-2024-0001', dateAdded: '2024-01-01' }],
});

async function ended(served: Served, id: string) {
  const now = async () => (await served.ask('GET', `/api/v1/jobs/${id}`)).json;
  await expect.poll(async () => (await now()).state, { timeout: 60_000, interval: 100 }).toMatch(/^(?:done|failed)$/);
  return await now();
}

async function refreshes(served: Served) {
  const { items } = (await served.ask('GET', '/api/v1/jobs')).json;
  return items.filter(({ kind }: { kind: string }) => kind === 'refresh-advisories');
}

/** The advisories that a scan finds, and the digest of the database that its report names. */
async function scanned(served: Served) {
  const asked = await served.ask('POST', '/api/v1/images', { body: { target } });
  expect(asked.status).toBe(202);
  expect(await ended(served, asked.json.id)).toMatchObject({ state: 'done' });
  const { json } = await served.ask('GET', `/api/v1/images/${lodash.manifestDigest}/report`);
  const ids = json.vulnerabilities.map(({ id }: { id: string }) => id).toSorted();
  return { ids, digest: json.inputs.db };
}

describe.skipIf(POSTGRES === null)(`serve with advisories.refreshMinutes${POSTGRES ? '' : ' (no PostgreSQL)'}`, () => {
  test('a refresh that fails is told and scans go on; one that does not is used by the next scan', {
    timeout: 180_000,
  }, async () => {
    const db = join(await temporaryDirectory(), 'db');
    let npm: Buffer = zip([record(FIRST)]);
    const { url } = await loopbackServer((request, response) => {
      if (request.url!.endsWith('/npm/all.zip')) response.end(npm);
      else if (request.url!.includes('known_exploited')) response.end(KEV);
      else response.writeHead(404).end();
    });
    const environment = { NO_PROXY: '*' };
    const update = ['db', 'update', '--mirror', url, '--feeds', 'osv:npm,kev', '--db', db, '--quiet'];
    expect(await runCommand(update, undefined, { environment })).toMatchObject({ code: 0 });

    npm = NO_FEED;
    const advisories = { refreshMinutes: 60, mirrors: [url], feeds: ['osv:npm', 'kev'] };
    const settings = { scan: { db, localDirectories: [images] }, advisories };
    const directory = clusterDirectory();
    const served = await startServe({ directory, settings, environment });
    await expect.poll(async () => (await refreshes(served)).length, { timeout: 30_000 }).toBe(1);
    const [{ id }] = await refreshes(served);
    expect(await ended(served, id)).toMatchObject({
      state: 'failed',
      attempts: 1,
      error: { code: 'FEED_UNREADABLE', message: expect.stringContaining('no end record') },
    });
    const before = await scanned(served);
    expect(before.ids).toEqual([FIRST]);

    npm = zip([record(FIRST), record(SECOND)]);
    const again = await served.ask('POST', `/api/v1/jobs/${id}/replay`);
    const done = await ended(served, again.json.id);
    expect(done).toMatchObject({ state: 'done', error: null, result: { before: before.digest, warned: 0 } });
    expect(done.result.digest).not.toBe(before.digest);
    expect(await scanned(served)).toEqual({ ids: [FIRST, SECOND], digest: done.result.digest });
    const metrics = (await served.ask('GET', '/metrics')).text;
    expect(metrics).toContain('plimsoll_job_attempts_total{kind="refresh-advisories",outcome="failed"} 1');
    expect(metrics).toContain('plimsoll_job_attempts_total{kind="refresh-advisories",outcome="done"} 1');

    // Another process on the same store finds that none is due.
    expect(await served.stop()).toBe(0);
    const next = await startServe({ directory, settings, environment, token: served.firstToken });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await refreshes(next)).toHaveLength(1);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    '%s amid a refresh ends its process too, and the next start begins it again',
    {
      timeout: 120_000,
    },
    async (signal) => {
      const db = join(await temporaryDirectory(), 'db');
      let isSlow = true;
      let open = 0;
      const { url, requests } = await loopbackServer((request, response) => {
        if (isSlow) {
          open += 1;
          response.on('close', () => {
            open -= 1;
          });
          response.write(' ');
        } else if (request.url!.includes('known_exploited')) response.end(KEV);
      });
      const settings = {
        scan: {},
        workers: { drainSeconds: 0 },
        advisories: { refreshMinutes: 60, mirrors: [url], feeds: ['kev'] },
      };
      const environment = { NO_PROXY: '*', PLIMSOLL_DB_DIR: db };
      const directory = clusterDirectory();
      const served = await startServe({ directory, settings, environment });
      await expect.poll(() => requests.length, { timeout: 30_000 }).toBe(1);
      expect(open).toBe(1);
      served.command.kill(signal);
      expect((await served.command.result).code).toBe(signal === 'SIGTERM' ? 0 : null);
      await expect.poll(() => open, { timeout: 5_000 }).toBe(0);

      isSlow = false;
      const next = await startServe({ directory, settings, environment, token: served.firstToken });
      const [{ id }] = await refreshes(next);
      expect(await ended(next, id)).toMatchObject({ state: 'done', attempts: 2, result: { before: 'none' } });
    },
  );

  test('three workers on one store pull a signed database once', { timeout: 120_000 }, async () => {
    const work = await temporaryDirectory();
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(work, 'key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(join(work, 'key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(join(work, 'all.zip'), zip([record(FIRST)]));
    const make = async (...args: string[]) => {
      const made = await runCommand(['db', ...args]);
      expect(made).toMatchObject({ code: 0 });
      return made.stdout;
    };
    const built = await make('build', '--from', join(work, 'all.zip'), '--output', join(work, 'built'), '--quiet');
    const archive = join(work, 'db.tar.zst');
    await make('export', archive, '--db', join(work, 'built'), '--sign', join(work, 'key'));
    const { url, requests } = await loopbackServer((_, response) => response.end(readFileSync(archive)));

    const postgres = await startPostgres();
    onTestFinished(() => postgres.stop());
    const { host, user, database } = postgres.connection;
    const environment = {
      NO_PROXY: '*',
      PLIMSOLL_DB_DIR: join(work, 'db'),
      DATABASE_URL: `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`,
    };
    const pull = { refreshMinutes: 60, pull: `${url}/db.tar.zst`, keys: [join(work, 'key.pem')] };
    const start = (role: 'api' | 'worker') => {
      const settings = { scan: {}, advisories: pull };
      return startServe({ directory: clusterDirectory(), role, settings, environment });
    };
    const api = await start('api');
    for (let count = 0; count < 3; count++) await start('worker');
    await expect.poll(async () => (await refreshes(api)).length, { timeout: 30_000 }).toBe(1);
    const done = await ended(api, (await refreshes(api))[0].id);
    expect(done).toMatchObject({ state: 'done', attempts: 1, result: { before: 'none' } });
    expect(built).toContain(done.result.digest);
    // Each has asked by now whether one is due.
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    expect([(await refreshes(api)).length, requests.length]).toEqual([1, 1]);
  });
});
