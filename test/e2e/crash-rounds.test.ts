import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES, startPostgres } from '../support/private-postgres.ts';
import { HAS_REDIS, RedisServer } from '../support/redis-server.ts';
import { ociTarget, scratch } from '../support/scan.ts';
import { type Served, startServe } from '../support/serve.ts';

/** Every process is killed amid work. Nothing that was asked for is lost, and nothing is there twice. */

const IMAGES = 24;
const images = scratch('crash-images');
/** Takes some tenths of a second to read, so that a kill hits some of them half-way. */
const ballast = Buffer.alloc(24 * 2 ** 20, randomBytes(4_096));
const targets = await Promise.all(
  Array.from({ length: IMAGES }, async (_, i) => {
    const entries = [
      file('etc/os-release', OS_RELEASE.debian),
      file('var/lib/dpkg/status', dpkgStatus([{ name: 'curl', version: `7.${i}` }])),
      file(`ballast-${i}`, ballast),
    ];
    const image = await buildImage({ layers: [{ entries, compression: 'gzip' }] });
    return { digest: image.manifestDigest, target: ociTarget(images, image) };
  }),
);
const settings = { scan: { db: 'starter', localDirectories: [images] }, workers: { concurrency: 2, drainSeconds: 5 } };

/** Asks as a registry does: again and again until it is told 202. */
async function request(served: () => Served, target: string): Promise<void> {
  for (;;) {
    const answer = await served()
      .ask('POST', '/api/v1/images', { body: { target } })
      .catch(() => null);
    if (answer?.status === 202) return;
    await sleep(300);
  }
}

async function expectAllOnce(query: (text: string) => Promise<Record<string, unknown>[]>): Promise<void> {
  // A lost job that was asked for again meanwhile is left to that second one.
  const unsettled = `select state, count(*)::int as n from jobs where state <> 'done' and not (state = 'cancelled' and exists (
    select 1 from jobs later where later.key = jobs.key and later.seq > jobs.seq and later.state = 'done')) group by state`;
  const left = async () => JSON.stringify(await query(unsettled).catch(() => null));
  await expect.poll(left, { timeout: 150_000, interval: 500 }).toBe('[]');
  const reports = await query('select digest, count(*)::int as n from reports group by digest order by digest');
  expect(reports).toEqual(
    targets.map(({ digest }) => ({ digest, n: 1 })).toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
  );
  const [packages] = await query('select count(*)::int as n from report_packages');
  expect(packages).toEqual({ n: IMAGES });
}

describe.skipIf(POSTGRES === null || !HAS_REDIS)(
  `killed amid work${POSTGRES === null ? ' (no PostgreSQL installed)' : HAS_REDIS ? '' : ' (no Redis installed)'}`,
  () => {
    test('workers, Redis, PostgreSQL and the API, each in its turn', { timeout: 400_000 }, async () => {
      const crashes: string[] = [];
      const postgres = await startPostgres({ onCrash: (message) => crashes.push(message) });
      onTestFinished(() => postgres.stop());
      const redis = await new RedisServer().start('--maxmemory-policy', 'noeviction');
      onTestFinished(() => redis.remove());
      const { host, user, database } = postgres.connection;
      const environment = {
        DATABASE_URL: `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`,
        REDIS_URL: redis.socket,
      };
      const directory = clusterDirectory();
      const start = (role: 'api' | 'worker', more: object = {}) =>
        startServe({ directory: `${directory}/${role}-${Math.random()}`, role, settings, environment, ...more });
      let api = await start('api');
      const token = api.firstToken;
      let workers = [await start('worker'), await start('worker')];

      const kills: (() => Promise<void>)[] = [
        async () => {
          workers[0]!.command.kill('SIGKILL');
          workers = [workers[1]!, await start('worker')];
        },
        async () => {
          await redis.kill();
          await redis.start('--maxmemory-policy', 'noeviction');
        },
        async () => {
          process.kill(postgres.pid!, 'SIGKILL');
        },
        async () => {
          api.command.kill('SIGKILL');
          api = await start('api', { token });
        },
      ];
      for (const [round, kill] of kills.entries()) {
        const asked = targets.slice((round * IMAGES) / kills.length, ((round + 1) * IMAGES) / kills.length);
        const asking = Promise.all(
          asked.flatMap(({ target }) => [request(() => api, target), request(() => api, target)]),
        );
        await sleep(400);
        await kill();
        await asking;
      }
      expect(crashes.length).toBeGreaterThan(0);

      const client = () => new pg.Client(postgres.connection);
      await expectAllOnce(async (text) => {
        const connected = client();
        connected.on('error', () => {});
        await connected.connect();
        try {
          return (await connected.query(text)).rows;
        } finally {
          await connected.end();
        }
      });
      for (const worker of workers) {
        const code = await worker.stop();
        const said = (await worker.command.result).stderr;
        expect(code, said.slice(-3_000)).toBe(0);
      }
      expect(await api.stop()).toBe(0);
    });

    test('serve itself, again and again, its PostgreSQL left alone or killed with it', {
      timeout: 400_000,
    }, async () => {
      const directory = clusterDirectory();
      let served = await startServe({ directory, settings });
      const token = served.firstToken;
      for (let round = 0; round < 3; round++) {
        const asked = targets.slice((round * IMAGES) / 3, ((round + 1) * IMAGES) / 3);
        await Promise.all(asked.map(({ target }) => request(() => served, target)));
        await sleep(300 * round);
        served.command.kill('SIGKILL');
        await served.command.result;
        served = await startServe({ directory, settings, token });
      }
      const done = async () => {
        const { json } = await served.ask('GET', '/api/v1/jobs?limit=500');
        return json.items.filter(({ state }: { state: string }) => state !== 'done').length;
      };
      await expect.poll(done, { timeout: 150_000, interval: 500 }).toBe(0);
      for (const { digest } of targets) {
        expect((await served.ask('GET', `/api/v1/images/${digest}/verdict`)).status).toBe(200);
      }
      const { json } = await served.ask('GET', '/api/v1/images?limit=500');
      expect(json.items).toHaveLength(IMAGES);
    });
  },
);
