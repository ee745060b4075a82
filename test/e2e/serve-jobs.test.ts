import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type FakeRegistry, fakeRegistry, type Hook } from '../support/fake-registry.ts';
import { type BuiltImage, buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { type Served, startServe } from '../support/serve.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Jobs as somebody sees them who looks after a server: how far they are, stopped, given up, done again. */

const image = (version: string): Promise<BuiltImage> => {
  const status = dpkgStatus([{ name: 'curl', version }]);
  return buildImage({
    layers: [
      { entries: [file('etc/os-release', OS_RELEASE.debian), file('var/lib/dpkg/status', status)] },
      { entries: [file(`srv/${version}`, version.repeat(1_000))], compression: 'none' },
    ],
  });
};

/** Sends the first half of each plain layer, and no more until it is let go. */
function slow() {
  const waiting: (() => void)[] = [];
  let isOpen = false;
  const known = new Map<string, Buffer>();
  const hook: Hook = (request, response) => {
    const [, digest] = /\/blobs\/(sha256:\w+)$/.exec(request.url!) ?? [];
    const bytes = digest === undefined ? undefined : known.get(digest);
    if (bytes === undefined || isOpen || request.headers.range !== undefined) return false;
    response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, bytes.length / 2));
    waiting.push(() => response.end(bytes.subarray(bytes.length / 2)));
    return true;
  };
  const release = (): void => {
    isOpen = true;
    for (const each of waiting.splice(0)) each();
  };
  return { hook, known, held: () => waiting.length, release };
}

async function serveWith(
  registries: Readonly<Record<string, FakeRegistry>>,
  pull: Readonly<Record<string, object>> = {},
): Promise<Served> {
  const settings = join(await temporaryDirectory(), 'registries.yaml');
  const webhook = { method: 'bearer', secrets: [{ environment: 'HOOK' }] };
  const entries = Object.entries(registries).map(([id, { host }]) => {
    return { id, kind: 'distribution', host, scheme: 'http', webhook, pull: pull[id] ?? {} };
  });
  writeFileSync(settings, stringify({ registries: entries }));
  return startServe({
    directory: clusterDirectory(),
    settings: { registries: { file: settings }, scan: { db: 'starter' }, api: { requestsPerMinute: 10_000 } },
    environment: { HOOK: 'canary-0123456789abcdef' },
  });
}

const jobOf = async (served: Served, id: string) => (await served.ask('GET', `/api/v1/jobs/${id}`)).json;
const requestScan = async (served: Served, target: string) => {
  const { status, json } = await served.ask('POST', '/api/v1/images', { body: { target } });
  expect(status).toBe(202);
  return json.id as string;
};
const settled = (served: Served, id: string) =>
  expect.poll(async () => (await jobOf(served, id)).state, { timeout: 60_000, interval: 200 });

test.skipIf(POSTGRES === null)(
  'a registry that is slow shows how far its scans are, and keeps nobody from another; what is cancelled makes room',
  async () => {
    const stalling = slow();
    const [tar, quick] = [await fakeRegistry(stalling.hook), await fakeRegistry()];
    const slowImages = await Promise.all(['1', '2', '3', '4', '5'].map((each) => image(`7.${each}`)));
    for (const [i, each] of slowImages.entries()) {
      tar.push(`team/app:${i}`, each);
      const { digest, blob } = each.layers[1]!;
      stalling.known.set(digest, blob);
    }
    const other = await image('8.1');
    quick.push('team/app:1', other);
    const served = await serveWith({ tar, quick });

    const jobs = await Promise.all(slowImages.map((_, i) => requestScan(served, `${tar.host}/team/app:${i}`)));
    // Three at once in this process, two of one registry.
    await expect.poll(stalling.held, { timeout: 30_000 }).toBe(2);
    const states = async () => (await Promise.all(jobs.map((id) => jobOf(served, id)))).map(({ state }) => state);
    expect((await states()).toSorted()).toEqual(['queued', 'queued', 'queued', 'running', 'running']);
    await settled(served, await requestScan(served, `${quick.host}/team/app:1`)).toBe('done');
    expect(stalling.held()).toBe(2);

    const running = jobs[(await states()).indexOf('running')]!;
    await expect
      .poll(async () => (await jobOf(served, running)).progress, { timeout: 30_000 })
      .toMatchObject({ image: 1, images: 1, layers: 2, layersDone: 1, bytesRead: expect.any(Number) });
    expect((await jobOf(served, running)).registry).toBe('tar');

    const cancelled = await served.ask('POST', `/api/v1/jobs/${running}/cancel`);
    expect([cancelled.status, cancelled.json.state]).toEqual([200, 'cancelled']);
    // The one that waited next takes its place.
    await expect.poll(stalling.held, { timeout: 30_000 }).toBe(3);
    stalling.release();
    for (const id of jobs) await settled(served, id).toBe(id === running ? 'cancelled' : 'done');
    const { manifestDigest } = slowImages[jobs.indexOf(running)]!;
    expect((await served.ask('POST', `/api/v1/jobs/${running}/replay`)).status).toBe(202);
    await settled(served, running).toBe('done');
    expect((await served.ask('GET', `/api/v1/images/${manifestDigest}/verdict`)).status).toBe(200);
  },
);

test.skipIf(POSTGRES === null)('a registry is asked by no more scans at once than its registration says', async () => {
  const stalling = slow();
  const one = await fakeRegistry(stalling.hook);
  const images = await Promise.all(['1', '2', '3'].map((each) => image(`9.${each}`)));
  for (const [i, each] of images.entries()) {
    one.push(`team/app:${i}`, each);
    const { digest, blob } = each.layers[1]!;
    stalling.known.set(digest, blob);
  }
  const served = await serveWith({ one }, { one: { scansAtOnce: 1 } });
  const jobs = await Promise.all(images.map((_, i) => requestScan(served, `${one.host}/team/app:${i}`)));
  await expect.poll(stalling.held, { timeout: 30_000 }).toBe(1);
  // A round later, when everything that waits was announced again.
  const since = Date.now();
  await expect.poll(() => Date.now() - since > 11_000, { timeout: 20_000, interval: 500 }).toBe(true);
  expect(stalling.held()).toBe(1);
  stalling.release();
  for (const id of jobs) await settled(served, id).toBe('done');
});

test.skipIf(POSTGRES === null)(
  'what may pass is tried again, later; what is given up is listed with its reason, and done again by hand',
  async () => {
    let answer = 404;
    const registry = await fakeRegistry(
      (request, response) =>
        answer !== 200 && request.url!.includes('/manifests/') && response.writeHead(answer).end() !== undefined,
    );
    const pushed = await image('6.1');
    registry.push('team/app:1', pushed);
    const served = await serveWith({ registry });
    const id = await requestScan(served, `${registry.host}/team/app:1`);
    await settled(served, id).toBe('failed');
    const failed = async () => (await served.ask('GET', '/api/v1/jobs?state=failed')).json.items;
    expect(await failed()).toMatchObject([{ id, attempts: 1, error: { code: 'TARGET_NOT_FOUND' } }]);

    answer = 503;
    const before = Date.now();
    expect((await served.ask('POST', `/api/v1/jobs/${id}/replay`)).json.state).toBe('queued');
    await expect
      .poll(async () => (await jobOf(served, id)).error?.code, { timeout: 60_000 })
      .toBe('REGISTRY_UNAVAILABLE');
    const waiting = await jobOf(served, id);
    expect(waiting).toMatchObject({ state: 'queued', attempts: 2 });
    // The second attempt: ten seconds.
    expect(Date.parse(waiting.runAfter)).toBeGreaterThan(before + 10_000);
    answer = 200;
    await settled(served, id).toBe('done');
    expect(await jobOf(served, id)).toMatchObject({ attempts: 3, error: null });
    expect(await failed()).toEqual([]);
    const { text } = await served.ask('GET', '/metrics');
    expect(text).toMatch(/plimsoll_job_attempts_total\{kind="scan",outcome="failed"\} 1/);
    expect(text).toMatch(/plimsoll_job_attempts_total\{kind="scan",outcome="retried"\} 1/);
  },
);

test.skipIf(POSTGRES === null)(
  'a server that is stopped ends the scans that have begun, registry and all',
  async () => {
    const stalling = slow();
    const registry = await fakeRegistry(stalling.hook);
    const built = await image('9.1');
    registry.push('team/app:1', built);
    const { digest, blob } = built.layers[1]!;
    stalling.known.set(digest, blob);
    const served = await serveWith({ main: registry });
    const id = await requestScan(served, `${registry.host}/team/app:1`);
    await expect.poll(stalling.held, { timeout: 60_000 }).toBe(1);
    served.command.kill('SIGTERM');
    await served.command.saw('"msg":"stopping"');
    // What would be closed before the scan is over is closed by then.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    stalling.release();
    const { code, stdout, stderr } = await served.command.result;
    expect(code).toBe(0);
    const ended = `${stdout}${stderr}`.split('\n').find((line) => line.includes(id) && line.includes('"job ended"'));
    expect(JSON.parse(ended!)).toMatchObject({ outcome: 'done' });
  },
);
