import { z } from 'zod';
import { PlimsollError } from '../domain/errors.ts';
import type { AuditLog } from '../pipeline/access-ports.ts';
import { type RoleMapping, roleOfClaims } from '../pipeline/role-of-claims.ts';
import type { Claims, IdentityProvider, SessionStore } from '../pipeline/session-ports.ts';
import { type Answer, type Route, route } from './route.ts';
import { csrfToken, type SessionCookies } from './session-cookie.ts';
import { nothing, session } from './shapes.ts';
import { digestOfSecret } from './token-secret.ts';

/** Logins of people; a server without an identity provider has none. */
export interface Logins {
  readonly provider: IdentityProvider;
  readonly sessions: SessionStore;
  readonly cookies: SessionCookies;
  readonly mapping: RoleMapping;
  readonly sessionMinutes: number;
}

export interface SessionRoutesDependencies extends Logins {
  readonly access: AuditLog;
  newSecret(): { readonly secret: string; readonly secretDigest: string };
}

const LOGIN_PATH = '/api/v1/session/login';
export const CALLBACK_PATH = '/api/v1/session/callback';

/** Logging in and out, and who one is. */
export function sessionRoutes(dependencies: SessionRoutesDependencies): Route[] {
  const { provider, sessions, cookies, mapping, sessionMinutes, access, newSecret } = dependencies;
  const open = {
    method: 'GET',
    role: null,
    limited: true,
    params: nothing,
    body: null,
    status: 302,
    response: null,
  } as const;
  return [
    route({
      ...open,
      path: LOGIN_PATH,
      summary: 'Log in: sends the browser to the identity provider',
      query: z.strictObject({
        returnTo: z
          .string()
          .max(2_048)
          .regex(/^\/(?![/\\])[\x21-\x7e]*$/, 'name a path of this server')
          .default('/api/v1/session')
          .describe('Where the browser goes then'),
      }),
      audit: null,
      handle: async ({ query: { returnTo } }) => {
        const { url, pending } = await provider.begin();
        return redirect(url, cookies.begun({ ...pending, returnTo }));
      },
    }),
    route({
      ...open,
      path: CALLBACK_PATH,
      summary: 'Where the identity provider sends the browser back to',
      query: z.looseObject({}),
      audit: null,
      handle: async ({ raw }) => {
        const begun = cookies.loginIn(raw.cookie);
        if (begun === null) {
          throw new PlimsollError(
            'UNAUTHENTICATED',
            'This browser has not begun to log in, or too long ago. Log in again.',
          );
        }
        const claims = await provider.finish(raw.query, begun);
        const actor = actorOf(claims.sub);
        const record = (outcome: 'done' | 'refused') =>
          access.audit({ actor, action: 'session.open', subject: nameOf(claims), outcome, ...raw.origin });
        const role = roleOfClaims(claims, mapping);
        if (role === null) {
          await record('refused');
          throw new PlimsollError('FORBIDDEN', `You are ${nameOf(claims)}, and no group of yours has a role here.`);
        }
        const { secret, secretDigest } = newSecret();
        const name = nameOf(claims);
        await sessions.addSession({ secretDigest, subject: claims.sub, name, role, minutes: sessionMinutes });
        await record('done');
        return redirect(begun.returnTo, cookies.opened(secret, sessionMinutes));
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/session',
      summary: 'Who one is, and what a session needs to change something',
      role: 'viewer',
      params: nothing,
      query: nothing,
      body: null,
      status: 200,
      response: session,
      audit: null,
      handle: async ({ caller, raw }) => {
        const { actor, role, session: own } = caller!;
        const secret = own === null ? null : cookies.secretIn(raw.cookie)!;
        const csrf = secret === null ? null : csrfToken(secret);
        return { body: { actor, role, name: own?.name ?? null, expiresAt: own?.expiresAt ?? null, csrfToken: csrf } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/session',
      summary: 'Log out',
      role: 'viewer',
      params: nothing,
      query: nothing,
      body: null,
      status: 204,
      response: null,
      audit: 'session.close',
      handle: async ({ caller, raw }) => {
        if (caller!.session === null) throw new PlimsollError('CONFLICT', 'This is a token; an admin can revoke it.');
        await sessions.endSession(digestOfSecret(cookies.secretIn(raw.cookie)!));
        return { body: '', headers: { 'set-cookie': cookies.closed() } };
      },
    }),
  ];
}

function redirect(location: string, setCookie: readonly string[]): Answer {
  return { body: '', headers: { location, 'set-cookie': setCookie } };
}

/** As the audit log names people. */
export function actorOf(subject: string): string {
  return `user:${subject.slice(0, 255)}`;
}

function nameOf({ sub, name, preferred_username, email }: Claims): string {
  const named = [preferred_username, email, name].find((each) => typeof each === 'string' && each !== '');
  return String(named ?? sub).slice(0, 255);
}
