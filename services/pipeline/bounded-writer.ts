import { messageOf } from '../domain/errors.ts';

export interface BoundedWriterOptions<Item> {
  /** All of them or none. */
  readonly write: (items: readonly Item[]) => Promise<void>;
  /** What waits at the most; what comes then is dropped. */
  readonly limit: number;
  readonly onDropped: (count: number) => void;
  readonly onWarning: (message: string) => void;
  /** Resolves after so many milliseconds, or once aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

const BATCH = 500;
const PAUSE_MS = 50;
const RETRY_MS = 1_000;

/** Writes in the background what others must not wait for: in batches, in order, and again until it works. */
export class BoundedWriter<Item> {
  readonly #options: BoundedWriterOptions<Item>;
  readonly #over = new AbortController();
  readonly #items: Item[] = [];
  #running: Promise<void> | null = null;
  #failing = false;

  constructor(options: BoundedWriterOptions<Item>) {
    this.#options = options;
  }

  add(item: Item): void {
    if (this.#items.length >= this.#options.limit || this.#over.signal.aborted) {
      this.#options.onDropped(1);
      return;
    }
    this.#items.push(item);
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Writes what waits, and gives up where that fails once more. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#running;
    if (this.#items.length > 0) await this.#write();
    if (this.#items.length > 0) this.#options.onDropped(this.#items.splice(0).length);
  }

  async #run(): Promise<void> {
    const { sleep } = this.#options;
    const { signal } = this.#over;
    while (this.#items.length > 0) {
      // What comes at one moment is one statement.
      await sleep(PAUSE_MS, signal);
      if (await this.#write()) continue;
      if (signal.aborted) return;
      await sleep(RETRY_MS, signal);
    }
  }

  async #write(): Promise<boolean> {
    const batch = this.#items.slice(0, BATCH);
    try {
      await this.#options.write(batch);
      this.#items.splice(0, batch.length);
      this.#failing = false;
      return true;
    } catch (error) {
      if (!this.#failing) this.#options.onWarning(messageOf(error));
      this.#failing = true;
      return false;
    }
  }
}
