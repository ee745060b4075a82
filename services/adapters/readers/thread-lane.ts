import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { BlobSource, FetchedLocation } from '../../pipeline/image-ports.ts';
import type { LayerJob, ReadOptions } from '../../pipeline/layer-ports.ts';
import { type Failure, isLayerFlaw, type Lane, type LayerNews, patience, type TaskEnd, tookTooLong } from './lane.ts';
import { type LayerMessage, type LayerTask, told } from './protocol.ts';
import { sendStream } from './stream-port.ts';

/** A layer that is being fetched into a port. */
interface Fetching {
  readonly port: MessagePort;
  /** Ends that, and answers with what went wrong before. */
  stop(): Promise<PlimsollError | null>;
}

/** One thread, which reads task after task. */
export class ThreadLane implements Lane {
  readonly #thread: Worker;
  readonly #done: (thread: Worker) => void;
  readonly #blobs: BlobSource | null;
  readonly #options: ReadOptions;

  /** `done` takes a thread that is well and has nothing to do. */
  constructor(thread: Worker, done: (thread: Worker) => void, blobs: BlobSource | null, options: ReadOptions) {
    this.#thread = thread;
    this.#done = done;
    this.#blobs = blobs;
    this.#options = options;
  }

  async read(jobs: readonly LayerJob[], hear: (news: LayerNews) => void): Promise<TaskEnd> {
    const { limits, skipDirs, skipFiles } = this.#options;
    const thread = this.#thread;
    const { promise: finished, resolve: finish } = Promise.withResolvers<Failure | null>();
    const { location } = jobs[0]!;
    const fetching = location.kind === 'fetched' ? this.#fetch(location) : null;
    const timer = setTimeout(() => finish(tookTooLong(limits)), patience(jobs, limits));
    const onMessage = (message: LayerMessage): void => {
      if (message.kind === 'idle') finish(null);
      else hear(message);
    };
    const broken = (why: string): void => {
      finish({ code: 'layer-unreadable', message: `the layer could not be read: its thread ${why}` });
    };
    const onError = (error: unknown): void => broken(`failed: ${messageOf(error)}`);
    const onExit = (): void => broken('ended');
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    const task: LayerTask = { jobs: jobs.map(told), limits, skipDirs, skipFiles };
    if (fetching === null) thread.postMessage(task);
    else thread.postMessage({ ...task, stream: fetching.port }, [fetching.port]);
    const failure = await finished;
    clearTimeout(timer);
    thread.off('message', onMessage).off('error', onError).off('exit', onExit);
    const error = (await fetching?.stop()) ?? null;
    return { failure, error: error === null || isLayerFlaw(error) ? null : error };
  }

  release(): void {
    this.#done(this.#thread);
  }

  async stop(): Promise<void> {
    await this.#thread.terminate();
  }

  #fetch(location: FetchedLocation): Fetching {
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
}
