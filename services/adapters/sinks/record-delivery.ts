import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../domain/errors.ts';
import type { LostLines, RecordLine } from '../../domain/runtime/backlog.ts';
import type { RecordSink } from '../../pipeline/runtime-ports.ts';

/** Where lines wait for their sink: in memory, or on disk. */
export interface LineBuffer {
  readonly isEmpty: boolean;
  offer(lines: readonly RecordLine[]): void;
  peek(mostLines: number, mostBytes: number): RecordLine[];
  remove(lines: readonly RecordLine[]): void;
  takeLost(): LostLines;
}

const BATCH_LINES = 500;
const BATCH_BYTES = 1 << 20;
/** Lines of one moment go together. */
const GATHER_MS = 100;
const LEAST_WAIT_MS = 500;
const MOST_WAIT_MS = 60_000;

/**
 * Carries lines to one sink, and never holds up who offers them: a sink that fails is asked again, after twice as long each time, and
 * what waits meanwhile is the buffer's to keep or to drop.
 */
export class RecordDelivery {
  readonly name: string;
  readonly #sink: RecordSink;
  readonly #buffer: LineBuffer;
  readonly #say: (text: string) => void;
  readonly #stopping = new AbortController();
  #news: (() => void) | null = null;
  readonly #running: Promise<void>;

  /** `say`: once when the sink begins to fail, with the reason, and once when it works again. */
  constructor(sink: RecordSink, buffer: LineBuffer, say: (text: string) => void) {
    this.name = sink.name;
    this.#sink = sink;
    this.#buffer = buffer;
    this.#say = say;
    this.#running = this.#run();
  }

  offer(lines: readonly RecordLine[]): void {
    this.#buffer.offer(lines);
    this.#news?.();
  }

  takeLost(): LostLines {
    return this.#buffer.takeLost();
  }

  /** Gives what waits one more chance, for so long; whether all was taken. */
  async close(graceMs: number): Promise<boolean> {
    this.#stopping.abort();
    await this.#running;
    const patience = AbortSignal.timeout(graceMs);
    try {
      while (!this.#buffer.isEmpty) await this.#send(patience);
    } catch (error) {
      this.#say(`${this.name}: not all was taken at the end: ${messageOf(error)}`);
    }
    await this.#sink.close();
    return this.#buffer.isEmpty;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let wait = LEAST_WAIT_MS;
    let isFailing = false;
    while (!signal.aborted) {
      if (this.#buffer.isEmpty) await this.#untilOffered(signal);
      if (signal.aborted) return;
      try {
        await this.#send(signal);
        if (isFailing) this.#say(`${this.name}: works again`);
        isFailing = false;
        wait = LEAST_WAIT_MS;
        await pause(GATHER_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!isFailing) this.#say(`${this.name}: ${messageOf(error)}; tried again until it works`);
        isFailing = true;
        await pause(wait, signal);
        wait = Math.min(2 * wait, MOST_WAIT_MS);
      }
    }
  }

  async #send(signal: AbortSignal): Promise<void> {
    const lines = this.#buffer.peek(BATCH_LINES, BATCH_BYTES);
    if (lines.length === 0) return;
    await this.#sink.send(lines, signal);
    this.#buffer.remove(lines);
  }

  #untilOffered(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#news = null;
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#news = done;
      signal.addEventListener('abort', done);
    });
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
