import { EnvHttpProxyAgent, request } from 'undici';
import { z } from 'zod';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import { report } from '../../domain/report/report.ts';
import { type CachedVerdict, verdictsOfReport } from '../../domain/runtime/verdict-cache.ts';

const PATIENCE_MS = 60_000;
const PAGE = 500;

const images = z.object({
  items: z.array(
    z.object({
      digest: z.string(),
      kind: z.enum(['image', 'index']),
      verdict: z.object({ decision: z.enum(['pass', 'fail', 'unknown']), scannedAt: z.string() }).nullable(),
    }),
  ),
  next: z.string().nullable(),
});

/** What `plimsoll serve` knows of images. */
export class VerdictClient {
  readonly #server: URL;
  readonly #token: string;
  readonly #dispatcher = new EnvHttpProxyAgent({ connect: { timeout: 15_000 } });

  /** `token`: of a viewer. */
  constructor(server: URL, token: string) {
    this.#server = server;
    this.#token = token;
  }

  /** The newest verdict of every image that has one; of one that is refused, the rule too. Raises DOWNLOAD_FAILED. */
  async all(): Promise<CachedVerdict[]> {
    const verdicts: CachedVerdict[] = [];
    try {
      for (let after: string | null = ''; after !== null; ) {
        const page: z.infer<typeof images> = images.parse(
          await this.#get(`/api/v1/images?limit=${PAGE}${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`),
        );
        for (const { digest, kind, verdict } of page.items) {
          // Containers are made of images; of an index each has its own row.
          if (kind === 'image' && verdict !== null) verdicts.push(...(await this.#verdict(digest)));
        }
        after = page.next;
      }
      return verdicts;
    } catch (error) {
      if (error instanceof PlimsollError) throw error;
      throw failed(this.#server, messageOf(error), error);
    } finally {
      await this.#dispatcher.close();
    }
  }

  /** The report has the digest of the config too, which some runtimes know an image by. */
  async #verdict(digest: string): Promise<CachedVerdict[]> {
    const found = report.parse(await this.#get(`/api/v1/images/${digest}/report?format=json`));
    return verdictsOfReport({ ...found, target: { ...found.target, digest } });
  }

  async #get(path: string): Promise<unknown> {
    const url = new URL(path, this.#server);
    const { statusCode, body } = await request(url, {
      dispatcher: this.#dispatcher,
      headers: { authorization: `Bearer ${this.#token}`, 'user-agent': 'plimsoll' },
      signal: AbortSignal.timeout(PATIENCE_MS) as never,
    });
    if (statusCode !== 200) {
      await body.dump();
      throw failed(this.#server, `${url.pathname} has status ${statusCode}`);
    }
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of body as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > LIMITS.policyMemoryBytes)
        throw failed(this.#server, `${url.pathname} is more than policyMemoryBytes (${LIMITS.policyMemoryBytes})`);
      pieces.push(piece);
    }
    return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  }
}

function failed(server: URL, why: string, cause?: unknown): PlimsollError {
  return new PlimsollError('DOWNLOAD_FAILED', `${server.host} did not say its verdicts: ${why}`, { cause });
}
