import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { LIMITS, type Limits } from '../../domain/limits.ts';
import { VERSION } from '../../domain/version.ts';
import type { ClusterAccess } from './cluster-access.ts';

export interface Question {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** From the root, with its segments encoded: `apiPath`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Of the body; application/json. */
  readonly contentType?: string;
  /** Statuses beside 2xx that the caller has an answer to. */
  readonly expected?: readonly number[];
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  /** The body, parsed; null where it is none of JSON and the status is an expected one. */
  readonly json: unknown;
}

const CONNECT_MS = 10_000;
/** A request is asked again so often: where the server is throttled or starts, or has just closed the connection. */
const ATTEMPTS = 4;
const DEFAULT_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const MESSAGE_CHARACTERS = 500;

/** Asks one Kubernetes API server, and nobody else: no redirect is followed, no proxy used. */
export class ApiServer {
  readonly #access: ClusterAccess;
  readonly #agent: Agent;
  readonly limits: Limits;

  constructor(access: ClusterAccess, limits: Limits = LIMITS) {
    this.#access = access;
    this.limits = limits;
    const { ca, serverName, credentials } = access;
    this.#agent = new Agent({
      connect: {
        timeout: CONNECT_MS,
        ...(ca !== null && { ca }),
        ...(serverName !== null && { servername: serverName }),
        ...(credentials.kind === 'certificate' && { cert: credentials.certificate, key: credentials.key }),
      },
      headersTimeout: limits.kubernetesAnswerMs,
      bodyTimeout: limits.kubernetesIdleMs,
    });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** One question and its whole answer, within kubernetesAnswerMs. KUBERNETES_DENIED, KUBERNETES_UNAVAILABLE. */
  async ask(question: Question): Promise<Answer> {
    const { kubernetesAnswerMs: ms } = this.limits;
    const late = new AbortController();
    const reason = this.#unavailable(question, `no answer within ${ms} ms (kubernetesAnswerMs)`, {
      limit: 'kubernetesAnswerMs',
    });
    const timer = setTimeout(() => late.abort(reason), ms);
    try {
      const signal = AbortSignal.any([question.signal as never, late.signal]);
      const response = await this.open({ ...question, signal });
      return { status: response.statusCode, json: await this.#json(response, { ...question, signal }) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** The answer with its body unread: a watch. Statuses as `ask` has them. */
  async open(question: Question): Promise<Dispatcher.ResponseData> {
    let fresh = false;
    for (let attempt = 1; ; attempt++) {
      const response = await this.#send(question, fresh).catch((cause: unknown) => {
        const isClosed = /^(?:UND_ERR_SOCKET|ECONNRESET|EPIPE)$/.test(String((cause as { code?: unknown }).code));
        if (!isClosed || attempt > 1 || question.signal.aborted) throw this.#failed(question, cause);
        return null;
      });
      if (response === null) continue;
      const { statusCode: status } = response;
      if ((status >= 200 && status < 300) || question.expected?.includes(status)) return response;
      if (status === 401 && !fresh && this.#access.credentials.kind === 'token') {
        fresh = true;
      } else if ((status !== 429 && status !== 503) || attempt >= ATTEMPTS) {
        throw await this.#refusal(response, question);
      } else {
        await this.#wait(response, question);
      }
      await response.body.dump().catch(() => {});
    }
  }

  async #send(question: Question, fresh: boolean): Promise<Dispatcher.ResponseData> {
    const { method, path, query = {}, body, contentType = 'application/json', signal } = question;
    const { server, credentials } = this.#access;
    const url = new URL(server);
    url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`;
    url.search = new URLSearchParams(query).toString();
    const token = credentials.kind === 'token' ? await credentials.token(fresh) : null;
    return request(url, {
      dispatcher: this.#agent,
      method,
      headers: {
        'user-agent': `plimsoll/${VERSION}`,
        accept: 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': contentType }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal as never,
    });
  }

  /** As long as the server says (RFC 9110 section 10.2.3, in seconds), within bounds. */
  async #wait(response: Dispatcher.ResponseData, question: Question): Promise<void> {
    const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
    const ms = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : DEFAULT_WAIT_MS;
    await sleep(Math.min(ms, LONGEST_WAIT_MS), undefined, { signal: question.signal as never }).catch((cause) => {
      response.body.on('error', () => {}).destroy();
      throw this.#failed(question, cause);
    });
  }

  async #json(response: Dispatcher.ResponseData, question: Question): Promise<unknown> {
    const { kubernetesAnswerBytes: most } = this.limits;
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > most) {
          const limit = 'kubernetesAnswerBytes';
          throw this.#unavailable(question, `an answer of more than ${most} bytes (${limit})`, { limit });
        }
        chunks.push(chunk);
      }
    } catch (cause) {
      response.body.on('error', () => {}).destroy();
      throw this.#failed(question, cause);
    }
    try {
      return JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } catch (cause) {
      if (response.statusCode >= 300) return null;
      throw this.#unavailable(question, 'an answer that is no JSON: is it an API server?', {}, cause);
    }
  }

  async #refusal(response: Dispatcher.ResponseData, question: Question): Promise<PlimsollError> {
    const { statusCode: status } = response;
    const json = await this.#json(response, question).catch(() => null);
    const said = (json as { message?: unknown } | null)?.message;
    const why = `status ${status}${typeof said === 'string' ? `: ${said.slice(0, MESSAGE_CHARACTERS)}` : ''}`;
    if (status >= 500 || status === 408 || status === 429) return this.#unavailable(question, why, { status });
    const advice =
      status === 401 || status === 403
        ? ' (who Plimsoll is there needs the rights that its chart grants: docs/admission.md)'
        : '';
    return new PlimsollError('KUBERNETES_DENIED', `${this.#what(question)} ${why}${advice}`, { details: { status } });
  }

  /** What was thrown, as an error of ours; whoever cancelled gets the reason that he gave. */
  #failed(question: Question, cause: unknown): PlimsollError {
    if (cause instanceof PlimsollError) return cause;
    const { aborted, reason } = question.signal;
    if (aborted && reason instanceof PlimsollError) return reason;
    if (aborted && (reason as Error | null)?.name !== 'TimeoutError') {
      return new PlimsollError('CANCELLED', messageOf(reason), { cause });
    }
    return this.#unavailable(question, aborted ? 'no answer in time' : reasonOf(cause), {}, cause);
  }

  #unavailable(
    question: Question,
    why: string,
    details: Readonly<Record<string, string | number>> = {},
    cause?: unknown,
  ): PlimsollError {
    return new PlimsollError('KUBERNETES_UNAVAILABLE', `${this.#what(question)} ${why}`, { cause, details });
  }

  #what({ method, path }: Question): string {
    return `${method} ${path} of the API server ${this.#access.server.host}:`;
  }
}

/**
 * A path of encoded segments; null where one cannot be part of an object's path: empty, or one that an URL would take for a
 * direction ("..").
 */
export function apiPath(...segments: readonly string[]): string | null {
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) return null;
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');
}

function reasonOf(cause: unknown): string {
  const code = String((cause as { code?: unknown }).code);
  if (code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') return 'nothing came for too long';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'it cannot be reached';
  if (/CERT|SIGNATURE|ISSUER/.test(code))
    return `its certificate is not trusted (${messageOf(cause)}): check the cluster's CA`;
  return messageOf(cause);
}
