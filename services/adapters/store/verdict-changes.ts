import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { messageOf } from '../../domain/errors.ts';
import type { VerdictChanges } from '../../pipeline/admission-store-ports.ts';
import { VERDICT_CHANNEL } from './admitted-verdicts.ts';

const RETRY_MS = 1_000;
/** How often a connection that is silent is asked whether it is still there. */
const ALIVE_MS = 10_000;

/** LISTEN on a connection of its own: what is told comes with the commit, and before any poll would see it. */
export class ListenedVerdicts implements VerdictChanges {
  readonly #connection: pg.ClientConfig;
  readonly #onWarning: (message: string) => void;

  constructor(connection: pg.ClientConfig, onWarning: (message: string) => void) {
    this.#connection = connection;
    this.#onWarning = onWarning;
  }

  async watchVerdicts(onChange: (digest: string | null) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#listen(onChange, signal);
      } catch (error) {
        if (!signal.aborted) this.#onWarning(`changes of verdicts are not heard of: ${messageOf(error)}`);
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #listen(onChange: (digest: string | null) => void, signal: AbortSignal): Promise<void> {
    const client = new pg.Client({ connectionTimeoutMillis: 5_000, query_timeout: 5_000, ...this.#connection });
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => {});
    client.on('error', broken.reject);
    client.on('end', () => broken.reject(new Error('the connection ended')));
    client.on('notification', ({ payload }) => onChange(payload ?? null));
    try {
      await client.connect();
      await client.query(`listen ${VERDICT_CHANNEL}`);
      // What was said before nobody heard.
      onChange(null);
      while (!signal.aborted) {
        await Promise.race([sleep(ALIVE_MS, undefined, { signal }).catch(() => {}), broken.promise]);
        if (!signal.aborted) await Promise.race([client.query('select 1'), broken.promise]);
      }
    } finally {
      await client.end().catch(() => {});
    }
  }
}
