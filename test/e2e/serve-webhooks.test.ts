import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { HAS_DOCKER_REGISTRY, startDockerRegistry } from '../support/docker-registry.ts';
import { freePort } from '../support/free-port.ts';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { runCommand } from '../support/scan.ts';
import { startServe } from '../support/serve.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const CANARY = 'canary-9876543210fedcba';

const debian = (version: string) => {
  const status = dpkgStatus([{ name: 'curl', version }]);
  return buildImage({
    layers: [{ entries: [file('etc/os-release', OS_RELEASE.debian), file('var/lib/dpkg/status', status)] }],
  });
};

test.skipIf(!HAS_DOCKER_REGISTRY || POSTGRES === null)(
  'a push is an event, a scan and a report; what no event told of is swept; what is told twice is scanned once',
  async () => {
    const directory = await temporaryDirectory();
    const [registryPort, hookPort] = [await freePort(), await freePort()];
    const registries = join(directory, 'registries.yaml');
    const keys = join(directory, 'keys');
    writeFileSync(keys, (await runCommand(['secret', 'key'])).stdout);
    const environment = { PLIMSOLL_SEALING_KEYS_FILE: keys };
    const add = async (id: string, repositories: string) => {
      const named = [
        '--kind',
        'distribution',
        '--host',
        `127.0.0.1:${registryPort}`,
        '--http',
        '--repositories',
        repositories,
      ];
      const places = ['--registries', registries, '--url', `http://127.0.0.1:${hookPort}`];
      const { code, stdout } = await runCommand(['registry', 'add', id, ...named, ...places], '', { environment });
      expect(code).toBe(0);
      return stdout.slice(stdout.indexOf('notifications:')).replace('10s', '1s');
    };
    const notifications = await add('told', 'team/**');
    // Nobody tells of these.
    await add('silent', 'lost/**');
    const secret = /Bearer ([\w-]{43})"/.exec(notifications)![1]!;

    const cluster = clusterDirectory();
    const registry = await startDockerRegistry(onTestFinished, [notifications], [], registryPort);
    const [early, told, lost] = [await debian('7.88.1-10'), await debian('8.1.0-1'), await debian('8.2.0-1')];
    registry.push('lost/app:1', lost);
    registry.push('team/early:1', early);

    const served = await startServe({
      directory: cluster,
      settings: {
        listen: `127.0.0.1:${hookPort}`,
        registries: { file: registries },
        scan: { db: 'starter' },
        retention: { images: [{ registry: 'told', repositories: ['team/early'], keepLast: 0 }] },
      },
      environment,
    });
    const verdictOf = async (digest: string) =>
      (await served.ask('GET', `/api/v1/images/${digest}/verdict`)).json?.decision;
    const expectScanned = (digest: string) =>
      expect.poll(() => verdictOf(digest), { timeout: 60_000, interval: 200 }).toMatch(/^(?:pass|fail|unknown)$/);

    registry.push('team/app:1', told);
    registry.push('team/app:2', told);
    for (const image of [told, early, lost]) await expectScanned(image.manifestDigest);
    const report = await served.ask('GET', `/api/v1/images/${told.manifestDigest}/report`);
    expect(report.json.packages).toMatchObject([{ name: 'curl', version: '8.1.0-1' }]);

    const idle = async () => (await served.ask('GET', '/api/v1/jobs?state=queued')).json.items;
    await expect.poll(idle, { timeout: 60_000 }).toEqual([]);
    const { json: jobs } = await served.ask('GET', '/api/v1/jobs?limit=200');
    expect(jobs.items.filter(({ state }: { state: string }) => state === 'failed')).toEqual([]);
    const swept = jobs.items.filter(({ kind }: { kind: string }) => kind === 'sweep-registry');
    expect(swept.map(({ key }: { key: string }) => key).toSorted()).toEqual(['silent', 'told']);
    const { json: images } = await served.ask('GET', '/api/v1/images');
    expect(images.items.map(({ digest }: { digest: string }) => digest).toSorted()).toEqual(
      [early, told, lost].map(({ manifestDigest }) => manifestDigest).toSorted(),
    );

    // Asked for by hand: what a registration covers, and nothing else.
    const ask = (target: string) => served.ask('POST', '/api/v1/images', { body: { target } });
    expect((await ask(`${registry.host}/team/app:1`)).status).toBe(202);
    expect((await ask(`${registry.host}/other/app:1`)).status).toBeGreaterThanOrEqual(400);
    expect((await ask('registry.example.org/team/app:1')).status).toBeGreaterThanOrEqual(400);

    const { text: metrics } = await served.ask('GET', '/metrics');
    const accepted = /plimsoll_webhook_deliveries_total\{[^}]*registry="told"[^}]*result="accepted"[^}]*\} (\d+)/.exec(
      metrics,
    );
    expect(Number(accepted?.[1])).toBeGreaterThanOrEqual(3);

    await expect.poll(idle, { timeout: 60_000 }).toEqual([]);
    // Deleted in the registry: the report stays, and says so; pushed again, it is there again.
    const imageOf = async () => (await served.ask('GET', `/api/v1/images/${told.manifestDigest}`)).json;
    expect(await imageOf()).toMatchObject({
      deletedAt: null,
      places: [{ registry: 'told', repository: 'team/app', tags: ['1', '2'], deletedAt: null }],
    });
    const manifest = `http://${registry.host}/v2/team/app/manifests/${told.manifestDigest}`;
    expect((await fetch(manifest, { method: 'DELETE' })).status).toBe(202);
    await expect.poll(async () => (await imageOf()).deletedAt, { timeout: 30_000 }).not.toBeNull();
    expect((await imageOf()).places).toMatchObject([{ tags: [] }]);
    const kept = await served.ask('GET', `/api/v1/images/${told.manifestDigest}/report`);
    expect(kept.json.packages).toEqual(report.json.packages);
    registry.push('team/app:1', told);
    await expect.poll(async () => (await imageOf()).deletedAt, { timeout: 30_000 }).toBeNull();
    const tag = '/api/v1/tags?registry=told&repository=team/app&tag=1';
    const { items: moves } = (await served.ask('GET', tag)).json;
    const { manifestDigest } = told;
    expect(moves.map(({ digest }: { digest: string | null }) => digest)).toEqual([
      manifestDigest,
      null,
      manifestDigest,
    ]);
    await expect.poll(idle, { timeout: 60_000 }).toEqual([]);

    // What would go by the rules, asked for in both ways; and nothing goes by asking.
    const because = ['told/team/early: not among the last 0'];
    const { json: expiring } = await served.ask('GET', '/api/v1/retention');
    expect(expiring).toMatchObject({ total: 1, items: [{ digest: early.manifestDigest, because }] });
    const config = join(cluster, 'rules.json');
    const rules = { images: [{ repositories: ['team/early'], keepLast: 0 }] };
    writeFileSync(config, JSON.stringify({ dataDirectory: join(cluster, 'data'), retention: rules }));
    const listed = await runCommand(['registry', 'retention', '--config', config], '', { environment });
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    expect(listed.stdout).toContain(`${early.manifestDigest}  `);
    expect(listed.stdout).toContain('1 rule: 1 image would go');
    expect(await verdictOf(early.manifestDigest)).toBeDefined();

    // A secret in a path, where nothing of the sort is, and where it is not the right one.
    for (const path of ['quay/q', 'distribution/told', 'quay/q/x']) {
      const url = `http://127.0.0.1:${hookPort}/webhooks/registry/${path}/${CANARY}`;
      expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBeGreaterThanOrEqual(400);
    }

    expect(await served.stop()).toBe(0);
    const { stdout, stderr } = await served.command.result;
    for (const text of [stdout, stderr, readFileSync(registries, 'utf8')]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(CANARY);
    }
    // Nor in any file of the store, which has what was pushed.
    const holding = (...texts: string[]) =>
      spawnSync('grep', ['-rlaF', ...texts.flatMap((text) => ['-e', text]), cluster]).stdout.toString();
    expect(holding('team/app')).not.toBe('');
    expect(holding(secret, CANARY)).toBe('');
  },
);
