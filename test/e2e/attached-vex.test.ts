import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { advisory, affectedPackage } from '../support/advisory.ts';
import { digestTag, pushAttached, pushManifest, referrer, referrersIndex } from '../support/attached.ts';
import { buildAdvisories } from '../support/built-advisories.ts';
import { HAS_DOCKER_REGISTRY, startDockerRegistry } from '../support/docker-registry.ts';
import { freePort } from '../support/free-port.ts';
import { buildImage, MEDIA_TYPES } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { runCommand } from '../support/scan.ts';
import { startServe } from '../support/serve.ts';
import { attestationBundle, publicKeyFile, signingKey, vexStatement } from '../support/sigstore.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const VEX = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'v',
  author: 'Vendor',
  timestamp: '2026-01-01T00:00:00Z',
  statements: [
    {
      vulnerability: { name: 'CVE-2024-0001' },
      products: [{ '@id': 'pkg:npm/left-pad@1.0.0' }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
    },
  ],
};

test.skipIf(!HAS_DOCKER_REGISTRY || POSTGRES === null)(
  'VEX that is pushed after its image has that scanned again, and counts where its signer is known',
  async () => {
    const directory = await temporaryDirectory();
    const database = join(directory, 'db');
    mkdirSync(database);
    const affected = [
      affectedPackage({
        ecosystem: 'npm',
        name: 'left-pad',
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
      }),
    ];
    await buildAdvisories(database, { advisories: [advisory({ id: 'CVE-2024-0001', affected })] });
    const [vendor, stranger] = [signingKey(), signingKey()];
    publicKeyFile(directory, 'vendor.pub', vendor);
    const settings = join(directory, 'settings.yaml');
    writeFileSync(settings, 'vex: { keys: [vendor.pub] }\n');

    const [registryPort, hookPort] = [await freePort(), await freePort()];
    const registries = join(directory, 'registries.yaml');
    const keys = join(directory, 'keys');
    writeFileSync(keys, (await runCommand(['secret', 'key'])).stdout);
    const environment = { PLIMSOLL_SEALING_KEYS_FILE: keys };
    const named = ['--kind', 'distribution', '--host', `127.0.0.1:${registryPort}`, '--http'];
    const places = ['--registries', registries, '--url', `http://127.0.0.1:${hookPort}`];
    const added = await runCommand(['registry', 'add', 'vendor', ...named, ...places], '', { environment });
    const notifications = added.stdout.slice(added.stdout.indexOf('notifications:')).replace('10s', '1s');
    const registry = await startDockerRegistry(onTestFinished, [notifications], [], registryPort);
    const served = await startServe({
      directory: clusterDirectory(),
      settings: {
        listen: `127.0.0.1:${hookPort}`,
        registries: { file: registries },
        scan: { db: database, settings },
        api: { requestsPerMinute: 10_000 },
      },
      environment,
    });

    const entries = [file('usr/lib/node_modules/left-pad/package.json', '{"name":"left-pad","version":"1.0.0"}')];
    const image = await buildImage({ layers: [{ entries }] });
    const found = async () => {
      const { json } = await served.ask('GET', `/api/v1/images/${image.manifestDigest}/report`);
      const signed = json?.findings?.map((finding: { signed?: string }) => finding.signed);
      return [json?.vulnerabilities?.[0]?.suppressed?.by ?? null, signed];
    };
    registry.push('team/app:1', image);
    await expect.poll(found, { timeout: 60_000 }).toEqual([null, []]);

    /** As clients do where a registry has no API for referrers. */
    const attach = async (...keys: (typeof vendor)[]) => {
      const attached = keys.map((key) => {
        return referrer(image, attestationBundle(vexStatement(image.manifestDigest, VEX), key));
      });
      for (const each of attached) await pushAttached(registry.host, 'team/app', each);
      await pushManifest(registry.host, 'team/app', referrersIndex(attached), MEDIA_TYPES.index, digestTag(image));
      return attached;
    };
    await attach(stranger);
    await expect.poll(found, { timeout: 60_000 }).toEqual([null, ['unverified']]);
    const attached = await attach(stranger, vendor);
    await expect.poll(found, { timeout: 60_000 }).toEqual(['vex', expect.arrayContaining(['unverified', 'verified'])]);

    const { json: jobs } = await served.ask('GET', '/api/v1/jobs?limit=200');
    const passed = jobs.items.filter(({ result }: { result: object | null }) => result && 'passedOver' in result);
    expect(passed.map(({ payload }: { payload: { digest: string } }) => payload.digest)).toEqual(
      expect.arrayContaining(attached.map(({ digest }) => digest)),
    );
    for (const { result } of passed) expect(result.attachedTo).toBe(image.manifestDigest);
    expect(jobs.items.filter(({ state }: { state: string }) => state === 'failed')).toEqual([]);
    const { json: images } = await served.ask('GET', '/api/v1/images');
    expect(images.items.map(({ digest }: { digest: string }) => digest)).toEqual([image.manifestDigest]);
  },
);
