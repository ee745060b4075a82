import { createHash, createHmac } from 'node:crypto';
import { PlimsollError } from '../../domain/errors.ts';
import type { RecordLine } from '../../domain/runtime/backlog.ts';
import type { RecordSink } from '../../pipeline/runtime-ports.ts';

export interface Poster {
  /** Sends one body, follows no redirect, and goes only where the operator lets it; the status of the answer. */
  post(url: URL, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

const PATIENCE_MS = 30_000;

/**
 * A JSON array of records to a URL, signed by a shared secret: `Plimsoll-Signature: t=SECONDS,v1=HEX`, the HMAC-SHA-256 of
 * `SECONDS.BODY`. `Plimsoll-Delivery` is the same for the same records: a receiver that has it may drop the second. Any status of
 * 2xx takes them.
 */
export class WebhookSink implements RecordSink {
  readonly name: string;
  readonly #url: URL;
  readonly #secret: string;
  readonly #poster: Poster;
  readonly #now: () => number;

  constructor(url: URL, secret: string, poster: Poster, now: () => number = Date.now) {
    // Without what may be a secret in it.
    this.name = `webhook ${url.origin}`;
    this.#url = url;
    this.#secret = secret;
    this.#poster = poster;
    this.#now = now;
  }

  async send(lines: readonly RecordLine[], signal: AbortSignal): Promise<void> {
    const body = `[${lines.map(({ text }) => text).join(',')}]`;
    const seconds = Math.floor(this.#now() / 1_000);
    const headers = {
      'content-type': 'application/json',
      'plimsoll-delivery': createHash('sha256').update(body).digest('hex'),
      'plimsoll-signature': `t=${seconds},v1=${createHmac('sha256', this.#secret).update(`${seconds}.${body}`).digest('hex')}`,
    };
    const status = await this.#poster.post(
      this.#url,
      headers,
      body,
      AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    );
    if (status < 200 || status > 299) throw new PlimsollError('OUTPUT_FAILED', `it answers with status ${status}`);
  }

  async close(): Promise<void> {
    await this.#poster.close();
  }
}
