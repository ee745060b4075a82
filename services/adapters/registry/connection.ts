import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';
import { type Challenge, parseChallenges } from '../../domain/network/challenge.ts';
import { type EgressRules, parseEgressRules } from '../../domain/network/egress.ts';
import { retryAfterMs } from '../../domain/network/retry-after.ts';
import { discard, headerOf, type Response, saidReason } from './answer.ts';
import type { CredentialSource } from './credentials.ts';
import { apiHost, type Registration } from './registration.ts';
import { Authorization, denied, type TokenRequest } from './tokens.ts';
import { egressRefused, type ResolveHost, reasonOf, Transport } from './transport.ts';

/** How patient a connection is. Times in milliseconds. */
export interface Patience {
  /** Attempts at one request. */
  readonly attempts: number;
  /** Before the second attempt; twice as long before each further one, less by chance. */
  readonly backoffMs: number;
  /** The longest wait that a registry may ask for by Retry-After. */
  readonly retryAfterMs: number;
}

export const PATIENCE: Patience = { attempts: 4, backoffMs: 500, retryAfterMs: 60_000 };

export interface ConnectionOptions {
  readonly credentials: CredentialSource;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly limits: Limits;
  readonly patience: Patience;
  readonly resolveHost: ResolveHost | undefined;
}

export interface ApiRequest {
  readonly method: 'GET' | 'HEAD';
  /** With its leading slash; may have a query. */
  readonly path: string;
  /** What a token has to be good for: `repository:NAME:pull`, `registry:catalog:*`. */
  readonly scope: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** One registry, or one mirror of it. */
export class Connection {
  readonly host: string;
  readonly #registration: Registration;
  readonly #options: ConnectionOptions;
  readonly #transport: Transport;
  readonly #authorization: Authorization;
  #origin: Promise<string> | null = null;
  #isPlain: boolean;

  constructor(registration: Registration, options: ConnectionOptions) {
    const { registry, allowed, ca, verifyTls } = registration;
    this.host = apiHost(registry);
    this.#registration = registration;
    this.#options = options;
    this.#isPlain = registration.plainHttp;
    const rules = rulesOf(this.host, registration.plainHttp, allowed);
    this.#transport = new Transport({
      rules,
      ca,
      verifyTls,
      idleMs: options.limits.registryIdleMs,
      environment: options.environment,
      ...(options.resolveHost !== undefined && { resolveHost: options.resolveHost }),
    });
    this.#authorization = new Authorization({
      registry,
      rules,
      credentials: options.credentials,
      isPlain: () => this.#isPlain,
      ask: (url, request, signal) => this.#askTokenServer(url, request, signal),
      limits: options.limits,
      now: () => Date.now(),
    });
  }

  /**
   * The answer to a request, behind redirects, with credentials where they are asked for, after as many attempts as it
   * takes: any status but 401, 403, 429 and 5xx. Who gets it reads its body or discards it. REGISTRY_DENIED,
   * REGISTRY_UNAVAILABLE, EGRESS_REFUSED, CANCELLED.
   */
  async send(request: ApiRequest): Promise<Response> {
    const { attempts, backoffMs } = this.#options.patience;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(request);
      if ('response' in outcome) return outcome.response;
      const wait = outcome.afterMs ?? Math.random() * backoffMs * 2 ** attempt;
      if (attempt >= attempts || wait > this.#options.patience.retryAfterMs) {
        const often = attempt > 1 ? ` (${attempt} attempts)` : '';
        throw this.unavailable(`${outcome.reason}${often}`, outcome.cause);
      }
      await sleep(wait, undefined, { signal: request.signal as never }).catch(() => {});
      refuseCancelled(request.signal);
    }
  }

  unavailable(reason: string, cause?: unknown): PlimsollError {
    const { registry } = this.#registration;
    return new PlimsollError('REGISTRY_UNAVAILABLE', `${registry}: ${reason}`, { cause, details: { registry } });
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #attempt(
    request: ApiRequest,
  ): Promise<{ response: Response } | { reason: string; afterMs: number | null; cause?: unknown }> {
    let response: Response;
    try {
      response = await this.#authorized(request);
    } catch (cause) {
      refuseCancelled(request.signal);
      if (cause instanceof PlimsollError) throw cause;
      return { reason: reasonOf(cause), afterMs: null, cause };
    }
    const { statusCode: status } = response;
    if (status === 401 || status === 403) {
      throw denied(
        this.#registration.registry,
        `it answered ${status}${await saidReason(response, this.#authorization.secrets)}`,
      );
    }
    if (status !== 408 && status !== 429 && status < 500) return { response };
    const afterMs = retryAfterMs(headerOf(response, 'retry-after'), Date.now());
    return { reason: `it answered ${status}${await saidReason(response, this.#authorization.secrets)}`, afterMs };
  }

  /** Asks, and where that is answered by a challenge (a token may have ended), answers it, once. */
  async #authorized(request: ApiRequest): Promise<Response> {
    const { scope, signal } = request;
    const kept = this.#authorization.known(scope);
    const first = await this.#redirected(request, kept);
    if (first.statusCode !== 401) return first;
    const challenges = challengesOf(first);
    await discard(first);
    this.#authorization.forget(scope);
    return this.#redirected(request, await this.#authorization.answer(challenges, scope, signal));
  }

  /** Follows redirects. Credentials go to the registry alone. */
  async #redirected(
    { method, path, headers = {}, signal }: ApiRequest,
    authorization: string | null,
  ): Promise<Response> {
    const { limits } = this.#options;
    const origin = await this.origin(signal);
    let url = new URL(path, origin);
    for (let redirects = 0; ; redirects++) {
      const own = url.origin === origin && authorization !== null ? { authorization } : {};
      const response = await this.#transport.ask(url, { method, headers: { ...headers, ...own }, signal });
      if (![301, 302, 303, 307, 308].includes(response.statusCode)) return response;
      await discard(response);
      if (redirects >= limits.registryRedirects) {
        throw this.unavailable(`more than ${limits.registryRedirects} redirects (registryRedirects)`);
      }
      url = this.#target(url, headerOf(response, 'location'));
    }
  }

  #target(from: URL, location: string | null): URL {
    if (location === null || !URL.canParse(location, from.href))
      throw this.unavailable('it redirects to no valid address');
    const target = new URL(location, from);
    if (from.protocol === 'https:' && target.protocol !== 'https:') {
      throw egressRefused(target.host, `would be asked by ${target.protocol}, where ${from.host} is asked by https:`);
    }
    target.username = '';
    target.password = '';
    return target;
  }

  async #askTokenServer(url: URL, { method, headers, body }: TokenRequest, signal: AbortSignal): Promise<Response> {
    const response = await this.#transport.ask(url, { method, headers, signal, ...(body !== undefined && { body }) });
    // Tokens are for us alone, and credentials for whom they were sent to.
    if (response.statusCode < 300 || response.statusCode >= 400) return response;
    await discard(response);
    throw denied(this.#registration.registry, `its token server ${url.host} redirects, which none has to`);
  }

  /** `https://HOST`, or `http://HOST`. Only registries on this machine are tried both ways. */
  origin(signal: AbortSignal): Promise<string> {
    this.#origin ??= this.#probe(signal).catch((error: unknown) => {
      this.#origin = null;
      throw error;
    });
    return this.#origin;
  }

  async #probe(signal: AbortSignal): Promise<string> {
    const { plainHttp } = this.#registration;
    if (!plainHttp && isThisMachine(this.host)) {
      try {
        await discard(await this.#transport.ask(new URL(`https://${this.host}/v2/`), { method: 'HEAD', signal }));
      } catch (error) {
        this.#isPlain = /^(?:ERR_SSL_|EPROTO|ECONNRESET|UND_ERR_SOCKET)/.test(
          String((error as { code?: unknown }).code),
        );
      }
    }
    return new URL(`${this.#isPlain ? 'http' : 'https'}://${this.host}`).origin;
  }
}

export function refuseCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  const { reason } = signal;
  throw reason instanceof PlimsollError ? reason : new PlimsollError('CANCELLED', messageOf(reason), { cause: reason });
}

/** Is aborted with `signal`, and after `ms` with REGISTRY_UNAVAILABLE. */
export function within(ms: number, limit: string, signal: AbortSignal): AbortSignal {
  const deadline = new AbortController();
  const message = `the registry took longer than ${ms} ms for one answer (${limit})`;
  setTimeout(
    () => deadline.abort(new PlimsollError('REGISTRY_UNAVAILABLE', message, { details: { limit } })),
    ms,
  ).unref();
  return AbortSignal.any([signal as never, deadline.signal]);
}

/** The registry's own host at its own port, and at that of HTTPS, where token servers of small installations are. */
function rulesOf(host: string, plainHttp: boolean, allowed: readonly string[]): EgressRules {
  const url = new URL(`${plainHttp ? 'http' : 'https'}://${host}`);
  const ownPort = Number(url.port) || (plainHttp ? 80 : 443);
  const named = parseEgressRules(allowed);
  const own = [ownPort, 443, ...(isThisMachine(host) && url.port === '' ? [80] : [])];
  return { ...named, hosts: [...own.map((port) => ({ host: url.hostname, port })), ...named.hosts] };
}

function isThisMachine(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(host);
}

function challengesOf({ headers }: Response): readonly Challenge[] {
  const value = headers['www-authenticate'];
  return parseChallenges(value === undefined ? [] : [value].flat());
}
