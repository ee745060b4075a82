import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { CAN_SECURE, HAS_DOCKER_REGISTRY, secured, startDockerRegistry } from '../support/docker-registry.ts';
import { echoing, fakeRegistry } from '../support/fake-registry.ts';
import { freePort } from '../support/free-port.ts';
import { type BuiltImage, buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES, startPostgres } from '../support/private-postgres.ts';
import { HAS_REDIS, RedisServer } from '../support/redis-server.ts';
import { runCommand } from '../support/scan.ts';
import { type Served, startServe } from '../support/serve.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Debian's docker-registry with TLS, a password and notifications; skopeo pushes; on one host and on many processes. */

const HAS_ALL = HAS_DOCKER_REGISTRY && CAN_SECURE && POSTGRES !== null;
const USER = 'plimsoll';
/** Another one for each source of credentials. */
const canary = (source: string): string => `canary-${source}-${randomBytes(8).toString('hex')}`;

const debian = (version: string): Promise<BuiltImage> => {
  const status = dpkgStatus([{ name: 'curl', version }]);
  return buildImage({
    layers: [{ entries: [file('etc/os-release', OS_RELEASE.debian), file('var/lib/dpkg/status', status)] }],
  });
};

interface Stage {
  readonly directory: string;
  /** The registries file. */
  readonly registries: string;
  readonly hookPort: number;
  /** What a registration with a sealed secret and the password of the registry need. */
  readonly environment: Readonly<Record<string, string>>;
  readonly hookSecret: string;
  readonly sealingKey: string;
  push(name: string, image: BuiltImage): void;
}

/** The registry, and the registration that "registry add" wrote, with what pulling needs. */
async function stage(password: string): Promise<Stage> {
  const directory = await temporaryDirectory();
  const [registryPort, hookPort] = [await freePort(), await freePort()];
  const { ca, extra, http } = secured(directory, USER, password);
  const [registries, keys, passwordFile] = ['registries.yaml', 'keys', 'password'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  const sealingKey = (await runCommand(['secret', 'key'])).stdout;
  writeFileSync(keys, sealingKey, { mode: 0o600 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const environment = { PLIMSOLL_SEALING_KEYS_FILE: keys };
  const named = ['--kind', 'distribution', '--host', `127.0.0.1:${registryPort}`];
  const places = ['--registries', registries, '--url', `http://127.0.0.1:${hookPort}`];
  const added = await runCommand(['registry', 'add', 'main', ...named, ...places], '', { environment });
  expect(added).toMatchObject({ code: 0 });
  const document = parse(readFileSync(registries, 'utf8'));
  document.registries[0].pull = { ca, credentials: { username: USER, password: { file: passwordFile } } };
  writeFileSync(registries, stringify(document));
  const notifications = added.stdout.slice(added.stdout.indexOf('notifications:')).replace('10s', '1s');
  const registry = await startDockerRegistry(onTestFinished, [...extra, notifications], http, registryPort);
  const authFile = join(directory, 'auth.json');
  const auth = Buffer.from(`${USER}:${password}`).toString('base64');
  writeFileSync(authFile, JSON.stringify({ auths: { [registry.host]: { auth } } }));
  return {
    directory,
    registries,
    hookPort,
    environment,
    hookSecret: /Bearer ([\w-]{43})"/.exec(notifications)![1]!,
    sealingKey: sealingKey.trim(),
    push: (name, image) => registry.push(name, image, ['--dest-authfile', authFile]),
  };
}

const scanned = (served: Served, { manifestDigest }: BuiltImage) =>
  expect
    .poll(async () => (await served.ask('GET', `/api/v1/images/${manifestDigest}`)).json?.verdict?.decision, {
      timeout: 90_000,
      interval: 200,
    })
    .toMatch(/^(?:pass|fail|unknown)$/);

test.skipIf(!HAS_ALL)('with TLS and a password: a push is scanned, on the private PostgreSQL', async () => {
  const { push, hookPort, registries, environment } = await stage('right');
  const served = await startServe({
    directory: clusterDirectory(),
    settings: {
      listen: `127.0.0.1:${hookPort}`,
      registries: { file: registries },
      scan: { db: 'starter' },
      api: { requestsPerMinute: 10_000 },
    },
    environment,
  });
  const image = await debian('7.88.1-10');
  push('team/app:1', image);
  await scanned(served, image);
  const { json } = await served.ask('GET', `/api/v1/images/${image.manifestDigest}`);
  expect(json).toMatchObject({ kind: 'image', reference: expect.stringContaining('/team/app@sha256:') });
  const { json: jobs } = await served.ask('GET', '/api/v1/jobs?kind=scan');
  expect(jobs.items).toMatchObject([{ state: 'done', attempts: 1, registry: 'main' }]);
});

/** What stands among the arguments of any process, looked at again and again. */
function watchArguments(secrets: readonly string[]): { readonly hits: Set<string>; readonly seen: Set<string> } {
  const [hits, seen] = [new Set<string>(), new Set<string>()];
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      let line: string;
      try {
        line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        // It has ended.
        continue;
      }
      const role = /main\.(?:ts|js) (api|worker|webhooks) /.exec(line)?.[1];
      if (role !== undefined) seen.add(role);
      for (const secret of secrets) if (line.includes(secret)) hits.add(line);
    }
  }, 200);
  onTestFinished(() => clearInterval(timer));
  return { hits, seen };
}

test.skipIf(!HAS_ALL || !HAS_REDIS)(
  'api, webhooks and three workers on PostgreSQL and Redis: each image has one report, each worker did some, no secret is anywhere',
  { timeout: 400_000 },
  async () => {
    const secrets = {
      registration: canary('registration'),
      config: canary('config'),
      helper: canary('helper'),
      identity: canary('identity'),
      aws: canary('aws'),
      database: canary('database'),
      redis: canary('redis'),
    };
    const { directory, push, hookPort, registries, environment, hookSecret, sealingKey } = await stage(
      secrets.registration,
    );

    // Registries that repeat what they are sent, each with credentials from another source; and Amazon, which repeats its key.
    const echoes = await Promise.all(['config', 'helper', 'identity'].map(() => fakeRegistry(echoing)));
    const [byConfig, byHelper, byIdentity] = echoes.map(({ host }) => host) as [string, string, string];
    const home = join(directory, 'home');
    mkdirSync(join(home, '.docker'), { recursive: true });
    const basic = Buffer.from(`me:${secrets.config}`).toString('base64');
    const config = {
      auths: { [byConfig]: { auth: basic }, [byIdentity]: { identitytoken: secrets.identity } },
      credHelpers: { [byHelper]: 'canary' },
    };
    writeFileSync(join(home, '.docker/config.json'), JSON.stringify(config));
    const helper = join(home, 'docker-credential-canary');
    writeFileSync(helper, `#!/bin/sh\necho '{"Username":"me","Secret":"${secrets.helper}"}'\n`);
    chmodSync(helper, 0o755);
    const amazon = await loopbackServer((_, response) => {
      const body = { __type: 'AccessDeniedException', message: `${secrets.aws} is not allowed` };
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    });
    const ecrHost = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
    const document = parse(readFileSync(registries, 'utf8'));
    const hook = document.registries[0].webhook;
    const sealed = { method: hook.method, secrets: [{ environment: 'OTHER_HOOK' }] };
    for (const [id, host] of Object.entries({ config: byConfig, helper: byHelper, identity: byIdentity })) {
      const repositories = ['team/app'];
      document.registries.push({ id, kind: 'distribution', host, scheme: 'http', repositories, webhook: sealed });
    }
    document.registries.push({ id: 'amazon', kind: 'ecr', host: ecrHost, repositories: ['team/app'], webhook: sealed });
    writeFileSync(registries, stringify(document));

    const store = clusterDirectory();
    const postgres = await startPostgres({ directory: store });
    onTestFinished(() => postgres.stop());
    const redisPort = await freePort();
    const redis = await new RedisServer(secrets.redis).start('--port', String(redisPort), '--bind', '127.0.0.1');
    onTestFinished(() => redis.remove());
    const { host, user, database } = postgres.connection;
    const all = {
      ...environment,
      DATABASE_URL: `postgres://${user}:${secrets.database}@/${database}?host=${encodeURIComponent(host)}`,
      REDIS_URL: `redis://:${secrets.redis}@127.0.0.1:${redisPort}`,
      OTHER_HOOK: canary('hook'),
      HOME: home,
      PATH: `${home}:${process.env.PATH}`,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: secrets.aws,
      AWS_ENDPOINT_URL_ECR: amazon.url,
      AWS_MAX_ATTEMPTS: '1',
    };
    const base = { registries: { file: registries }, scan: { db: 'starter' }, api: { requestsPerMinute: 100_000 } };
    const start = (role: 'api' | 'worker' | 'webhooks', more: object = {}) =>
      startServe({
        directory: join(directory, `${role}-${randomBytes(4).toString('hex')}`),
        role,
        settings: { ...base, log: { level: 'debug' }, ...more },
        environment: all,
      });
    const everySecret: string[] = [...Object.values(secrets), basic, hookSecret, sealingKey, all.OTHER_HOOK];
    const { hits, seen } = watchArguments(everySecret);
    const api = await start('api');
    everySecret.push(api.firstToken!);
    const hooks = await start('webhooks', { listen: `127.0.0.1:${hookPort}` });
    const workers = await Promise.all([start('worker'), start('worker'), start('worker')]);
    const { json: made } = await api.ask('POST', '/api/v1/tokens', { body: { name: 'ci', role: 'viewer' } });
    everySecret.push(made.secret);

    const query = async (text: string): Promise<Record<string, unknown>[]> => {
      const client = new pg.Client(postgres.connection);
      await client.connect();
      try {
        return (await client.query(text)).rows;
      } finally {
        await client.end();
      }
    };
    const images: BuiltImage[] = [];
    const busy = async () =>
      await query(
        "select worker from jobs where kind = 'scan' and state = 'done' and registry = 'main' group by worker",
      );
    while (images.length < 9 || ((await busy()).length < workers.length && images.length < 40)) {
      const image = await debian(`8.${images.length}`);
      push(`team/app-${images.length % 3}:${images.length}`, image);
      images.push(image);
    }
    for (const image of images) await scanned(api, image);
    expect(await busy()).toHaveLength(workers.length);
    const reports = await query('select digest, count(*)::int as n from reports group by digest order by digest');
    const expected = images.map(({ manifestDigest }) => ({ digest: manifestDigest, n: 1 }));
    expect(reports).toEqual(expected.toSorted((a, b) => (a.digest < b.digest ? -1 : 1)));

    // Every source was used, and refused in words that held what it gave.
    for (const echo of [byConfig, byHelper, byIdentity, ecrHost]) {
      const target = `${echo}/team/app:1`;
      const { status, json } = await api.ask('POST', '/api/v1/images', { body: { target } });
      expect([target, status]).toEqual([target, 202]);
      const job = async () => (await api.ask('GET', `/api/v1/jobs/${json.id}`)).json;
      await expect.poll(async () => (await job()).state, { timeout: 90_000 }).toMatch(/failed|queued/);
      await expect.poll(async () => (await job()).error?.code, { timeout: 90_000 }).toMatch(/^(?:REGISTRY|EGRESS)_/);
    }
    for (const { requests } of echoes) expect(requests.length).toBeGreaterThan(0);
    expect(amazon.requests.length).toBeGreaterThan(0);

    const dump = redis.dump();
    expect(dump).toContain('plimsoll-scan');
    const tables = await query(
      "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema in ('public', 'bullmq') and table_type = 'BASE TABLE'",
    );
    const rows: string[] = [];
    for (const { name } of tables) rows.push(JSON.stringify(await query(`select t::text from ${name} t`)));
    const spoken: string[] = [];
    for (const each of [...workers, hooks, api]) {
      expect(await each.stop()).toBe(0);
      const { stdout, stderr } = await each.command.result;
      // The one place where the first token stands.
      spoken.push(stdout.replace(/^The first token of the API.*$/m, ''), stderr);
    }
    expect(rows.join()).toContain('team/app');
    expect(spoken.join()).toContain('job ended');
    expect([...seen].toSorted()).toEqual(['api', 'webhooks', 'worker']);
    for (const secret of everySecret) {
      for (const text of [dump, ...rows, ...spoken]) expect(text).not.toContain(secret);
    }
    expect([...hits]).toEqual([]);
    const found = spawnSync('grep', ['-rlaF', ...everySecret.flatMap((text) => ['-e', text]), store]);
    expect(found.stdout.toString()).toBe('');
    expect(spawnSync('grep', ['-rlaF', '-e', 'team/app', store]).stdout.toString()).not.toBe('');
  },
);
