import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { type ErrorCode, messageOf, PlimsollError } from '../../domain/errors.ts';
import { FactsBudget } from '../../domain/layers/facts.ts';
import type { Limits } from '../../domain/limits.ts';
import type {
  BlobSource,
  FetchedLocation,
  LayerJob,
  LayerReader,
  LayerReading,
  ProgressSink,
  ReadOptions,
} from '../../pipeline/ports.ts';
import type { LayerMessage, LayerTask } from './protocol.ts';
import { sendStream } from './stream-port.ts';

/** Heap of one layer thread: what a hostile layer makes grow ends that thread, not the process. */
const THREAD_HEAP_MB = 1_024;
/** Entries die young: a bigger nursery only holds more of them at once. */
const THREAD_NURSERY_MB = 24;

/** Layers that are fetched at once where the machine has fewer cores: networks are slower than they. */
const FETCHES = 2;
/** What is wrong with a layer that a registry sends is a gap; whatever else a registry does leaves nothing to report. */
const LAYER_FLAWS: readonly ErrorCode[] = ['BLOB_MISSING', 'DIGEST_MISMATCH', 'LIMIT_EXCEEDED'];

export interface LayerThreadsOptions {
  /** Has the bytes of layers that lie in registries; null where no layer does. */
  readonly blobs?: BlobSource | null;
  readonly heapMb?: number;
}

/**
 * Reads layers in worker threads, one layer each, as many as there are cores. Layers of registries are fetched here.
 * Threads wait for the next call, and hold no process open: starting one costs more than reading a small layer, and V8
 * sometimes crashes where threads start while others are terminated (nodejs/node#56312).
 */
export class LayerThreads implements LayerReader {
  readonly #script: URL;
  readonly #waiting = new Set<Worker>();
  readonly #blobs: BlobSource | null;
  readonly #heapMb: number;

  /** `script`: the module that each thread runs. */
  constructor(script: URL, { blobs = null, heapMb = THREAD_HEAP_MB }: LayerThreadsOptions = {}) {
    this.#script = script;
    this.#blobs = blobs;
    this.#heapMb = heapMb;
  }

  async read(jobs: readonly LayerJob[], options: ReadOptions): Promise<readonly LayerReading[]> {
    if (jobs.length === 0) return [];
    options.signal.throwIfAborted();
    // Builders repeat layers (empty ones): the same bytes are read once.
    const layersOf = new Map<string, number[]>();
    for (const { layer, ...same } of jobs) {
      const key = JSON.stringify(same);
      layersOf.set(key, [...(layersOf.get(key) ?? []), layer]);
    }
    const repeated = [...layersOf.values()];
    const distinct = repeated.map(([first]) => jobs.find(({ layer }) => layer === first)!);
    const onProgress: ProgressSink = (progress) => {
      for (const layer of repeated.find(([first]) => first === progress.layer) ?? []) {
        options.onProgress({ ...progress, layer, layers: jobs.length });
      }
    };
    const held = new HeldFacts(options.limits);
    const readings = await new ReadRun(distinct, { ...options, onProgress }, held, this.#blobs, {
      take: () => this.#take(),
      giveBack: (thread) => this.#giveBack(thread),
    }).done();
    return jobs.map(({ layer }) => {
      const i = repeated.findIndex((layers) => layers.includes(layer));
      return repeated[i]![0] === layer ? readings[i]! : held.bounded(readings[i]!);
    });
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

  #giveBack(thread: Worker): void {
    thread.unref();
    this.#waiting.add(thread);
  }
}

/** Where a run has its threads from, and gives back those that it has no more use for and that are well. */
interface ThreadSupply {
  take(): Worker;
  giveBack(thread: Worker): void;
}

/** What all layers say is held together: of a layer that is too much for that, nothing is. */
class HeldFacts {
  readonly #budget: FactsBudget;
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#budget = new FactsBudget(limits);
    this.#limits = limits;
  }

  bounded(reading: LayerReading): LayerReading {
    const limit = this.#budget.take(reading.parts);
    if (limit === null) return reading;
    const message = `what was found in the layers takes more than ${this.#limits[limit]} bytes (${limit}); this one was left out`;
    return { parts: new Map(), digest: reading.digest, failure: { code: 'limit-reached', message } };
  }
}

/** Jobs that one pass serves: layers inside the same compressed archive. */
function tasksOf(jobs: readonly LayerJob[]): number[][] {
  const tasks = new Map<string, number[]>();
  for (const [i, { location }] of jobs.entries()) {
    const shared = location.kind === 'file' && location.compression !== 'none' ? location.path : String(i);
    tasks.set(shared, [...(tasks.get(shared) ?? []), i]);
  }
  const bytes = (task: number[]): number => task.reduce((sum, i) => sum + sizeOf(jobs[i]!), 0);
  // The largest first: the last one to finish decides how long it takes.
  return [...tasks.values()].sort((a, b) => bytes(b) - bytes(a));
}

function sizeOf({ location }: LayerJob): number {
  return location.kind === 'directory' ? 0 : location.size;
}

type Failure = NonNullable<LayerReading['failure']>;

/** One call of `read`. */
class ReadRun {
  readonly #jobs: readonly LayerJob[];
  readonly #options: ReadOptions;
  readonly #held: HeldFacts;
  readonly #blobs: BlobSource | null;
  readonly #supply: ThreadSupply;
  readonly #tasks: number[][];
  readonly #readings: LayerReading[] = [];
  readonly #threads = new Set<Worker>();
  #bytes = 0;

  constructor(
    jobs: readonly LayerJob[],
    options: ReadOptions,
    held: HeldFacts,
    blobs: BlobSource | null,
    supply: ThreadSupply,
  ) {
    this.#jobs = jobs;
    this.#options = options;
    this.#held = held;
    this.#blobs = blobs;
    this.#supply = supply;
    this.#tasks = tasksOf(jobs);
  }

  async done(): Promise<readonly LayerReading[]> {
    const { signal } = this.#options;
    const isFetched = this.#jobs.some(({ location }) => location.kind === 'fetched');
    const most = isFetched ? Math.max(FETCHES, availableParallelism()) : availableParallelism();
    const threads = Math.min(most, this.#tasks.length);
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([Promise.all(Array.from({ length: threads }, () => this.#serve())), aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
      // A thread that ends must not make its server take the next task.
      this.#tasks.length = 0;
      await Promise.all([...this.#threads].map((thread) => this.#stop(thread)));
    }
    return this.#readings;
  }

  /** Takes task after task with one thread; a thread that died or ran out of time is replaced. */
  async #serve(): Promise<void> {
    let thread: Worker | null = null;
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
      if (this.#bytes > this.#options.limits.imageBytes) {
        this.#give(task, this.#tooMuch('this one was not read'));
        continue;
      }
      thread ??= this.#take();
      if (!(await this.#run(thread, task))) thread = null;
    }
    // A thread that was stopped meanwhile, as the call was, is no more among them.
    if (thread !== null && this.#threads.delete(thread)) this.#supply.giveBack(thread);
  }

  #take(): Worker {
    const thread = this.#supply.take();
    this.#threads.add(thread);
    return thread;
  }

  async #stop(thread: Worker): Promise<void> {
    this.#threads.delete(thread);
    await thread.terminate();
  }

  /** Resolves to false where the thread is of no more use. */
  async #run(thread: Worker, indices: readonly number[]): Promise<boolean> {
    const { limits, skipDirs, skipFiles } = this.#options;
    const pending = new Set(indices);
    const { promise: finished, resolve: finish } = Promise.withResolvers<Failure | null>();
    const { location } = this.#jobs[indices[0]!]!;
    const fetching = location.kind === 'fetched' ? this.#fetch(location) : null;
    const late = `the layer took longer than ${limits.layerMs} ms to read (layerMs)`;
    // What a slow registry takes is bounded by itself.
    const patience = limits.layerMs * indices.length + (fetching === null ? 0 : limits.registryBlobMs);
    const timer = setTimeout(() => finish({ code: 'limit-reached', message: late }), patience);
    const onMessage = (message: LayerMessage): void => {
      if (message.kind === 'idle') {
        finish(null);
        return;
      }
      const index = indices[message.job]!;
      if (message.kind === 'reading') {
        pending.delete(index);
        this.#bytes += message.bytes;
        const { parts, digest } = message;
        const isTooMuch = this.#bytes > limits.imageBytes;
        const failure = message.failure ?? (isTooMuch ? this.#tooMuch('this one was the last that was read') : null);
        this.#readings[index] = this.#held.bounded({ parts: new Map(parts), digest, failure });
        if (isTooMuch && pending.size > 0) finish(this.#tooMuch('this one was not read'));
      }
      this.#progress(index, message);
    };
    const broken = (why: string): void => {
      finish({ code: 'layer-unreadable', message: `the layer could not be read: its thread ${why}` });
    };
    const onError = (error: unknown): void => broken(`failed: ${messageOf(error)}`);
    const onExit = (): void => broken('ended');
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    const task: LayerTask = { jobs: indices.map((index) => this.#jobs[index]!), limits, skipDirs, skipFiles };
    if (fetching === null) thread.postMessage(task);
    else thread.postMessage({ ...task, stream: fetching.port }, [fetching.port]);
    const failure = await finished;
    clearTimeout(timer);
    thread.off('message', onMessage).off('error', onError).off('exit', onExit);
    const error = await fetching?.stop();
    if (error !== undefined && error !== null && !LAYER_FLAWS.includes(error.code)) {
      const reading = this.#readings[indices[0]!];
      if (reading !== undefined) this.#readings[indices[0]!] = { ...reading, error };
    }
    if (failure === null) return true;
    this.#give(pending, failure);
    await this.#stop(thread);
    return false;
  }

  /** Fetches a layer into a port. `stop` ends that, and answers with what went wrong before. */
  #fetch(location: FetchedLocation): { port: MessagePort; stop(): Promise<PlimsollError | null> } {
    const stopped = new AbortController();
    const signal = AbortSignal.any([stopped.signal, this.#options.signal as never]);
    const { port1, port2 } = new MessageChannel();
    if (this.#blobs === null) throw new PlimsollError('INTERNAL', 'this reader fetches no layers');
    const sent = sendStream(port1, this.#blobs.fetch(location, { ...this.#options, signal: signal as never }), signal);
    const stop = async (): Promise<PlimsollError | null> => {
      stopped.abort();
      const error = await sent;
      port1.close();
      return error?.code === 'CANCELLED' ? null : error;
    };
    return { port: port2, stop };
  }

  #tooMuch(what: string): Failure {
    const { imageBytes } = this.#options.limits;
    return {
      code: 'limit-reached',
      message: `the layers have more than ${imageBytes} bytes together (imageBytes); ${what}`,
    };
  }

  #give(indices: Iterable<number>, failure: Failure): void {
    for (const index of indices) this.#readings[index] = { parts: new Map(), digest: null, failure };
  }

  #progress(index: number, message: Exclude<LayerMessage, { kind: 'idle' }>): void {
    const job = this.#jobs[index]!;
    const totalBytes = sizeOf(job);
    const done = message.kind === 'reading';
    this.#options.onProgress({
      layer: job.layer,
      layers: this.#jobs.length,
      readBytes: done ? totalBytes : message.readBytes,
      totalBytes,
      entries: message.entries,
      state: !done ? 'reading' : message.failure === null ? 'done' : 'failed',
    });
  }
}
