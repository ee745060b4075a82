import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { getCACertificates } from 'node:tls';
import { buildConnector, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { addressRefusal, type EgressRules } from '../../domain/network/egress.ts';

/** Resolves a host to its addresses. Node's own; replaced in tests. */
export type ResolveHost = (
  host: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

export interface TransportOptions {
  readonly rules: EgressRules;
  /** Certificates in PEM that are trusted beside the system's and Node's; null for those alone. */
  readonly ca: string | null;
  /** False: any certificate is taken. */
  readonly verifyTls: boolean;
  readonly idleMs: number;
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY, also in lower case. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly resolveHost?: ResolveHost;
}

export interface Asked {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

const CONNECT_MS = 15_000;

/**
 * Connections for one registry, its mirrors and whatever they send us to. Addresses are judged when a connection is made,
 * by what the name leads to at that moment, so that a name that changes (DNS rebinding) gains nothing. Where a proxy is
 * set it makes the connections, and only addresses that stand in a URL are judged here.
 */
export class Transport {
  readonly #rules: EgressRules;
  readonly #dispatcher: Dispatcher;

  constructor({ rules, ca, verifyTls, idleMs, environment, resolveHost = resolveAll }: TransportOptions) {
    this.#rules = rules;
    const tls = {
      rejectUnauthorized: verifyTls,
      ...(ca !== null && { ca: [...getCACertificates('default'), ca] }),
    };
    const proxyOf = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
    this.#dispatcher = new EnvHttpProxyAgent({
      connect: (options, callback) => {
        const { hostname, port, protocol } = options;
        const guarded = guardedLookup(Number(port) || defaultPort(protocol), rules, resolveHost);
        // One connector for each connection: its look-up knows the port.
        buildConnector({ ...tls, timeout: CONNECT_MS, lookup: guarded })({ ...options, hostname }, callback);
      },
      requestTls: tls,
      headersTimeout: idleMs,
      bodyTimeout: idleMs,
      httpProxy: proxyOf('HTTP_PROXY'),
      httpsProxy: proxyOf('HTTPS_PROXY'),
      noProxy: proxyOf('NO_PROXY'),
    });
  }

  /** One request, no redirects followed. EGRESS_REFUSED; else what undici raises. */
  async ask(url: URL, { method, headers = {}, body, signal }: Asked): Promise<Dispatcher.ResponseData> {
    const { hostname, port, protocol } = url;
    if (protocol !== 'https:' && protocol !== 'http:') throw egressRefused(url.hostname, `is asked by ${protocol}`);
    if (/^(?:\[.*\]|[\d.]+)$/.test(hostname)) {
      const refusal = addressRefusal(hostname, Number(port) || defaultPort(protocol), hostname, this.#rules);
      if (refusal !== null) throw egressRefused(url.host, refusal);
    }
    return request(url, {
      dispatcher: this.#dispatcher,
      method,
      headers: { 'user-agent': 'plimsoll', 'accept-encoding': 'identity', ...headers },
      body: body ?? null,
      signal: signal as never,
    });
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}

function resolveAll(host: string, callback: Parameters<ResolveHost>[1]): void {
  systemLookup(host, { all: true }, callback);
}

/** Looks a host up, and gives only addresses where a connection may go. */
function guardedLookup(port: number, rules: EgressRules, resolveHost: ResolveHost): LookupFunction {
  return (host, options, callback) => {
    resolveHost(host, (error, found) => {
      if (error !== null) return callback(error, '', 0);
      const refusals: string[] = [];
      const allowed = found.filter(({ address }) => {
        const refusal = addressRefusal(host, port, address, rules);
        if (refusal !== null) refusals.push(refusal);
        return refusal === null;
      });
      const refused = egressRefused(`${host}:${port}`, refusals[0] ?? 'has no address');
      if (allowed.length === 0) callback(refused, '', 0);
      else if (options.all) callback(null, [...allowed]);
      else callback(null, allowed[0]!.address, allowed[0]!.family);
    });
  };
}

export function egressRefused(host: string, why: string): PlimsollError {
  return new PlimsollError('EGRESS_REFUSED', `${host} ${why}`, { details: { host } });
}

export function defaultPort(protocol: string): number {
  return protocol === 'http:' ? 80 : 443;
}

/** undici's codes and TLS's in words; the system's as they are. */
export function reasonOf(cause: unknown): string {
  const code = String((cause as { code?: unknown }).code);
  if (code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') return 'nothing came for too long';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'it cannot be reached';
  if (/^(?:ERR_SSL_(?:WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST)|EPROTO)/.test(code)) {
    return 'it does not speak TLS; --plain-http speaks to it without';
  }
  if (/CERT|SIGNATURE|ISSUER/.test(code)) {
    return `its certificate is not trusted (${messageOf(cause)}); name its authority with --registry-ca`;
  }
  return messageOf(cause);
}
