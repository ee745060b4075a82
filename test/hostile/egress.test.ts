import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { parseReference } from '../../services/domain/image/reference.ts';
import { type FakeRegistry, fakeRegistry, type Hook } from '../support/fake-registry.ts';
import { buildImage } from '../support/image-builder.ts';
import { loopbackServer } from '../support/loopback-server.ts';
import { type ClientChanges, FETCHING, registriesFor } from '../support/registries.ts';

/* Registries that send us where only we can go (SSRF). The registry itself is on this machine, and named. */

const image = await buildImage({ layers: [{ entries: [] }] });

async function ask(registry: FakeRegistry, client: ClientChanges = {}, host = registry.host): Promise<unknown> {
  registry.push('app:1', image);
  const registries = registriesFor(client);
  try {
    return await registries.resolve(parseReference(`${host}/app:1`), FETCHING);
  } finally {
    await registries.close();
  }
}

const redirects =
  (location: string): Hook =>
  (_, response) =>
    response.writeHead(307, { location }).end() !== undefined;
const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'EGRESS_REFUSED', message: expect.stringMatching(message) });
const password = { kind: 'password', username: 'me', password: 'geheim' } as const;
const credentials = { credentials: async () => password };

describe('a redirect', () => {
  test.each([
    ['a metadata address', 'http://169.254.169.254/latest/meta-data/', /metadata/],
    ['it in hexadecimal', 'http://0xa9fea9fe/', /metadata/],
    ['it in IPv6', 'http://[::ffff:169.254.169.254]/', /metadata/],
    ['it by NAT64', 'http://[64:ff9b::a9fe:a9fe]/', /metadata/],
    ['a link-local address', 'http://[fe80::1]/', /link-local/],
    ['a private address', 'http://10.0.0.1/', /private.*nobody allowed/],
    ['another port of this machine', 'http://127.0.0.1:22/', /loopback.*nobody allowed/],
    ['it in one number', 'http://2130706433:22/', /loopback/],
    ['this machine by its name', 'http://localhost:22/', /loopback/],
    ['no address at all', 'http://0.0.0.0:5000/', /reserved/],
    ['another protocol', 'gopher://x/', /gopher:/],
  ])('to %s is refused', async (_, location, message) => {
    await expect(ask(await fakeRegistry(redirects(location)))).rejects.toEqual(refused(message));
  });

  test('to a private host is followed where that is allowed, and carries no credentials', async () => {
    const store = await loopbackServer((_, response) => {
      response.writeHead(200, { 'docker-content-digest': image.manifestDigest }).end();
    });
    const registry = await fakeRegistry((request, response) => {
      if (request.headers.authorization === undefined) {
        return response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end() !== undefined;
      }
      return redirects(`${store.url}/blob`)(request, response, 0);
    });
    const registration = { allowed: [store.url.replace('http://', '')] };
    expect(await ask(registry, { registration, credentials })).toMatchObject({ digest: image.manifestDigest });
    expect(registry.requests.at(-1)!.headers.authorization).toBe(`Basic ${btoa('me:geheim')}`);
    expect(store.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});

describe('a name', () => {
  /** Answers each look-up by the next list. */
  const answering = (...answers: string[][]): ClientChanges => {
    let asked = 0;
    return {
      resolveHost: (_host, callback) => {
        const addresses = answers[Math.min(asked++, answers.length - 1)]!;
        callback(
          null,
          addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
        );
      },
    };
  };

  test('of the registry may lead to this machine, as the user names it', async () => {
    const registry = await fakeRegistry();
    const host = `registry.test:${registry.host.split(':')[1]}`;
    expect(await ask(registry, answering(['127.0.0.1']), host)).toMatchObject({ digest: image.manifestDigest });
  });

  test.each([
    ['metadata', '169.254.169.254'],
    ['link-local', 'fe80::1'],
    ['reserved', '0.0.0.0'],
  ])('of the registry that leads to a %s address is refused', async (reach, address) => {
    const registry = await fakeRegistry();
    await expect(ask(registry, answering([address]), 'registry.test:5000')).rejects.toEqual(refused(new RegExp(reach)));
  });

  test('that was public and turns private (rebinding) is refused at the connection', async () => {
    const registry = await fakeRegistry(redirects('http://rebound.test:1/'));
    const host = `registry.test:${registry.host.split(':')[1]}`;
    await expect(ask(registry, answering(['127.0.0.1'], ['10.0.0.1']), host)).rejects.toEqual(
      refused(/rebound\.test:1 leads to 10\.0\.0\.1/),
    );
  });

  test('with a good and a bad address leads to the good one alone', async () => {
    const registry = await fakeRegistry();
    const host = `registry.test:${registry.host.split(':')[1]}`;
    const both = answering(['169.254.169.254', '127.0.0.1']);
    expect(await ask(registry, both, host)).toMatchObject({ digest: image.manifestDigest });
  });
});

describe('a token server', () => {
  const challenge =
    (realm: string): Hook =>
    (_, response) =>
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end() !== undefined;

  test('on another host gets no credentials, nor is it asked', async () => {
    const other = await loopbackServer((_, response) => response.end('{"token":"x"}'));
    const registry = await fakeRegistry(challenge(`${other.url}/token`));
    // Its address would be allowed, not the host.
    const registration = { allowed: ['127.0.0.0/8'] };
    await expect(ask(registry, { registration, credentials })).rejects.toEqual(
      refused(/--registry-allow 127\.0\.0\.1:\d+$/),
    );
    expect(other.requests).toHaveLength(0);
  });

  test('on another host that is allowed gets them', async () => {
    const other = await loopbackServer((_, response) => response.end('{"token":"x"}'));
    const registry = await fakeRegistry((request, response) => {
      if (request.headers.authorization === 'Bearer x') return false;
      return challenge(`${other.url}/token`)(request, response, 0);
    });
    const registration = { allowed: [other.url.replace('http://', '')] };
    expect(await ask(registry, { registration, credentials })).toMatchObject({ digest: image.manifestDigest });
    expect(other.requests[0]!.headers.authorization).toBe(`Basic ${btoa('me:geheim')}`);
  });

  test.each([
    ['a metadata address', 'http://169.254.169.254/token', /metadata/],
    ['a private address', 'http://10.0.0.1/token', /private/],
    ['another protocol', 'file:///etc/passwd', /file:/],
  ])('at %s is refused, also without credentials', async (_, realm, message) => {
    await expect(ask(await fakeRegistry(challenge(realm)))).rejects.toEqual(refused(message));
  });

  test('with a user in its address is refused', async () => {
    const registry = await fakeRegistry(challenge('http://me:geheim@127.0.0.1/token'));
    await expect(ask(registry)).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
  });
});
