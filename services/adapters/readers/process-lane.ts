import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { LayerJob, LayerOpener, ReadOptions } from '../../pipeline/layer-ports.ts';
import { failureOf, isLayerFlaw, type Lane, type LayerNews, type TaskEnd } from './lane.ts';
import type { LayerProcess } from './layer-process.ts';

/** Reads each layer in a process of its own, one after another. */
export class ProcessLane implements Lane {
  readonly #start: () => LayerProcess;
  readonly #opener: LayerOpener;
  readonly #options: ReadOptions;
  readonly #stopped = new AbortController();
  #process: LayerProcess | null = null;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(start: () => LayerProcess, opener: LayerOpener, options: ReadOptions) {
    this.#start = start;
    this.#opener = opener;
    this.#options = options;
  }

  read(jobs: readonly LayerJob[], hear: (news: LayerNews) => void): Promise<TaskEnd> {
    const reading = this.#read(jobs, hear);
    this.#reading = reading;
    return reading;
  }

  /** Each process is gone with its layer. */
  release(): void {}

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#process?.stop();
    await this.#reading;
  }

  async #read(jobs: readonly LayerJob[], hear: (news: LayerNews) => void): Promise<TaskEnd> {
    const enough = new AbortController();
    const signal = AbortSignal.any([enough.signal, this.#stopped.signal, this.#options.signal as never]);
    let left = jobs.length;
    let error: PlimsollError | null = null;
    try {
      for await (const { job, bytes } of this.#opener.open(jobs, { ...this.#options, signal: signal as never })) {
        if (this.#stopped.signal.aborted) break;
        left -= 1;
        const place = jobs.indexOf(job);
        this.#process = this.#start();
        const end = await this.#process.read(
          job,
          bytes,
          (progress) => hear({ kind: 'progress', job: place, ...progress }),
          () => left === 0 && enough.abort(),
        );
        error = end.error;
        if (!this.#stopped.signal.aborted) hear({ ...end.reading, job: place });
      }
      return { failure: null, error: error === null || isLayerFlaw(error) ? null : error };
    } catch (cause) {
      const known = cause instanceof PlimsollError ? cause : new PlimsollError('INTERNAL', messageOf(cause), { cause });
      return { failure: failureOf(known), error: null };
    }
  }
}
