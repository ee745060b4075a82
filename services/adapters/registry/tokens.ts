import { PlimsollError } from '../../domain/errors.ts';
import { parseJsonObject } from '../../domain/image/json.ts';
import type { Limits } from '../../domain/limits.ts';
import type { Challenge } from '../../domain/network/challenge.ts';
import { type EgressRules, isAllowedHost } from '../../domain/network/egress.ts';
import { type Response, saidReason, wholeBody } from './answer.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import { TOKEN_HOSTS } from './registration.ts';
import { defaultPort, egressRefused } from './transport.ts';

/** Seconds that a token lasts where its server does not say (distribution spec, token authentication). */
const DEFAULT_SECONDS = 60;
/** A token is renewed before it ends: on its way it still has to be valid. */
const MARGIN_MS = 10_000;
const MOST_SECONDS = 12 * 3_600;

export interface TokenRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface AuthorizationOptions {
  readonly registry: string;
  readonly rules: EgressRules;
  readonly credentials: CredentialSource;
  /** Whether the registry is spoken to without TLS. */
  readonly isPlain: () => boolean;
  /** Asks the token server. */
  readonly ask: (url: URL, request: TokenRequest, signal: AbortSignal) => Promise<Response>;
  readonly limits: Limits;
  readonly now: () => number;
}

/** The Authorization headers of one registry, by scope; tokens are kept until they end. */
export class Authorization {
  readonly #options: AuthorizationOptions;
  readonly #headers = new Map<string, { readonly header: string; readonly until: number }>();
  /** Everything that was sent to prove who asks, in all its spellings: none of it may come back in a message. */
  readonly secrets = new Set<string>();
  readonly #pending = new Map<string, Promise<string>>();

  constructor(options: AuthorizationOptions) {
    this.#options = options;
  }

  /** The header that a scope was given before; null where there is none that lasts. */
  known(scope: string): string | null {
    const kept = this.#headers.get(scope);
    return kept !== undefined && kept.until > this.#options.now() ? kept.header : null;
  }

  forget(scope: string): void {
    this.#headers.delete(scope);
  }

  /**
   * The header that answers one of the challenges, for `scope` where they name none. REGISTRY_DENIED where there is
   * nothing to answer with; EGRESS_REFUSED where credentials would go to somebody else.
   */
  async answer(challenges: readonly Challenge[], scope: string, signal: AbortSignal): Promise<string> {
    const running = this.#pending.get(scope);
    if (running !== undefined) return running;
    const answer = this.#answer(challenges, scope, signal).finally(() => this.#pending.delete(scope));
    this.#pending.set(scope, answer);
    return answer;
  }

  async #answer(challenges: readonly Challenge[], scope: string, signal: AbortSignal): Promise<string> {
    const { registry, credentials, now } = this.#options;
    const own = await credentials.credentials(registry, signal);
    if (own !== null) this.secrets.add(own.kind === 'password' ? own.password : own.token);
    if (own?.kind === 'password') this.secrets.add(basic(own).slice('Basic '.length));
    if (own?.kind === 'bearer-token') return this.#keep(scope, `Bearer ${own.token}`, Number.POSITIVE_INFINITY);
    const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'));
    if (bearer !== undefined) {
      const { token, seconds } = await this.#token(bearer, scope, own, signal);
      return this.#keep(scope, `Bearer ${token}`, now() + seconds * 1_000 - MARGIN_MS);
    }
    if (challenges.some(({ scheme }) => scheme === 'basic')) {
      if (own?.kind === 'password') return this.#keep(scope, basic(own), Number.POSITIVE_INFINITY);
      throw denied(registry, 'it asks for a user name and a password, and there are none for it');
    }
    const schemes = challenges.map(({ scheme }) => scheme).join(', ');
    throw denied(registry, `it asks for what Plimsoll cannot give (${schemes || 'nothing that it names'})`);
  }

  #keep(scope: string, header: string, until: number): string {
    this.#headers.set(scope, { header, until });
    this.secrets.add(header.slice(header.indexOf(' ') + 1));
    return header;
  }

  async #token(
    { parameters }: Challenge,
    ownScope: string,
    own: Credentials | null,
    signal: AbortSignal,
  ): Promise<{ token: string; seconds: number }> {
    const { registry, ask, limits } = this.#options;
    const realm = parameters.get('realm')!;
    if (!URL.canParse(realm)) throw denied(registry, 'the address of its token server is none');
    const url = new URL(realm);
    if (url.username !== '' || url.password !== '')
      throw denied(registry, 'the address of its token server has a user in it');
    if (url.protocol !== 'https:' && !this.#options.isPlain())
      throw egressRefused(url.host, `would be asked for a token without TLS`);
    if (own !== null) this.#expectOwnRealm(url);
    const service = parameters.get('service');
    const scope = parameters.get('scope') ?? ownScope;
    let request: TokenRequest;
    if (own?.kind === 'identity-token') {
      const form = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: own.token,
        client_id: 'plimsoll',
        scope,
        ...(service !== undefined && { service }),
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      request = { method: 'POST', headers, body: form.toString() };
    } else {
      if (service !== undefined) url.searchParams.set('service', service);
      // Several scopes are several parameters.
      url.searchParams.delete('scope');
      for (const each of scope.split(' ').filter(Boolean)) url.searchParams.append('scope', each);
      if (own !== null) url.searchParams.set('client_id', 'plimsoll');
      request = { method: 'GET', headers: own?.kind === 'password' ? { authorization: basic(own) } : {} };
    }
    const response = await ask(url, request, signal);
    if (response.statusCode !== 200) {
      const reason = await saidReason(response, this.secrets);
      throw denied(registry, `its token server ${url.host} answered ${response.statusCode}${reason}`);
    }
    const what = `the token of ${registry}`;
    return tokenIn(await wholeBody(response, limits.registryAnswerBytes, 'registryAnswerBytes', what), registry);
  }

  /** Credentials go to the registry's own host (at its port and 443, as the rules have it), to where its operator is known to give tokens, and to whom it was allowed. */
  #expectOwnRealm(url: URL): void {
    const { registry, rules } = this.#options;
    const port = Number(url.port) || defaultPort(url.protocol);
    const isKnown = url.protocol === 'https:' && TOKEN_HOSTS.get(registry) === url.host;
    if (isKnown || isAllowedHost(url.hostname, port, rules)) return;
    throw egressRefused(
      url.host,
      `is where ${registry} asks Plimsoll to send the credentials; if it may have them, allow it: --registry-allow ${url.host}`,
    );
  }
}

function basic({ username, password }: Extract<Credentials, { kind: 'password' }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function tokenIn(bytes: Uint8Array, registry: string): { token: string; seconds: number } {
  const what = `the token of ${registry}`;
  let answer: ReturnType<typeof parseJsonObject>;
  try {
    answer = parseJsonObject(bytes, what);
  } catch (cause) {
    // A parser's words may hold what it read.
    throw new PlimsollError('REGISTRY_UNAVAILABLE', `${what} is not JSON`, { cause: (cause as PlimsollError).code });
  }
  const token = answer.token ?? answer.access_token;
  // What no header can hold is no token.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw denied(registry, 'its token server gave no token');
  const seconds = typeof answer.expires_in === 'number' ? answer.expires_in : DEFAULT_SECONDS;
  return { token, seconds: Math.min(MOST_SECONDS, Math.max(DEFAULT_SECONDS, seconds)) };
}

export function denied(registry: string, why: string): PlimsollError {
  return new PlimsollError('REGISTRY_DENIED', `${registry}: ${why}`, { details: { registry } });
}
