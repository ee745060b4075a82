import { availableParallelism } from 'node:os';
import type { LayerJob, LayerReading, ProgressSink, ReadOptions } from '../../pipeline/layer-ports.ts';
import { HeldFacts } from './held-facts.ts';
import type { Failure, Lane, LayerNews, TaskEnd } from './lane.ts';

/** Layers that are fetched at once where the machine has fewer cores: networks are slower than they. */
const FETCHES = 2;

/** Reads layers in lanes, as many as there are cores; what LayerReader.read promises. */
export async function readLayers(
  jobs: readonly LayerJob[],
  options: ReadOptions,
  openLane: () => Lane,
): Promise<readonly LayerReading[]> {
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
  const readings = await new ReadRun(distinct, { ...options, onProgress }, held, openLane).done();
  return jobs.map(({ layer }) => {
    const i = repeated.findIndex((layers) => layers.includes(layer));
    return repeated[i]![0] === layer ? readings[i]! : held.bounded(readings[i]!);
  });
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

/** One call of `readLayers`. */
class ReadRun {
  readonly #jobs: readonly LayerJob[];
  readonly #options: ReadOptions;
  readonly #held: HeldFacts;
  readonly #openLane: () => Lane;
  readonly #tasks: number[][];
  readonly #readings: LayerReading[] = [];
  readonly #lanes = new Set<Lane>();
  #bytes = 0;

  constructor(jobs: readonly LayerJob[], options: ReadOptions, held: HeldFacts, openLane: () => Lane) {
    this.#jobs = jobs;
    this.#options = options;
    this.#held = held;
    this.#openLane = openLane;
    this.#tasks = tasksOf(jobs);
  }

  async done(): Promise<readonly LayerReading[]> {
    const { signal } = this.#options;
    const isFetched = this.#jobs.some(({ location }) => location.kind === 'fetched');
    const most = isFetched ? Math.max(FETCHES, availableParallelism()) : availableParallelism();
    const lanes = Math.min(most, this.#tasks.length);
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([Promise.all(Array.from({ length: lanes }, () => this.#serve())), aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
      // A lane that ends must not make its server take the next task.
      this.#tasks.length = 0;
      await Promise.all([...this.#lanes].map((lane) => this.#close(lane)));
    }
    return this.#readings;
  }

  /** Takes task after task with one lane; one that died or ran out of time is replaced. */
  async #serve(): Promise<void> {
    let lane: Lane | null = null;
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
      if (this.#bytes > this.#options.limits.imageBytes) {
        this.#give(task, this.#tooMuch('this one was not read'));
        continue;
      }
      lane ??= this.#open();
      if (!(await this.#run(lane, task))) lane = null;
    }
    // A lane that was stopped meanwhile, as the call was, is no more among them.
    if (lane !== null && this.#lanes.delete(lane)) lane.release();
  }

  #open(): Lane {
    const lane = this.#openLane();
    this.#lanes.add(lane);
    return lane;
  }

  async #close(lane: Lane): Promise<void> {
    this.#lanes.delete(lane);
    await lane.stop();
  }

  /** Resolves to false where the lane is of no more use. */
  async #run(lane: Lane, indices: readonly number[]): Promise<boolean> {
    const { imageBytes } = this.#options.limits;
    const pending = new Set(indices);
    const enough = Promise.withResolvers<TaskEnd>();
    const hear = (news: LayerNews): void => {
      const index = indices[news.job]!;
      if (news.kind === 'reading') {
        pending.delete(index);
        this.#bytes += news.bytes;
        const { parts, digest } = news;
        const isTooMuch = this.#bytes > imageBytes;
        const failure = news.failure ?? (isTooMuch ? this.#tooMuch('this one was the last that was read') : null);
        this.#readings[index] = this.#held.bounded({ parts: new Map(parts), digest, failure });
        if (isTooMuch && pending.size > 0) {
          enough.resolve({ failure: this.#tooMuch('this one was not read'), error: null });
        }
      }
      this.#progress(index, news);
    };
    const jobs = indices.map((index) => this.#jobs[index]!);
    const { failure, error } = await Promise.race([lane.read(jobs, hear), enough.promise]);
    const reading = this.#readings[indices[0]!];
    if (error !== null && reading !== undefined) this.#readings[indices[0]!] = { ...reading, error };
    if (failure === null) return true;
    this.#give(pending, failure);
    await this.#close(lane);
    return false;
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

  #progress(index: number, news: LayerNews): void {
    const job = this.#jobs[index]!;
    const totalBytes = sizeOf(job);
    const done = news.kind === 'reading';
    this.#options.onProgress({
      layer: job.layer,
      layers: this.#jobs.length,
      readBytes: done ? totalBytes : news.readBytes,
      totalBytes,
      entries: news.entries,
      state: !done ? 'reading' : news.failure === null ? 'done' : 'failed',
    });
  }
}
