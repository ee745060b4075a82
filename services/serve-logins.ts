import { readFileSync } from 'node:fs';
import { Transport } from './adapters/registry/transport.ts';
import type { Store } from './adapters/store/open-store.ts';
import { SessionCookies } from './api/session-cookie.ts';
import { CALLBACK_PATH, type Logins } from './api/session-routes.ts';
import { messageOf, PlimsollError } from './domain/errors.ts';
import { parseEgressRules } from './domain/network/egress.ts';
import type { ServerSettings } from './pipeline/server-settings.ts';
import type { Undo } from './serve-rounds.ts';
import { secretOf } from './serve-store.ts';

// The part of the servers' composition root that lets people log in.

const IDLE_MS = 10_000;

/** Null where no identity provider is set. Raises SETTINGS_INVALID. */
export async function openLogins(
  settings: ServerSettings['oidc'],
  { sessions }: Store,
  undo: Undo[],
): Promise<Logins | null> {
  if (settings === undefined) return null;
  const { OidcProvider } = await import('./adapters/oidc/oidc-provider.ts');
  const { issuer, publicUrl, clientId, scopes, clockSkewSeconds, claim, roles, sessionMinutes, allowed, caFile } =
    settings;
  const transport = new Transport({
    // Whoever names the provider means its address; where it sends us must be public, or be allowed.
    rules: parseEgressRules([new URL(issuer).host, ...allowed]),
    ca: caFile === undefined ? null : readCertificate(caFile),
    verifyTls: true,
    idleMs: IDLE_MS,
    environment: process.env,
  });
  undo.push(() => transport.close());
  const provider = new OidcProvider({
    issuer,
    clientId,
    clientSecret: secretOf(settings.clientSecret, settings.clientSecretFile),
    redirectUrl: `${publicUrl.replace(/\/$/, '')}${CALLBACK_PATH}`,
    scopes,
    clockSkewSeconds,
    ask: (url, request) => transport.ask(url, request),
  });
  return { provider, sessions, cookies: new SessionCookies(publicUrl), mapping: { claim, roles }, sessionMinutes };
}

function readCertificate(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PlimsollError('SETTINGS_INVALID', `oidc.caFile cannot be read: ${messageOf(cause)}`, { cause });
  }
}
