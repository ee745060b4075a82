import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { report as reportSchema } from '../../services/domain/report/report.ts';
import { documentedRoutes, RANKS } from '../support/api-routes.ts';
import { buildImage, ociArchive } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { archiveFile, ociTarget, runCommand, scratch } from '../support/scan.ts';
import { type Served, startServe } from '../support/serve.ts';

/** `plimsoll serve` as a user starts it: the process, its PostgreSQL, its API. */

const images = scratch('serve-images');
const debian = (architecture: string, version: string) =>
  buildImage({
    architecture,
    layers: [
      {
        entries: [
          file('etc/os-release', OS_RELEASE.debian),
          file('var/lib/dpkg/status', dpkgStatus([{ name: 'curl', version }])),
        ],
      },
    ],
  });
const [amd64, arm64] = [await debian('amd64', '7.88.1-10'), await debian('arm64', '8.1.0-1')];
const single = ociTarget(images, amd64);

async function scanned(served: Served, target: string) {
  const { status, json } = await served.ask('POST', '/api/v1/images', { body: { target } });
  expect(status).toBe(202);
  const now = async () => (await served.ask('GET', `/api/v1/jobs/${json.id}`)).json;
  await expect.poll(async () => (await now()).state, { timeout: 60_000, interval: 100 }).toMatch(/^(?:done|failed)$/);
  return await now();
}

const start = (more: Partial<Parameters<typeof startServe>[0]> = {}) =>
  startServe({
    directory: clusterDirectory(),
    settings: { scan: { db: 'starter', localDirectories: [images] } },
    ...more,
  });

describe.skipIf(POSTGRES === null)(`plimsoll serve${POSTGRES === null ? ' (no PostgreSQL installed)' : ''}`, () => {
  test('scans what it is asked for, and answers report, verdict and packages', async () => {
    const served = await start();
    expect(served.firstToken).toMatch(/^plimsoll_[\w-]{43}$/);
    expect((await served.ask('GET', '/readyz', { token: null })).json).toEqual({ status: 'ok' });
    const job = await scanned(served, single);
    expect(job).toMatchObject({ state: 'done', attempts: 1, error: null });
    const digest = amd64.manifestDigest;
    expect(job.result.digests).toContain(digest);

    const report = await served.ask('GET', `/api/v1/images/${digest}/report`);
    const parsed = reportSchema.parse(report.json);
    expect(parsed.packages.map(({ name, version }) => `${name} ${version}`)).toEqual(['curl 7.88.1-10']);
    const { json: verdict } = await served.ask('GET', `/api/v1/images/${digest}/verdict`);
    expect(verdict).toMatchObject({ decision: 'fail', kind: 'image', reportDigest: expect.any(String) });
    expect(verdict.decision).toBe(parsed.verdict?.decision);

    // The same as the command line says of the same image with the same inputs, moments aside.
    const { stdout } = await runCommand([
      'scan',
      '--db',
      'starter',
      '--format',
      'json',
      '--platform',
      'linux/amd64',
      '--isolation',
      'process',
      single,
    ]);
    const cli = reportSchema.parse(JSON.parse(stdout));
    const timeless = ({ createdAt: _c, timings: _t, verdict: _v, ...rest }: typeof cli) => rest;
    expect(timeless(parsed)).toEqual(timeless(cli));

    const etag = report.headers.get('etag')!;
    const again = await served.ask('GET', `/api/v1/images/${digest}/report`, { headers: { 'if-none-match': etag } });
    expect([again.status, again.text]).toEqual([304, '']);
    const sbom = await served.ask('GET', `/api/v1/images/${digest}/report?format=cyclonedx`);
    expect(sbom.json).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    expect((await served.ask('GET', `/api/v1/images/${digest}/report?format=spdx-tag-value`)).text).toContain(
      'SPDXVersion',
    );

    const packages = async (range: string) => {
      const query = new URLSearchParams({ purl: 'pkg:deb/debian/curl@1?arch=any', range });
      return (await served.ask('GET', `/api/v1/packages?${query}`)).json;
    };
    expect((await packages('<8')).items.map((each: { digest: string }) => each.digest)).toEqual([digest]);
    expect((await packages('>=8')).items).toEqual([]);
    expect((await packages('>= nonsense <')).incomparable).toHaveLength(1);
    expect(await served.stop()).toBe(0);
  });

  test('every platform is scanned', async () => {
    const served = await start();
    const target = archiveFile(images, await ociArchive([amd64, arm64]));
    const job = await scanned(served, `oci-archive:${target}`);
    expect(job.state).toBe('done');
    for (const { manifestDigest, spec } of [amd64, arm64]) {
      expect(job.result.digests).toContain(manifestDigest);
      const { json } = await served.ask('GET', `/api/v1/images/${manifestDigest}`);
      expect(json).toMatchObject({ kind: 'image', platform: `linux/${spec.architecture}` });
    }
  });

  test('every route asks who is there, and lets nobody do more than their role', async () => {
    const served = await start();
    const made: Record<string, string> = {};
    for (const role of ['viewer', 'editor', 'admin']) {
      const { status, json } = await served.ask('POST', '/api/v1/tokens', { body: { name: role, role } });
      expect(status).toBe(201);
      made[role] = json.secret;
    }
    const { json: document } = await served.ask('GET', '/api/v1/openapi.json');
    const routes = documentedRoutes(document);
    const open = routes.filter(({ role }) => role === null);
    for (const { method, url } of open)
      expect((await served.ask(method, url, { token: null })).status).toBeLessThan(400);
    expect(open.map(({ path }) => path).toSorted()).toEqual(['/api/v1/openapi.json', '/livez', '/readyz']);
    const guarded = routes.filter(({ role }) => role !== null);
    expect(guarded.length).toBeGreaterThan(20);
    for (const { method, path, url, role: needed } of guarded) {
      const ask = (token: string | null) => served.ask(method, url, { token, ...(method === 'POST' && { body: {} }) });
      for (const token of [null, 'plimsoll_wrong', 'x'.repeat(5_000), `${made.admin}x`]) {
        const refused = await ask(token);
        expect([path, refused.status, refused.json?.code]).toEqual([path, 401, 'UNAUTHENTICATED']);
      }
      for (const [rank, role] of RANKS.entries()) {
        const { status } = await ask(made[role]!);
        if (rank < RANKS.indexOf(needed!)) expect([path, role, status]).toEqual([path, role, 403]);
        else expect([401, 403]).not.toContain(status);
      }
    }
  });

  test('a token that was revoked or has expired opens nothing, and who did what is written down', async () => {
    const served = await start();
    const past = await served.ask('POST', '/api/v1/tokens', {
      body: { name: 'past', role: 'viewer', expiresAt: '2001-01-01T00:00:00Z' },
    });
    expect(past.status).toBe(400);
    const { json: made } = await served.ask('POST', '/api/v1/tokens', { body: { name: 'ci', role: 'viewer' } });
    expect((await served.ask('GET', '/api/v1/images', { token: made.secret })).status).toBe(200);
    expect((await served.ask('POST', '/api/v1/tokens', { token: made.secret, body: {} })).status).toBe(403);
    expect((await served.ask('DELETE', `/api/v1/tokens/${made.id}`)).status).toBe(204);
    expect((await served.ask('GET', '/api/v1/images', { token: made.secret })).status).toBe(401);
    const { json } = await served.ask('GET', '/api/v1/audit');
    const lines = json.items.map(({ action, outcome, actor }: Record<string, string>) => [
      action,
      outcome,
      actor === `token:${made.id}`,
    ]);
    expect(lines.toReversed()).toEqual([
      ['token.create', 'refused', false],
      ['token.create', 'done', false],
      ['token.create', 'refused', true],
      ['token.revoke', 'done', false],
    ]);
    const everything = JSON.stringify([json, (await served.ask('GET', '/api/v1/tokens')).json]);
    expect(everything).not.toContain(made.secret);
    expect(everything).not.toContain(served.firstToken);
  });

  test('refuses what is malformed, too large, or not to be read, and says what is wrong', async () => {
    const served = await start();
    const post = async (body: unknown) => {
      const { status, json } = await served.ask('POST', '/api/v1/images', { body });
      return [status, json.code];
    };
    expect(await post({ target: '/etc/passwd' })).toEqual([403, 'FORBIDDEN']);
    expect(await post({ target: 'docker.io/library/alpine' })).toEqual([403, 'FORBIDDEN']);
    expect(await post({ target: single, more: 1 })).toEqual([400, 'USAGE']);
    expect(await post('{"target":')).toEqual([400, 'USAGE']);
    const { apiBodyBytes, apiPageItems } = LIMITS;
    const padded = (bytes: number) => '{"target":"x"}'.padEnd(bytes);
    expect(await post(padded(apiBodyBytes))).toEqual([403, 'FORBIDDEN']);
    expect(await post(padded(apiBodyBytes + 1))).toEqual([413, 'USAGE']);
    expect((await served.ask('GET', `/api/v1/images?limit=${apiPageItems + 1}`)).status).toBe(400);
    expect((await served.ask('GET', `/api/v1/images?limit=${apiPageItems}`)).status).toBe(200);
    expect((await served.ask('GET', '/api/v1/images?after=1%20or%201=1')).status).toBe(400);
    expect((await served.ask('GET', '/api/v1/images/sha256:short')).status).toBe(400);
    expect((await served.ask('GET', '/api/v1/nowhere')).json).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect((await served.ask('GET', '/api/v1/packages?purl=curl')).json.code).toBe('USAGE');
    const job = await scanned(served, `oci-archive:${archiveFile(images, Buffer.from('no archive'))}`);
    expect(job).toMatchObject({
      state: 'failed',
      error: { code: expect.stringMatching(/ARCHIVE|NOT_AN_IMAGE|TARGET/) },
    });
    expect((await served.ask('POST', `/api/v1/jobs/${job.id}/cancel`)).json.code).toBe('CONFLICT');
    expect((await served.ask('POST', `/api/v1/jobs/${job.id}/replay`)).status).toBe(202);
  });

  test('asks too often are slowed down, each caller on its own', async () => {
    const served = await start({
      settings: { api: { requestsPerMinute: 5 }, scan: { db: 'starter' } },
    });
    const statuses: number[] = [];
    for (let i = 0; i < 7; i++) statuses.push((await served.ask('GET', '/api/v1/jobs')).status);
    expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
    const late = await served.ask('GET', '/api/v1/jobs');
    expect([late.status, late.json.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await served.ask('GET', '/livez', { token: null })).status).toBe(200);
  });

  test('starts again with all that it knew, and makes no second first token', async () => {
    const directory = clusterDirectory();
    const settings = { scan: { db: 'starter', localDirectories: [images] } };
    const first = await start({ directory, settings });
    await scanned(first, single);
    const { text } = await first.ask('GET', `/api/v1/images/${amd64.manifestDigest}/report`);
    expect(await first.stop()).toBe(0);
    // Nothing went wrong, and nothing is said to have: neither while it ran nor while it ended.
    const { stderr: log } = await first.command.result;
    expect(log.split('\n').filter((line) => /"level":"(?:warn|error)"/.test(line))).toEqual([]);
    const second = await start({ directory, settings, token: first.firstToken });
    expect(second.firstToken).toBeNull();
    expect((await second.ask('GET', `/api/v1/images/${amd64.manifestDigest}/report`)).text).toBe(text);
    const { code, stderr } = await runCommand(['serve', '--data', join(directory, 'data'), '--listen', '127.0.0.1:0']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Another plimsoll serve')]);
  });

  test('writes the first token where it is told to, for its owner alone', async () => {
    const directory = clusterDirectory();
    const firstTokenFile = join(directory, 'token');
    const served = await start({ directory, settings: { api: { firstTokenFile }, scan: { db: 'starter' } } });
    expect(served.firstToken).toBeNull();
    expect(statSync(firstTokenFile).mode & 0o777).toBe(0o600);
    const token = readFileSync(firstTokenFile, 'utf8').trim();
    expect((await served.ask('GET', '/api/v1/tokens', { token })).status).toBe(200);
  });
});

test('says what is wrong with its settings, and shows no secret of them', async () => {
  const serve = async (environment: Record<string, string>, ...args: string[]) => {
    const { code, stderr } = await runCommand(['serve', ...args], '', { environment });
    return [code, stderr.trim()];
  };
  expect(await serve({ PLIMSOLL_LISTEN: 'everywhere' })).toEqual([
    1,
    expect.stringContaining('listen: write ADDRESS:PORT'),
  ]);
  const secret = 'postgres://plimsoll:canary@127.0.0.1:1/plimsoll';
  const [code, text] = await serve({ DATABASE_URL: secret, PLIMSOLL_DATA_DIR: scratch('serve-data') });
  expect([code, text]).toEqual([1, expect.stringContaining('STORE_UNUSABLE')]);
  expect(text).not.toContain('canary');
  expect(await serve({ DATABASE_URL_FILE: '/nonexistent', PLIMSOLL_DATA_DIR: scratch('serve-data') })).toEqual([
    1,
    expect.stringContaining('SETTINGS_INVALID'),
  ]);
});
