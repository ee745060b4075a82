import type { Page, Part } from './page.ts';

/* Who may use the API, and who did what with it. */

/** Each may do what those behind it may. */
export const ROLES = ['admin', 'editor', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

export interface ApiToken {
  /** UUID */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

export interface NewToken {
  readonly name: string;
  /** SHA-256 of the secret, as hexadecimal digits; the secret itself is never stored. */
  readonly secretDigest: string;
  readonly role: Role;
  readonly expiresAt: string | null;
}

export interface TokenStore {
  /** The token of this secret, where it holds: not expired, not revoked. */
  holder(secretDigest: string): Promise<ApiToken | null>;
  addToken(token: NewToken): Promise<ApiToken>;
  /** Adds it where there is no token at all, not even an expired one; null: there is one. */
  addFirstToken(token: NewToken): Promise<ApiToken | null>;
  tokens(page: Page): Promise<Part<ApiToken>>;
  /** False: there is none, or it was revoked before. */
  revoke(id: string): Promise<boolean>;
}

/** Who did what. Never a secret, never a body. */
export interface AuditEntry {
  /** `token:UUID`, `anonymous`, `system` */
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: 'done' | 'refused';
  readonly address: string | null;
  readonly requestId: string | null;
}

export interface AuditLog {
  audit(entry: AuditEntry): Promise<void>;
  audited(page: Page): Promise<Part<AuditEntry & { readonly at: string }>>;
}
