import { describe, expect, test } from 'vitest';
import { type FakeRegistry, fakeRegistry, type Hook } from '../support/fake-registry.ts';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { type ClientChanges, FETCHING, registriesFor } from '../support/registries.ts';
import { scan } from '../support/scan.ts';

/* Referrers: never less than there are without an error. */

const digest = `sha256:${'a'.repeat(64)}`;
const item = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest,
  size: 7,
  artifactType: 'application/x.sbom',
};
const indexOf = (...manifests: unknown[]) =>
  JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests });
const raised = (code: string, message = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

async function ask<Answer>(
  use: (client: ReturnType<typeof registriesFor>, options: typeof FETCHING) => Promise<Answer>,
  client: ClientChanges = {},
): Promise<Answer> {
  const registries = registriesFor(client);
  try {
    return await use(registries, { ...FETCHING, limits: { ...FETCHING.limits, ...client.limits } });
  } finally {
    await registries.close();
  }
}

const referrers = (registry: FakeRegistry, client?: ClientChanges) =>
  ask((each, options) => each.referrers({ registry: registry.host, repository: 'app' }, digest, options), client);

describe('referrers', () => {
  const serving =
    (answers: Readonly<Record<string, string>>): Hook =>
    (request, response) => {
      const body = answers[request.url!.replace(/^\/v2\/app\//, '')];
      return response.writeHead(body === undefined ? 404 : 200).end(body) !== undefined;
    };
  const api = `referrers/${digest}`;
  const tag = `manifests/sha256-${'a'.repeat(64)}`;
  const expected = { ...item, annotations: {} };

  test('by the API, which then is believed alone', async () => {
    const registry = await fakeRegistry(serving({ [api]: indexOf(item), [tag]: indexOf(item, item) }));
    expect(await referrers(registry)).toEqual([expected]);
  });

  test('by the tag schema where there is no API', async () => {
    expect(await referrers(await fakeRegistry(serving({ [tag]: indexOf(item) })))).toEqual([expected]);
  });

  test('are none where there is neither', async () => {
    expect(await referrers(await fakeRegistry(serving({})))).toEqual([]);
  });

  test.each([
    ['broken', '{'],
    [
      'a manifest',
      JSON.stringify({
        schemaVersion: 2,
        config: { ...item, mediaType: 'application/vnd.oci.image.config.v1+json' },
        layers: [],
      }),
    ],
    ['with a digest that is none', indexOf({ ...item, digest: 'x' })],
  ])('that are %s are an error, not none', async (_, body) => {
    await expect(referrers(await fakeRegistry(serving({ [api]: body })))).rejects.toEqual(raised('MANIFEST_INVALID'));
    await expect(referrers(await fakeRegistry(serving({ [tag]: body })))).rejects.toEqual(raised('MANIFEST_INVALID'));
  });

  test('of a registry that fails are an error, not none', async () => {
    const registry = await fakeRegistry((_, response) => response.writeHead(500).end() !== undefined);
    await expect(referrers(registry)).rejects.toEqual(raised('REGISTRY_UNAVAILABLE'));
  });

  test('that are many (referrers, lowered)', async () => {
    const registry = () => fakeRegistry(serving({ [api]: indexOf(item, item) }));
    expect(await referrers(await registry(), { limits: { referrers: 2 } })).toHaveLength(2);
    await expect(referrers(await registry(), { limits: { referrers: 1 } })).rejects.toEqual(
      raised('LIMIT_EXCEEDED', /referrers/),
    );
  });

  test.each<[string, number, string]>([
    ['are refused', 403, ''],
    ['fail', 500, ''],
    ['are broken', 200, '{'],
  ])('that %s end no scan: it says that there may be VEX that was not read', async (_, status, body) => {
    const registry = await fakeRegistry(
      (request, response) => request.url!.includes('/referrers/') && response.writeHead(status).end(body) !== undefined,
    );
    registry.push('app:1', await buildImage({ layers: [{ entries: [file('etc/x', 'y')] }] }));
    const { completeness } = await ask((registries) => scan(`${registry.host}/app:1`, { registries }));
    expect(completeness.gaps.map(({ code }) => code)).toContain('vex-unreadable');
    expect(completeness.layersRead).toBe(1);
  });
});
