import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { documentedRoutes, RANKS } from '../support/api-routes.ts';
import { freePort } from '../support/free-port.ts';
import { CLIENT_SECRET, IdentityProvider, type LoginOptions } from '../support/identity-provider.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { type Served, startServe } from '../support/serve.ts';

/** People log in at an identity provider on this machine, as a browser does. */

const SESSION = 'plimsoll-session';
const LOGIN = 'plimsoll-login';
const ROLES = { admin: ['ops'], editor: ['dev'], viewer: ['staff'] };

async function start(more: object = {}) {
  const directory = clusterDirectory();
  const provider = await IdentityProvider.start();
  const listen = `127.0.0.1:${await freePort()}`;
  const oidc = { issuer: provider.issuer, publicUrl: `http://${listen}`, clientId: 'plimsoll', roles: ROLES, ...more };
  const served = await startServe({
    directory,
    settings: { listen, oidc },
    environment: { PLIMSOLL_OIDC_CLIENT_SECRET: CLIENT_SECRET },
  });
  return { provider, served, directory };
}

const cookieOf = (headers: Headers, name: string): string | null => {
  const found = headers.getSetCookie().find((each) => each.startsWith(`${name}=`));
  return found?.split(';')[0] ?? null;
};

/** As a browser, without a token. */
const asked = (served: Served, path: string, cookie: string | null, method = 'GET', headers: object = {}) =>
  served.ask(method, path, {
    token: null,
    redirect: 'manual',
    headers: { ...(cookie !== null && { cookie }), ...headers },
    ...(method === 'POST' && { body: {} }),
  });

async function login(served: Served, provider: IdentityProvider, options: LoginOptions = {}, returnTo = '') {
  const begun = await asked(served, `/api/v1/session/login${returnTo}`, null);
  expect([begun.status, begun.text]).toEqual([302, '']);
  const pending = cookieOf(begun.headers, LOGIN)!;
  const back = new URL(provider.login(begun.headers.get('location')!, options));
  const ended = await asked(served, `${back.pathname}${back.search}`, pending);
  return { ended, pending, back, session: cookieOf(ended.headers, SESSION) };
}

describe.skipIf(POSTGRES === null)(`logging in${POSTGRES === null ? ' (no PostgreSQL installed)' : ''}`, () => {
  test('gives a session with the role of the group, until one logs out', async () => {
    const { provider, served } = await start();
    const claims = { groups: ['guests', 'dev'], preferred_username: 'Alice' };
    const { ended, session, pending, back } = await login(served, provider, { claims }, '?returnTo=/api/v1/images');
    expect([ended.status, ended.headers.get('location')]).toEqual([302, '/api/v1/images']);
    const [set] = ended.headers.getSetCookie();
    expect(set).toMatch(/^plimsoll-session=plimsoll_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=28800$/);
    const { json: own } = await asked(served, '/api/v1/session', session);
    expect(own).toMatchObject({ actor: 'user:alice', role: 'editor', name: 'Alice', csrfToken: expect.any(String) });
    expect((await asked(served, '/api/v1/images', `other=1; ${session}`)).status).toBe(200);
    // The code and the cookie of the login are worth nothing any more.
    expect((await asked(served, `${back.pathname}${back.search}`, pending)).status).toBe(401);

    const logout = (headers: object) => asked(served, '/api/v1/session', session, 'DELETE', headers);
    for (const headers of [{}, { 'x-csrf-token': 'guess' }, { 'x-csrf-token': `${own.csrfToken}x` }]) {
      expect((await logout(headers)).json).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    }
    // A bad token is not made good by the session that the browser sends along.
    const both = { authorization: 'Bearer plimsoll_wrong', 'x-csrf-token': own.csrfToken };
    expect((await logout(both)).status).toBe(401);
    const gone = await logout({ 'x-csrf-token': own.csrfToken });
    expect([gone.status, cookieOf(gone.headers, SESSION)]).toEqual([204, `${SESSION}=`]);
    expect((await asked(served, '/api/v1/session', session)).status).toBe(401);

    const { json: audit } = await served.ask('GET', '/api/v1/audit');
    const lines = audit.items.map(({ actor, action, outcome }: Record<string, string>) => [actor, action, outcome]);
    expect(lines.toReversed()).toEqual([
      ['user:alice', 'session.open', 'done'],
      ...Array.from({ length: 3 }, () => ['user:alice', 'session.close', 'refused']),
      ['user:alice', 'session.close', 'done'],
    ]);
    expect((await served.ask('DELETE', '/api/v1/session')).json.code).toBe('CONFLICT');
    expect((await served.ask('GET', '/api/v1/session')).json).toMatchObject({ role: 'admin', csrfToken: null });
  });

  test('leaves the client secret, the code and the session out of logs, the store and the command line', async () => {
    const { provider, served, directory } = await start();
    const claims = { groups: ['dev'], preferred_username: 'alice' };
    const { back, session } = await login(served, provider, { claims });
    await asked(served, '/api/v1/images', session);
    const secrets = [CLIENT_SECRET, back.searchParams.get('code')!, session!.slice(`${SESSION}=`.length)];
    const commandLine = readFileSync(`/proc/${served.command.pid}/cmdline`, 'utf8');
    expect(await served.stop()).toBe(0);
    const { stdout, stderr } = await served.command.result;
    expect(`${stdout}${stderr}`).toContain('/api/v1/session/callback');
    for (const secret of secrets) expect(`${commandLine}${stdout}${stderr}`).not.toContain(secret);
    const inFiles = (...texts: string[]) =>
      spawnSync('grep', ['-rlaF', ...texts.flatMap((text) => ['-e', text]), directory]).stdout.toString();
    expect(inFiles(...secrets)).toBe('');
    expect(inFiles('user:alice')).not.toBe('');
  });

  test('opens every route to sessions by their role, as to tokens, and changes nothing without a CSRF token', async () => {
    const { provider, served } = await start({ sessionMinutes: 5 });
    const { json: document } = await served.ask('GET', '/api/v1/openapi.json');
    expect(document.components.securitySchemes.session).toMatchObject({ in: 'cookie', name: SESSION });
    const routes = documentedRoutes(document).filter(
      ({ method, path }) => `${method} ${path}` !== 'DELETE /api/v1/session',
    );
    const guarded = routes.filter(({ role }) => role !== null);
    expect(guarded.length).toBeGreaterThan(20);
    const open = routes.filter(({ role }) => role === null).map(({ path }) => path);
    expect(open.toSorted()).toEqual([
      '/api/v1/openapi.json',
      '/api/v1/session/callback',
      '/api/v1/session/login',
      '/livez',
      '/readyz',
    ]);
    for (const [rank, role] of RANKS.entries()) {
      const { session } = await login(served, provider, { claims: { groups: ROLES[role] } });
      const { csrfToken } = (await asked(served, '/api/v1/session', session)).json;
      for (const { method, url, role: needed } of guarded) {
        const { status } = await asked(served, url, session, method, { 'x-csrf-token': csrfToken });
        if (rank < RANKS.indexOf(needed!)) expect([url, role, status]).toEqual([url, role, 403]);
        else expect([401, 403, 500]).not.toContain(status);
        if (method === 'GET') continue;
        expect([url, (await asked(served, url, session, method)).status]).toEqual([url, 403]);
      }
    }
    for (const cookie of [
      `${SESSION}=`,
      `${SESSION}=plimsoll_wrong`,
      `${SESSION}=${'x'.repeat(5_000)}`,
      `x${SESSION}=y`,
    ]) {
      for (const { method, url } of guarded) {
        expect([url, (await asked(served, url, cookie, method)).status]).toEqual([url, 401]);
      }
    }
  });

  test('is refused to whom no group gives a role, and to whoever proves nothing', async () => {
    const { provider, served } = await start();
    const stranger = await login(served, provider, { claims: { sub: 'mallory', groups: ['guests'] } });
    expect([stranger.ended.status, stranger.ended.json.code, stranger.session]).toEqual([403, 'FORBIDDEN', null]);
    const forged = await login(served, provider, { claims: { nonce: 'another' } });
    expect([forged.ended.status, forged.ended.json.code, forged.session]).toEqual([401, 'UNAUTHENTICATED', null]);
    // The callback of one browser in another, which began no login, or another one.
    const { headers } = await asked(served, '/api/v1/session/login', null);
    const back = new URL(provider.login(headers.get('location')!, { claims: { groups: ['ops'] } }));
    const other = cookieOf((await asked(served, '/api/v1/session/login', null)).headers, LOGIN);
    for (const cookie of [null, other, `${LOGIN}=x`, `${LOGIN}=e30`]) {
      const { status, headers } = await asked(served, `${back.pathname}${back.search}`, cookie);
      expect([status, headers.getSetCookie()]).toEqual([401, []]);
    }
    for (const returnTo of ['//evil.example', '/\\evil.example', 'https://evil.example', '/%0d%0aset-cookie:x=y']) {
      expect(
        (
          await asked(
            served,
            `/api/v1/session/login?returnTo=${encodeURIComponent(decodeURIComponent(returnTo))}`,
            null,
          )
        ).status,
      ).toBe(400);
    }
    const { json: audit } = await served.ask('GET', '/api/v1/audit');
    expect(audit.items.map(({ actor, outcome }: Record<string, string>) => [actor, outcome])).toEqual([
      ['user:mallory', 'refused'],
    ]);
    provider.broken.set('/.well-known/openid-configuration', (response) => response.writeHead(503).end());
    const { json: outage } = await asked(served, '/api/v1/session/login', null);
    expect(outage).toMatchObject({ status: 502, code: 'LOGIN_UNAVAILABLE' });
    expect(JSON.stringify(outage)).not.toContain(provider.issuer);
  });

  test('goes to no address that only this machine can reach, unless it is the provider or is allowed', async () => {
    const { provider, served } = await start();
    const elsewhere = await IdentityProvider.start();
    const document = (await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json()) as object;
    const misleading = JSON.stringify({
      ...document,
      token_endpoint: `${elsewhere.issuer.replace('127.0.0.1', '127.0.0.2')}/token`,
    });
    provider.broken.set('/.well-known/openid-configuration', (response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(misleading),
    );
    const { ended } = await login(served, provider, { claims: { groups: ['ops'] } });
    expect([ended.status, ended.json.code]).toEqual([422, 'EGRESS_REFUSED']);
    expect(elsewhere.asked).toEqual([]);
  });
});
