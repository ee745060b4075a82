import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { parseAddress, reachOf } from '../../domain/network/address.ts';
import { retryAfterMs } from '../../domain/network/retry-after.ts';

/** How patient a download is. Times in milliseconds, sizes in bytes. */
export interface DownloadPatience {
  readonly connectMs: number;
  /** Without a byte. */
  readonly idleMs: number;
  /** One attempt, from the first byte sent to the last received. */
  readonly totalMs: number;
  /** Attempts at one address. */
  readonly attempts: number;
  /** Before the second attempt; twice as long before each further one, less by chance. */
  readonly backoffMs: number;
  /** The longest wait that a server may ask for by Retry-After; for more, the next address is tried. */
  readonly retryAfterMs: number;
}

const PATIENCE: DownloadPatience = {
  connectMs: 15_000,
  idleMs: 60_000,
  totalMs: 60 * 60_000,
  attempts: 4,
  backoffMs: 1_000,
  retryAfterMs: 120_000,
};

const REDIRECTS = 5;
const NO_BYTES = 64 * 2 ** 10;

/** What a server said of a file before, to ask only for a newer one. */
export interface KnownVersion {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export interface Downloaded extends KnownVersion {
  /** The address that answered, after redirects. */
  readonly url: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface DownloadRequest {
  /** The same file at several addresses, tried in this order. */
  readonly urls: readonly string[];
  /** Where it goes; written over. */
  readonly file: string;
  readonly maxBytes: number;
  readonly known?: KnownVersion;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Why one attempt failed, and whether and when another may do better. */
class Attempt extends Error {
  readonly retry: boolean;
  readonly afterMs: number | null;
  readonly status: number | null;

  constructor(message: string, options: { retry: boolean; afterMs?: number | null; status?: number; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.retry = options.retry;
    this.afterMs = options.afterMs ?? null;
    this.status = options.status ?? null;
  }
}

/** Fetches files from public servers, which may be slow, busy, broken or malicious. */
export class Downloader {
  readonly #patience: DownloadPatience;
  readonly #dispatcher: Dispatcher;

  constructor(patience: DownloadPatience = PATIENCE) {
    this.#patience = patience;
    this.#dispatcher = new EnvHttpProxyAgent({
      connect: { timeout: patience.connectMs },
      headersTimeout: patience.idleMs,
      bodyTimeout: patience.idleMs,
    });
  }

  /** 'unchanged' where the server has no newer one than `known`; DOWNLOAD_FAILED where no address gave it; CANCELLED. */
  async download(wanted: DownloadRequest): Promise<Downloaded | 'unchanged'> {
    const failures: string[] = [];
    for (const url of wanted.urls) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#attempt(url, wanted);
        } catch (cause) {
          wanted.signal.throwIfAborted();
          if (!(cause instanceof Attempt)) throw cause;
          const wait = this.#wait(cause, attempt);
          if (wait === null) {
            failures.push(`${url}: ${cause.message}${attempt > 1 ? ` (${attempt} attempts)` : ''}`);
            break;
          }
          await sleep(wait, undefined, { signal: wanted.signal as never }).catch(() => wanted.signal.throwIfAborted());
        }
      }
    }
    throw new PlimsollError('DOWNLOAD_FAILED', `It could not be fetched: ${failures.join('; ')}.`);
  }

  /** What a server asks for before it gives something (WWW-Authenticate of a 401); null where it asks for nothing. */
  async challenge(url: string, accept: string, signal: AbortSignal): Promise<string | null> {
    try {
      const both = AbortSignal.any([AbortSignal.timeout(this.#patience.idleMs), signal as never]);
      const response = await request(url, { dispatcher: this.#dispatcher, signal: both as never, headers: { accept } });
      await discard(response);
      return response.statusCode === 401 ? textOf(response.headers['www-authenticate']) : null;
    } catch {
      // The download that follows meets the same, and tells.
      signal.throwIfAborted();
      return null;
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** How long to wait before another attempt; null for none. */
  #wait(failure: Attempt, attempt: number): number | null {
    const { attempts, backoffMs, retryAfterMs } = this.#patience;
    if (!failure.retry || attempt >= attempts) return null;
    if (failure.afterMs !== null) return failure.afterMs <= retryAfterMs ? failure.afterMs : null;
    // Full jitter: many machines that failed together do not come back together.
    return Math.random() * backoffMs * 2 ** attempt;
  }

  async #attempt(first: string, wanted: DownloadRequest): Promise<Downloaded | 'unchanged'> {
    const deadline = AbortSignal.timeout(this.#patience.totalMs);
    const signal = AbortSignal.any([deadline, wanted.signal as never]);
    let url = first;
    for (let redirect = 0; redirect <= REDIRECTS; redirect++) {
      const response = await this.#ask(url, first, wanted, signal, deadline);
      const { statusCode: status, headers } = response;
      if (status < 300 && status !== 200) {
        await discard(response);
        throw new Attempt(`status ${status}`, { retry: false, status });
      }
      if (status === 200) return await this.#receive(url, response, wanted, deadline);
      await discard(response);
      if (status === 304 && wanted.known !== undefined) return 'unchanged';
      if ([301, 302, 303, 307, 308].includes(status)) {
        url = redirected(url, textOf(headers.location));
        continue;
      }
      const retry = status === 408 || status === 429 || status >= 500;
      throw new Attempt(`status ${status}`, {
        retry,
        status,
        afterMs: retryAfterMs(textOf(headers['retry-after']), Date.now()),
      });
    }
    throw new Attempt(`more than ${REDIRECTS} redirects`, { retry: false });
  }

  async #ask(
    url: string,
    first: string,
    { known, headers = {} }: DownloadRequest,
    signal: AbortSignal,
    deadline: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    // What was meant for one host is not told to another.
    const own = new URL(url).origin === new URL(first).origin ? headers : {};
    const conditions = {
      ...(known?.etag && { 'if-none-match': known.etag }),
      ...(known?.lastModified && { 'if-modified-since': known.lastModified }),
    };
    try {
      const all = { 'user-agent': 'plimsoll', accept: '*/*', ...conditions, ...own };
      return await request(url, { dispatcher: this.#dispatcher, signal: signal as never, headers: all });
    } catch (cause) {
      throw new Attempt(deadline.aborted ? 'it took too long' : reasonOf(cause), { retry: true, cause });
    }
  }

  async #receive(
    url: string,
    { headers, body }: Dispatcher.ResponseData,
    { file, maxBytes }: DownloadRequest,
    deadline: AbortSignal,
  ): Promise<Downloaded> {
    const length = Number(textOf(headers['content-length']) ?? Number.NaN);
    const tooLarge = new Attempt(`it is larger than ${maxBytes} bytes`, { retry: false });
    const hash = createHash('sha256');
    let bytes = 0;
    const output = openSync(file, 'w', 0o600);
    try {
      if (length > maxBytes) throw tooLarge;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw tooLarge;
        hash.update(chunk);
        for (let at = 0; at < chunk.length; ) at += writeSync(output, chunk, at);
      }
      if (length >= 0 && bytes !== length) throw new Error(`${bytes} bytes came of ${length}`);
      fsyncSync(output);
    } catch (cause) {
      // What is left of the body is told to nobody.
      body.on('error', () => {}).destroy();
      if (cause instanceof Attempt) throw cause;
      throw new Attempt(deadline.aborted ? 'it took too long' : reasonOf(cause), { retry: true, cause });
    } finally {
      closeSync(output);
    }
    const version = { etag: textOf(headers.etag), lastModified: textOf(headers['last-modified']) };
    return { url, bytes, sha256: hash.digest('hex'), ...version };
  }
}

/** Where a redirect leads; never from encrypted to plain, nor from elsewhere to this machine or a private network. */
function redirected(from: string, location: string | null): string {
  const refuse = (why: string): never => {
    throw new Attempt(`a redirect ${why}`, { retry: false });
  };
  if (location === null || !URL.canParse(location, from)) return refuse('without a valid address');
  const [source, target] = [new URL(from), new URL(location, from)];
  if (target.protocol !== 'https:' && target.protocol !== 'http:') return refuse(`to ${target.protocol}`);
  if (source.protocol === 'https:' && target.protocol === 'http:') return refuse('from https to http');
  if (isPrivate(target.hostname) && !isPrivate(source.hostname)) return refuse('into a private network');
  return target.href;
}

/** An address that is not public, as a literal, or a name that means this machine. */
function isPrivate(host: string): boolean {
  const address = parseAddress(host.replace(/^\[|\]$/g, ''));
  return host === 'localhost' || host.endsWith('.localhost') || (address !== null && reachOf(address) !== 'public');
}

async function discard({ body }: Dispatcher.ResponseData): Promise<void> {
  await body.dump({ limit: NO_BYTES }).catch(() => {});
}

function textOf(header: string | string[] | undefined): string | null {
  return (Array.isArray(header) ? header[0] : header) ?? null;
}

/** undici's codes in words; the system's as they are. */
function reasonOf(cause: unknown): string {
  const code = (cause as { code?: unknown }).code;
  if (code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') return 'nothing came for too long';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'it cannot be reached';
  return messageOf(cause);
}
