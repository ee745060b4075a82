import type { Role } from './access-ports.ts';

/* People who log in at an identity provider, and the sessions that follow. */

export interface NewSession {
  /** SHA-256 of the secret, as hexadecimal digits; the secret itself is never stored. */
  readonly secretDigest: string;
  /** As the provider names them: `sub`. */
  readonly subject: string;
  /** For people: what the provider calls them. */
  readonly name: string;
  readonly role: Role;
  readonly minutes: number;
}

export interface StoredSession extends Pick<NewSession, 'subject' | 'name' | 'role'> {
  readonly expiresAt: string;
}

export interface SessionStore {
  addSession(session: NewSession): Promise<StoredSession>;
  /** The session of this secret, until it expires or is ended. */
  session(secretDigest: string): Promise<StoredSession | null>;
  /** False: there is none. */
  endSession(secretDigest: string): Promise<boolean>;
}

/** What only the browser that began a login has: a callback counts with it, and once. */
export interface PendingLogin {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Claims of a verified ID token. */
export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

export interface IdentityProvider {
  /** Where the browser is sent. Raises LOGIN_UNAVAILABLE, EGRESS_REFUSED. */
  begin(): Promise<{ readonly url: string; readonly pending: PendingLogin }>;
  /** `query`: what the browser brought back, with its `?`. Raises UNAUTHENTICATED where it proves nothing, LOGIN_UNAVAILABLE, EGRESS_REFUSED. */
  finish(query: string, pending: PendingLogin): Promise<Claims>;
}
