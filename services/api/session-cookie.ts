import { createHash, timingSafeEqual } from 'node:crypto';
import type { PendingLogin } from '../pipeline/session-ports.ts';

/** Ten minutes to log in. */
const LOGIN_SECONDS = 600;

/**
 * The cookies of sessions and of logins that have begun. No script reads them (HttpOnly), other sites send them along with links only
 * (SameSite=Lax; the way back from the provider is one). Over https no neighbour can plant them either (`__Host-`, RFC 6265bis 4.1.3.2).
 */
export class SessionCookies {
  readonly session: string;
  readonly #login: string;
  readonly #attributes: string;

  /** `publicUrl`: where people reach the API. */
  constructor(publicUrl: string) {
    const isSecure = publicUrl.startsWith('https:');
    const prefix = isSecure ? '__Host-' : '';
    this.session = `${prefix}plimsoll-session`;
    this.#login = `${prefix}plimsoll-login`;
    this.#attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  }

  /** The secret of a session in a `Cookie` header; null: there is none. */
  secretIn(header: string | undefined): string | null {
    return valueIn(header, this.session);
  }

  opened(secret: string, minutes: number): readonly string[] {
    return [`${this.session}=${secret}; ${this.#attributes}; Max-Age=${minutes * 60}`, this.#gone(this.#login)];
  }

  closed(): readonly string[] {
    return [this.#gone(this.session)];
  }

  begun(pending: BegunLogin): readonly string[] {
    const value = Buffer.from(JSON.stringify(pending)).toString('base64url');
    return [`${this.#login}=${value}; ${this.#attributes}; Max-Age=${LOGIN_SECONDS}`];
  }

  /** The login that this browser has begun; null: none that can be read. */
  loginIn(header: string | undefined): BegunLogin | null {
    try {
      const read = JSON.parse(Buffer.from(valueIn(header, this.#login) ?? '', 'base64url').toString('utf8'));
      const { state, nonce, verifier, returnTo } = Object(read);
      const texts = [state, nonce, verifier, returnTo];
      return texts.every((each) => typeof each === 'string' && each !== '')
        ? { state, nonce, verifier, returnTo }
        : null;
    } catch {
      return null;
    }
  }

  #gone(name: string): string {
    return `${name}=; ${this.#attributes}; Max-Age=0`;
  }
}

export interface BegunLogin extends PendingLogin {
  /** Where the browser goes when it is logged in: a path of ours. */
  readonly returnTo: string;
}

/** What a page of ours knows of its session, and a page of others cannot: sent along with whatever changes something. */
export function csrfToken(secret: string): string {
  return createHash('sha256').update(`csrf ${secret}`).digest('base64url');
}

export function isCsrfToken(given: string, secret: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(csrfToken(secret))];
  return one.length === other.length && timingSafeEqual(one, other);
}

function valueIn(header: string | undefined, name: string): string | null {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}
