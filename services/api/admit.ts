import type { FastifyReply, FastifyRequest } from 'fastify';
import { PlimsollError } from '../domain/errors.ts';
import { type AuditEntry, type AuditLog, ROLES, type TokenStore } from '../pipeline/access-ports.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Caller, Route } from './route.ts';
import { isCsrfToken } from './session-cookie.ts';
import { actorOf, type Logins } from './session-routes.ts';
import { digestOfSecret } from './token-secret.ts';

export interface AdmitDependencies {
  readonly access: TokenStore & AuditLog;
  /** null: people cannot log in. */
  readonly logins: Pick<Logins, 'sessions' | 'cookies'> | null;
  readonly limit: RateLimit;
}

/**
 * Who asks, where that matters: the holder of a token, or else of a session. Raises RATE_LIMITED, UNAUTHENTICATED, FORBIDDEN.
 */
export async function admit(
  { role, limited, audit, method }: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  { access, logins, limit }: AdmitDependencies,
): Promise<Caller | null> {
  const slowDown = (caller: string): void => {
    const wait = limit.take(caller, Date.now());
    if (wait === 0) return;
    reply.header('retry-after', String(wait));
    throw new PlimsollError('RATE_LIMITED', `Too many requests; wait ${wait} s.`);
  };
  if (role === null) {
    if (limited) slowDown(request.ip);
    return null;
  }
  const { authorization, cookie, 'x-csrf-token': csrf } = request.headers;
  const token = /^Bearer ([\w-]+)$/i.exec(authorization ?? '')?.[1] ?? null;
  // Whoever sends a token means it: a session that the browser adds does not stand in for a bad one.
  const session = authorization === undefined ? (logins?.cookies.secretIn(cookie) ?? null) : null;
  const secret = token ?? session;
  const digest = secret === null ? null : digestOfSecret(secret);
  // Before anything is looked up: whoever guesses is slowed down by address.
  slowDown(digest ?? request.ip);
  const caller = digest === null ? null : await (token === null ? ofSession(digest, logins) : ofToken(digest, access));
  if (caller === null) {
    slowDown(`guess ${request.ip}`);
    reply.header('www-authenticate', 'Bearer realm="plimsoll"');
    const login = logins === null ? '' : ', or log in';
    throw new PlimsollError('UNAUTHENTICATED', `Send a valid token: Authorization: Bearer TOKEN${login}`);
  }
  const refuse = async (why: string): Promise<never> => {
    if (audit !== null) {
      const subject = request.url.slice(0, 512);
      await access.audit({ ...originOf(request), actor: caller.actor, action: audit, subject, outcome: 'refused' });
    }
    throw new PlimsollError('FORBIDDEN', why);
  };
  if (session !== null && method !== 'GET' && !isCsrfToken(String(csrf), session)) {
    await refuse('With a session, whatever changes something needs the header x-csrf-token: see GET /api/v1/session.');
  }
  if (ROLES.indexOf(caller.role) > ROLES.indexOf(role)) {
    await refuse(`This needs the role ${role}; ${session === null ? 'the token has' : 'you have'} ${caller.role}.`);
  }
  return caller;
}

async function ofToken(digest: string, access: TokenStore): Promise<Caller | null> {
  const token = await access.holder(digest);
  return token && { actor: `token:${token.id}`, role: token.role, session: null };
}

async function ofSession(digest: string, logins: AdmitDependencies['logins']): Promise<Caller | null> {
  const session = (await logins?.sessions.session(digest)) ?? null;
  return session && { actor: actorOf(session.subject), role: session.role, session };
}

/** Where a request came from, as the audit log has it. */
export function originOf(request: FastifyRequest): Pick<AuditEntry, 'address' | 'requestId'> {
  return { address: request.ip, requestId: request.id };
}
