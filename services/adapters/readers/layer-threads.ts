import { Worker } from 'node:worker_threads';
import type { BlobSource } from '../../pipeline/image-ports.ts';
import type { LayerJob, LayerReader, LayerReading, ReadOptions } from '../../pipeline/layer-ports.ts';
import { readLayers } from './read-layers.ts';
import { ThreadLane } from './thread-lane.ts';

/** Heap of one layer thread: what a hostile layer makes grow ends that thread, not the process. */
const THREAD_HEAP_MB = 1_024;
/** Entries die young: a bigger nursery only holds more of them at once. */
const THREAD_NURSERY_MB = 24;

export interface LayerThreadsOptions {
  /** Has the bytes of layers that lie in registries; null where no layer does. */
  readonly blobs?: BlobSource | null;
  readonly heapMb?: number;
  /**
   * Threads wait for the next call, with the memory that they have, and hold no process open. For many calls: starting a thread
   * costs more than reading a small layer, and V8 sometimes crashes where threads start while others are terminated
   * (nodejs/node#56312).
   */
  readonly keepThreads?: boolean;
}

/** Reads layers in worker threads, one layer each, as many as there are cores. Layers of registries are fetched here. */
export class LayerThreads implements LayerReader {
  readonly #script: URL;
  readonly #waiting = new Set<Worker>();
  readonly #blobs: BlobSource | null;
  readonly #heapMb: number;
  readonly #keepThreads: boolean;

  /** `script`: the module that each thread runs. */
  constructor(script: URL, { blobs = null, heapMb = THREAD_HEAP_MB, keepThreads = false }: LayerThreadsOptions = {}) {
    this.#script = script;
    this.#blobs = blobs;
    this.#heapMb = heapMb;
    this.#keepThreads = keepThreads;
  }

  async read(jobs: readonly LayerJob[], options: ReadOptions): Promise<readonly LayerReading[]> {
    const done = (thread: Worker): void => this.#done(thread);
    return await readLayers(jobs, options, () => new ThreadLane(this.#take(), done, this.#blobs, options));
  }

  #take(): Worker {
    const [waiting] = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting.delete(waiting);
      waiting.ref();
      return waiting;
    }
    const resourceLimits = { maxOldGenerationSizeMb: this.#heapMb, maxYoungGenerationSizeMb: THREAD_NURSERY_MB };
    const thread = new Worker(this.#script, { resourceLimits, stdin: false });
    // One that dies while it waits is missed by nobody.
    const forget = (): void => void this.#waiting.delete(thread);
    return thread.on('error', forget).on('exit', forget);
  }

  #done(thread: Worker): void {
    if (!this.#keepThreads) {
      void thread.terminate();
      return;
    }
    thread.unref();
    this.#waiting.add(thread);
  }
}
