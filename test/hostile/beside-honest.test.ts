import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { manyFilesImage } from '../bench/many-files.ts';
import { fakeRegistry, type Hook } from '../support/fake-registry.ts';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { startServe } from '../support/serve.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Of the one layer with many files; PLIMSOLL_MANY_FILES=3000000 is the size that the budgets name. */
const FILES = Number(process.env.PLIMSOLL_MANY_FILES ?? 50_000);
const MINUTES = FILES > 1_000_000 ? 30 : 5;
const HONEST = 12;

/** Layers that never end, by digest. */
const unending = new Set<string>();

/** Never ends: an answer for a manifest, and a layer that is longer than its descriptor says. */
const endless: Hook = (request, response) => {
  const asked = request.url!.slice(request.url!.lastIndexOf('/') + 1);
  if (asked !== 'manifest' && !unending.has(asked)) return false;
  if (request.method === 'HEAD') return response.writeHead(200).end() !== undefined;
  const chunk = Buffer.alloc(65_536, '{');
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
    response.once('drain', more);
  };
  response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' });
  more();
  return true;
};

test.skipIf(POSTGRES === null)(
  `a gzip bomb, a layer of ${FILES} files and endless answers, pushed first, keep no honest image from its report`,
  { timeout: MINUTES * 60_000 },
  async () => {
    const registry = await fakeRegistry(endless);
    const os = file('etc/os-release', OS_RELEASE.debian);
    const debian = (version: string) => {
      const status = file('var/lib/dpkg/status', dpkgStatus([{ name: 'curl', version }]));
      return buildImage({ layers: [{ entries: [os, status] }] });
    };
    const zeros = file('zeros', Buffer.alloc(200 * 2 ** 20));
    const { blob, diffId } = (await buildImage({ layers: [{ entries: [os, zeros], compression: 'none' }] })).layers[0]!;
    const bomb = await buildImage({ layers: [{ blob: gzipSync(blob, { level: 9 }), diffId }] });
    registry.push('team/bomb:1', bomb);
    const many = await manyFilesImage(FILES, () => {});
    registry.push('team/many:1', many);
    const long = await debian('1');
    unending.add(long.layers[0]!.digest);
    registry.push('team/endless:layer', long);
    const honest = await Promise.all(Array.from({ length: HONEST }, (_, i) => debian(`8.${i}`)));
    for (const [i, image] of honest.entries()) registry.push(`team/app-${i}:1`, image);

    const registries = join(await temporaryDirectory(), 'registries.yaml');
    const webhook = { method: 'bearer', secrets: [{ environment: 'HOOK' }] };
    const known = { id: 'one', kind: 'distribution', host: registry.host, scheme: 'http', webhook };
    writeFileSync(registries, stringify({ registries: [known] }));
    const served = await startServe({
      directory: clusterDirectory(),
      settings: {
        registries: { file: registries },
        scan: { db: 'starter' },
        api: { requestsPerMinute: 100_000 },
        workers: { concurrency: 4 },
      },
      environment: { HOOK: 'canary-0123456789abcdef' },
    });
    const ask = async (name: string): Promise<string> => {
      const target = `${registry.host}/${name}`;
      const { status, json } = await served.ask('POST', '/api/v1/images', { body: { target } });
      expect([name, status]).toEqual([name, 202]);
      return json.id;
    };
    const [bombed, crowded, unendingManifest, unendingLayer] = [
      await ask('team/bomb:1'),
      await ask('team/many:1'),
      await ask('team/endless:manifest'),
      await ask('team/endless:layer'),
    ];
    for (const i of honest.keys()) await ask(`team/app-${i}:1`);
    for (const { manifestDigest } of honest) {
      await expect
        .poll(async () => (await served.ask('GET', `/api/v1/images/${manifestDigest}`)).json?.verdict?.decision, {
          timeout: MINUTES * 50_000,
          interval: 200,
        })
        .toMatch(/^(?:pass|fail|unknown)$/);
      const { json } = await served.ask('GET', `/api/v1/images/${manifestDigest}/report`);
      expect(json.packages.map(({ name }: { name: string }) => name)).toEqual(['curl']);
      expect(json.completeness).toMatchObject({ layersRead: 1, layersTotal: 1 });
    }

    const jobOf = async (id: string) => (await served.ask('GET', `/api/v1/jobs/${id}`)).json;
    const settled = (id: string, what: (job: { state: string; error: { code: string } | null }) => unknown) =>
      expect.poll(async () => what(await jobOf(id)), { timeout: MINUTES * 50_000, interval: 500 });
    await settled(bombed, ({ state }) => state).toBe('done');
    const { json: bombReport } = await served.ask('GET', `/api/v1/images/${bomb.manifestDigest}/report`);
    expect(bombReport.completeness.gaps.map(({ code }: { code: string }) => code)).toContain('limit-reached');
    expect(bombReport.verdict.decision).not.toBe('pass');
    await settled(crowded, ({ state }) => state).toBe('done');
    const { json: crowd } = await served.ask('GET', `/api/v1/images/${many.manifestDigest}/report`);
    expect(crowd.completeness).toMatchObject({ status: 'complete', layersRead: 1 });
    await settled(unendingManifest, ({ error }) => error?.code).toBe('LIMIT_EXCEEDED');
    await settled(unendingLayer, ({ state }) => state).toBe('done');
    const { json: unread } = await served.ask('GET', `/api/v1/images/${long.manifestDigest}/report`);
    expect(unread).toMatchObject({ completeness: { layersRead: 0, layersTotal: 1 }, verdict: { decision: 'unknown' } });
    expect((await served.ask('GET', '/readyz', { token: null })).status).toBe(200);
  },
);
