import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import { messageOf } from '../../domain/errors.ts';
import { JOB_KINDS, type Job, type JobKind, type JobQueue } from '../../pipeline/job-ports.ts';
import { connectQueue, type QueueConnection, type QueuePlace } from './queue-connection.ts';

/** Handles one pointer to a job; whatever becomes of the job stands in the store, so that this only raises for faults. */
export type PointerHandler = (jobId: string) => Promise<void>;

/** What a pointer says: the id of a row, and nothing else. */
interface Pointer {
  readonly id: string;
}

/** How long a worker may be silent before BullMQ hands its pointer to another. The store has its own, longer, measure. */
const LOCK_MS = 30_000;
const RESTART_MS = 1_000;

/**
 * BullMQ as an alarm clock: an entry is the id of a job that stands in the store, and is gone when it was handled. Losing the
 * whole queue loses nothing, and an entry too many finds its job done.
 */
export class BullQueue implements JobQueue {
  readonly #backend: QueueConnection;
  readonly #onError: (message: string) => void;
  readonly #queues: ReadonlyMap<JobKind, Queue<Pointer>>;
  readonly #workers: Worker<Pointer>[] = [];

  private constructor(backend: QueueConnection, onError: (message: string) => void) {
    this.#backend = backend;
    this.#onError = onError;
    const { connection, factory } = backend;
    const queueOf = (kind: JobKind): Queue<Pointer> => {
      const queue = new Queue<Pointer>(nameOf(kind), { connection } as never, factory as never);
      queue.on('error', (error) => onError(messageOf(error)));
      return queue;
    };
    this.#queues = new Map(JOB_KINDS.map((kind) => [kind, queueOf(kind)]));
  }

  /** Raises QUEUE_UNUSABLE. */
  static async open(place: QueuePlace, onError: (message: string) => void): Promise<BullQueue> {
    return new BullQueue(await connectQueue(place, onError), onError);
  }

  async announce(jobs: readonly Job[]): Promise<void> {
    for (const [kind, ofKind] of Map.groupBy(jobs, (job) => job.kind)) {
      const entries = ofKind.map(({ id, attempts, priority, runAfter }) => ({
        name: kind,
        data: { id },
        opts: {
          // One entry for each attempt: what is announced again while it waits is not there twice.
          jobId: `${id}-${attempts}`,
          priority,
          delay: Math.max(0, Date.parse(runAfter) - Date.now()),
          removeOnComplete: true,
          removeOnFail: true,
        },
      }));
      await this.#queues.get(kind)!.addBulk(entries);
    }
  }

  /** Handles entries of one kind, so many at once, until `drain`. Resolves once it listens. */
  async consume(kind: JobKind, concurrency: number, handle: PointerHandler): Promise<void> {
    const { connection, factory } = this.#backend;
    const options = { connection, concurrency, lockDuration: LOCK_MS, maxStalledCount: 1, autorun: false };
    const process = async ({ data }: { readonly data: Pointer }): Promise<void> => await handle(data.id);
    const worker = new Worker<Pointer>(nameOf(kind), process as never, options as never, factory as never);
    worker.on('error', (error) => this.#onError(messageOf(error)));
    this.#workers.push(worker);
    await worker.waitUntilReady();
    void this.#run(worker);
  }

  /** A worker whose backend breaks at a bad moment gives up; the queue outlives that. */
  async #run(worker: Worker<Pointer>): Promise<void> {
    while (worker.closing === undefined) {
      await worker.run().catch((error) => this.#onError(messageOf(error)));
      if (worker.closing === undefined) await sleep(RESTART_MS);
    }
  }

  /** Entries that wait, by kind. Raises where the queue does not answer. */
  async depth(): Promise<Readonly<Record<JobKind, number>>> {
    const counts = await Promise.all(
      JOB_KINDS.map(async (kind) => {
        const found = await this.#queues.get(kind)!.getJobCounts('waiting', 'prioritized', 'delayed', 'active');
        return [kind, Object.values(found).reduce((sum, count) => sum + count, 0)] as const;
      }),
    );
    return Object.fromEntries(counts) as Record<JobKind, number>;
  }

  /** Takes no more entries, and waits for those that are being handled. */
  async drain(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }

  async close(): Promise<void> {
    await this.drain();
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
    await this.#backend.end();
  }
}

function nameOf(kind: JobKind): string {
  return `plimsoll-${kind}`;
}
