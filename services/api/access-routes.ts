import { z } from 'zod';
import { PlimsollError } from '../domain/errors.ts';
import { type AuditLog, ROLES, type TokenStore } from '../pipeline/access-ports.ts';
import { type Route, route } from './route.ts';
import { auditEntry, byId, listOf, nothing, paged, pageOf, token } from './shapes.ts';

export interface AccessRoutesDependencies {
  readonly access: TokenStore & AuditLog;
  /** A new secret, and what is stored of it. */
  newSecret(): { readonly secret: string; readonly secretDigest: string };
  now(): number;
}

/** Tokens of the API, and who did what. */
export function accessRoutes({ access, newSecret, now }: AccessRoutesDependencies): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/tokens',
      summary: 'Tokens of the API, the newest first; never their secrets',
      role: 'admin',
      params: nothing,
      query: paged,
      body: null,
      status: 200,
      response: listOf(token),
      audit: null,
      handle: async ({ query }) => ({ body: await access.tokens(pageOf(query)) }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/tokens',
      summary: 'Make a token; its secret is shown this once',
      role: 'admin',
      params: nothing,
      query: nothing,
      body: z.strictObject({
        name: z.string().min(1).max(256),
        role: z.enum(ROLES),
        expiresAt: z.iso.datetime({ offset: true }).optional(),
      }),
      status: 201,
      response: token.extend({ secret: z.string() }),
      audit: 'token.create',
      handle: async ({ body: { name, role, expiresAt } }) => {
        if (expiresAt !== undefined && Date.parse(expiresAt) <= now()) {
          throw new PlimsollError('USAGE', 'expiresAt lies in the past.');
        }
        const { secret, secretDigest } = newSecret();
        const made = await access.addToken({ name, role, secretDigest, expiresAt: expiresAt ?? null });
        return { body: { ...made, secret } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/tokens/{id}',
      summary: 'Revoke a token',
      role: 'admin',
      params: byId,
      query: nothing,
      body: null,
      status: 204,
      response: null,
      audit: 'token.revoke',
      handle: async ({ params }) => {
        if (await access.revoke(params.id)) return { body: '' };
        throw new PlimsollError('NOT_FOUND', `There is no token ${params.id} that is not revoked.`);
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/audit',
      summary: 'Who did what, the newest first',
      role: 'admin',
      params: nothing,
      query: paged,
      body: null,
      status: 200,
      response: listOf(auditEntry),
      audit: null,
      handle: async ({ query }) => ({ body: await access.audited(pageOf(query)) }),
    }),
  ];
}
