import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { fakeRegistry } from '../support/fake-registry.ts';
import { buildImage, MEDIA_TYPES } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { startServe } from '../support/serve.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const PUSHES = 200;
/** One in so many is told of to nobody, and one in so many twice. */
const LOST = 10;
const TWICE = 3;
const SECRET = 'canary-0123456789abcdef';

test.skipIf(POSTGRES === null)(
  `${PUSHES} pushes, some told twice, in any order, some not at all: each image is scanned, and the sweep finds just those`,
  { timeout: 400_000 },
  async () => {
    const registry = await fakeRegistry();
    const images = await Promise.all(
      Array.from({ length: PUSHES }, async (_, index) => {
        const status = dpkgStatus([{ name: 'curl', version: `8.${index}.0-1` }]);
        const entries = [file('etc/os-release', OS_RELEASE.debian), file('var/lib/dpkg/status', status)];
        const image = await buildImage({ layers: [{ entries }] });
        const name = `team/app-${index % 20}`;
        const tag = `1.${index}`;
        return { name, tag, image, digest: image.manifestDigest, index };
      }),
    );
    const registries = join(await temporaryDirectory(), 'registries.yaml');
    const webhook = { method: 'bearer', secrets: [{ environment: 'HOOK' }] };
    const told = { id: 'told', kind: 'distribution', host: registry.host, scheme: 'http', webhook };
    writeFileSync(registries, stringify({ registries: [told] }));
    const served = await startServe({
      directory: clusterDirectory(),
      settings: {
        listen: '127.0.0.1:0',
        registries: { file: registries, sweepMinutes: 1 },
        scan: { db: 'starter' },
        api: { requestsPerMinute: 10_000 },
        log: { level: 'info' },
      },
      environment: { HOOK: SECRET },
    });

    // The first sweep finds an empty registry.
    const sweeps = async (): Promise<{ state: string; result: { pushed: number } }[]> => {
      const { json } = await served.ask('GET', '/api/v1/jobs?kind=sweep-registry');
      return json.items;
    };
    const ended = async () => (await sweeps()).map(({ state, result }) => [state, result?.pushed]);
    await expect.poll(ended, { timeout: 60_000 }).toEqual([['done', 0]]);
    for (const { name, tag, image } of images) registry.push(`${name}:${tag}`, image);

    const tell = async ({ name, tag, digest, index }: (typeof images)[number], id: string): Promise<number> => {
      const target = { mediaType: MEDIA_TYPES.manifest, digest, repository: name, tag };
      const timestamp = new Date(Date.UTC(2026, 0, 1) + index * 1_000).toISOString();
      const response = await fetch(`${served.address}/webhooks/registry/distribution/told`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${SECRET}`,
          'content-type': 'application/vnd.docker.distribution.events.v2+json',
        },
        body: JSON.stringify({ events: [{ id, timestamp, action: 'push', target }] }),
      });
      return response.status;
    };
    const events = images
      .filter(({ index }) => index % LOST !== 0)
      .flatMap((image) => {
        const id = randomUUID();
        return image.index % TWICE === 0
          ? [
              { image, id },
              { image, id },
            ]
          : [{ image, id }];
      })
      // A fixed disorder: by the digits of the digest.
      .toSorted((a, b) => a.image.digest.localeCompare(b.image.digest));
    for (let start = 0; start < events.length; start += 20) {
      const statuses = await Promise.all(events.slice(start, start + 20).map(({ image, id }) => tell(image, id)));
      expect(new Set(statuses)).toEqual(new Set([202]));
    }

    const scanned = async () => {
      const found: string[] = [];
      for (let after = ''; ; ) {
        const { json } = await served.ask('GET', `/api/v1/images?limit=100${after}`);
        found.push(...json.items.map(({ digest }: { digest: string }) => digest));
        if (json.next === null) return found;
        after = `&after=${encodeURIComponent(json.next)}`;
      }
    };
    await expect.poll(async () => (await scanned()).length, { timeout: 240_000, interval: 2_000 }).toBe(PUSHES);
    expect((await scanned()).toSorted()).toEqual(images.map(({ digest }) => digest).toSorted());

    // What the second one found is what nobody told of, and nothing else.
    await expect.poll(async () => (await ended()).at(-2), { timeout: 60_000 }).toEqual(['done', PUSHES / LOST]);

    const { text } = await served.ask('GET', '/metrics');
    const count = (name: string, labels: string): number => {
      const line = text.split('\n').find((each) => each.startsWith(`${name}{`) && each.includes(labels));
      return Number(line?.split(' ').at(-1) ?? 0);
    };
    const deliveries = 'plimsoll_webhook_deliveries_total';
    const once = images.filter(({ index }) => index % LOST !== 0).length;
    expect(count(deliveries, 'result="accepted"')).toBe(once);
    expect(count(deliveries, 'result="replayed"')).toBe(events.length - once);
    const { json: failed } = await served.ask('GET', '/api/v1/jobs?state=failed');
    expect(failed.items).toEqual([]);
  },
);
