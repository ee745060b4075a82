import { EnvHttpProxyAgent, request } from 'undici';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';

const PATIENCE_MS = 10_000;

/** Asks Amazon SNS. Only what was made or checked for SNS in the domain may be given as an address. */
export class SnsClient {
  readonly #dispatcher = new EnvHttpProxyAgent({ connect: { timeout: PATIENCE_MS } });

  /** A certificate in PEM. Raises DOWNLOAD_FAILED. */
  async certificate(url: string): Promise<string> {
    return this.#get(url);
  }

  /** Raises DOWNLOAD_FAILED. */
  async confirm(url: string): Promise<void> {
    await this.#get(url);
  }

  /** No redirect is followed: what SNS has, it has itself. */
  async #get(url: string): Promise<string> {
    const { hostname } = new URL(url);
    const fail = (why: string, cause?: unknown) =>
      new PlimsollError('DOWNLOAD_FAILED', `${hostname} did not answer as it should: ${why}`, { cause });
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS) as never;
      const { statusCode, body } = await request(url, { dispatcher: this.#dispatcher, signal });
      const pieces: Buffer[] = [];
      let length = 0;
      for await (const piece of body as AsyncIterable<Buffer>) {
        length += piece.length;
        if (length > LIMITS.snsAnswerBytes) throw fail(`more than snsAnswerBytes (${LIMITS.snsAnswerBytes})`);
        pieces.push(piece);
      }
      if (statusCode !== 200) throw fail(`status ${statusCode}`);
      return Buffer.concat(pieces).toString('utf8');
    } catch (error) {
      throw error instanceof PlimsollError ? error : fail(messageOf(error), error);
    }
  }
}
