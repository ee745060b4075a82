import { SignJWT } from 'jose';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import {
  CLIENT_SECRET,
  IdentityProvider,
  type LoginOptions,
  unsigned,
} from '../../../test/support/identity-provider.ts';
import { PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import { type Ask, type OidcOptions, OidcProvider } from './oidc-provider.ts';

const ask: Ask = async (url, { method, headers, body, signal }) =>
  await request(url, { method, headers, body: body ?? null, signal: signal as never });

async function world(more: Partial<OidcOptions> = {}) {
  const remote = await IdentityProvider.start();
  const ours = new OidcProvider({
    issuer: remote.issuer,
    clientId: 'plimsoll',
    clientSecret: CLIENT_SECRET,
    redirectUrl: 'http://127.0.0.1:1/callback',
    scopes: ['openid'],
    clockSkewSeconds: 30,
    ask,
    ...more,
  });
  /** A login, where the browser brings back what `brought` makes of it. */
  const login = async (options: LoginOptions = {}, brought: (query: URLSearchParams) => void = () => {}) => {
    const { url, pending } = await ours.begin();
    const back = new URL(remote.login(url, options)).searchParams;
    brought(back);
    return await ours.finish(`?${back}`, pending);
  };
  return { remote, ours, login };
}

const now = () => Math.floor(Date.now() / 1_000);

test('a login proves who somebody is', async () => {
  const { login, remote } = await world();
  expect(await login({ claims: { groups: ['ops'] } })).toMatchObject({ sub: 'alice', groups: ['ops'] });
  // What it is sent to is made of the provider's own words.
  const { ours } = await world();
  const { url } = await ours.begin();
  const asked = new URL(url).searchParams;
  expect([asked.get('client_id'), asked.get('scope'), asked.get('response_type')]).toEqual([
    'plimsoll',
    'openid',
    'code',
  ]);
  expect(url).not.toContain(CLIENT_SECRET);
  expect(remote.asked).toContain('/keys');
});

describe('a login proves nothing', () => {
  const hs256 = (claims: object) =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(CLIENT_SECRET));

  test.each<[string, LoginOptions]>([
    ['of another nonce', { claims: { nonce: 'another' } }],
    ['without a nonce', { claims: { nonce: undefined } }],
    ['for another client', { claims: { aud: 'other' } }],
    ['for several clients, issued to another', { claims: { aud: ['plimsoll', 'other'], azp: 'other' } }],
    ['of another issuer', { claims: { iss: 'https://other.example' } }],
    ['that is over', { claims: { exp: now() - 31 } }],
    ['that has not begun', { claims: { nbf: now() + 90 } }],
    ['without an end', { claims: { exp: undefined } }],
    ['without a subject', { claims: { sub: undefined } }],
    ['that nobody signed', { sign: unsigned }],
    ['signed by the secret of the client', { sign: hs256 }],
    [
      'signed by a key that the provider does not have',
      { sign: async (claims) => (await IdentityProvider.start()).signed(claims) },
    ],
    ['that is no token', { sign: async () => 'eyJ.eyJ.eyJ' }],
  ])('%s', async (_name, options) => {
    const { login } = await world();
    await expect(login(options)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  const refuse = (query: URLSearchParams): void => {
    query.delete('code');
    query.set('error', 'access_denied');
  };
  test.each<[string, (query: URLSearchParams) => void]>([
    ['with another state', (query) => query.set('state', 'another')],
    ['without a state', (query) => query.delete('state')],
    ['from another issuer', (query) => query.set('iss', 'https://other.example')],
    ['with another code', (query) => query.set('code', 'code-99')],
    ['without a code', (query) => query.delete('code')],
    ['refused by the person', refuse],
  ])('%s', async (_name, brought) => {
    const { login } = await world();
    await expect(login({}, brought)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('with the verifier of another browser, or a second time', async () => {
    const { remote, ours } = await world();
    const [mine, other] = [await ours.begin(), await ours.begin()];
    const back = new URL(remote.login(mine.url)).search;
    const mixed = { ...mine.pending, verifier: other.pending.verifier };
    await expect(ours.finish(back, mixed)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(ours.finish(back, mine.pending)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

test('clocks may differ by so much, and no more', async () => {
  const { login } = await world({ clockSkewSeconds: 120 });
  expect(await login({ claims: { exp: now() - 60, iat: now() - 120 } })).toMatchObject({ sub: 'alice' });
  await expect(login({ claims: { exp: now() - 150 } })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a key that the provider changes counts at once', async () => {
  const { login, remote } = await world();
  await login();
  const old = remote.signed.bind(remote);
  await remote.rotate();
  expect(await login()).toMatchObject({ sub: 'alice' });
  await remote.rotate();
  expect(await login({ sign: (claims) => old(claims) })).toMatchObject({ sub: 'alice' });
});

describe('a provider', () => {
  test.each<[string, string, (response: import('node:http').ServerResponse) => void]>([
    ['that fails', '/.well-known/openid-configuration', (response) => response.writeHead(500).end('{}')],
    [
      'that answers as somebody else',
      '/.well-known/openid-configuration',
      (response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"issuer":"https://other.example"}'),
    ],
    [
      'that redirects',
      '/.well-known/openid-configuration',
      (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    ],
    [
      'that sends more than it may',
      '/.well-known/openid-configuration',
      (response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('"'.padEnd(LIMITS.identityAnswerBytes + 1)),
    ],
    ['whose keys break off', '/keys', (response) => response.destroy()],
  ])('%s is said to be unavailable', async (_name, path, answer) => {
    const { login, remote } = await world();
    remote.broken.set(path, answer);
    await expect(login()).rejects.toMatchObject({ code: 'LOGIN_UNAVAILABLE' });
  });

  test('may send as much as one answer holds', async () => {
    const { login, remote } = await world();
    const document = await (await fetch(`${remote.issuer}/.well-known/openid-configuration`)).text();
    remote.broken.set('/.well-known/openid-configuration', (response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(document.padEnd(LIMITS.identityAnswerBytes)),
    );
    expect(await login()).toMatchObject({ sub: 'alice' });
  });

  test('that does not know us is not taken for a person who proves nothing', async () => {
    const { login } = await world({ clientSecret: 'another' });
    await expect(login()).rejects.toMatchObject({
      code: 'LOGIN_UNAVAILABLE',
      message: expect.stringContaining('invalid_client'),
    });
  });

  test('is not asked where no connection may go', async () => {
    const refused = new PlimsollError('EGRESS_REFUSED', 'id.example leads to 169.254.169.254');
    const { ours } = await world({ ask: () => Promise.reject(refused) });
    await expect(ours.begin()).rejects.toBe(refused);
  });
});
