import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { StoredBytes } from '../../pipeline/image-ports.ts';
import type { LayerJob, ReadOptions } from '../../pipeline/layer-ports.ts';
import { BYTES, END, FAILED, frameHeader, jsonFrame, TASK } from './frames.ts';
import { type Failure, failureOf, type LayerNews, patience, tookTooLong } from './lane.ts';
import type { PipedTask } from './piped-task.ts';
import { type Answer, AnswerReader, AnswerRefused } from './process-answer.ts';
import { residentBytes } from './resident-bytes.ts';

const WATCH_MS = 100;
/** Of standard error, so much is looked at for why a process ended. */
const STDERR_BYTES = 16 * 2 ** 10;
const LAST_WORDS = 200;

type Reading = Extract<LayerNews, { readonly kind: 'reading' }>;

/** How far the layer's bytes were sent. */
interface Sent {
  /** `sha256:HEX` of all that there are, once they have passed and are those that the job expects. */
  digest: string | null;
  /** Why there are no more. */
  error: PlimsollError | null;
}

/** What is known of one layer in the end. */
export interface ProcessEnd {
  readonly reading: Omit<Reading, 'job'>;
  /** Why the layer's bytes ended early. */
  readonly error: PlimsollError | null;
}

/** A process that reads one layer and is then gone. Whatever it does, the worst is that its layer was not read. */
export class LayerProcess {
  readonly #child: ChildProcess;
  readonly #options: ReadOptions;
  readonly #gone: Promise<void>;
  #lastWords = '';

  /** `command`: the program and its arguments. */
  constructor(command: readonly string[], options: ReadOptions) {
    const [program, ...args] = command as readonly [string, ...string[]];
    this.#options = options;
    // In a group of its own: a signal to the group of the process (kill(2) with 0) must not be one to ours.
    this.#child = spawn(program, args, { env: {}, cwd: '/', stdio: 'pipe', detached: true });
    // Heard here too: where there are too many open files there are no pipes, and it never comes to reading.
    this.#child.on('error', () => {});
    // Without a pid there was no process, and no end of it will be heard of.
    const exists = this.#child.pid !== undefined;
    this.#gone = exists ? new Promise((resolve) => this.#child.on('exit', () => resolve())) : Promise.resolve();
    this.#child.stderr!.setEncoding('latin1').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-STDERR_BYTES);
    });
    // What becomes of the pipes is told by the end of the process.
    for (const stream of [this.#child.stdin!, this.#child.stdout!, this.#child.stderr!]) stream.on('error', () => {});
  }

  /** Never raises. `onLast` is called once nothing more is wanted of the bytes, whether they were all sent or not. */
  async read(
    job: LayerJob,
    bytes: StoredBytes,
    onProgress: (progress: { readBytes: number; entries: number }) => void,
    onLast: () => void,
  ): Promise<ProcessEnd> {
    const { limits, skipDirs, skipFiles } = this.#options;
    const child = this.#child;
    const sent: Sent = { digest: null, error: null };
    const { promise: outcome, resolve } = Promise.withResolvers<Answer | Failure>();
    const timer = setTimeout(() => resolve(tookTooLong(limits)), patience([job], limits));
    const watch = setInterval(() => {
      if (residentBytes(child.pid) > limits.layerProcessBytes) resolve(tookTooMuch(limits.layerProcessBytes));
    }, WATCH_MS);
    const broken = (why: string): void => resolve(unreadable(why));
    const reader = new AnswerReader(job, limits, onProgress);
    child.stdout!.on('data', (piece: Uint8Array) => {
      try {
        const answer = reader.push(piece);
        if (answer === null) return;
        if (answer.failure === null && sent.digest === null) broken('answered before it had all of the layer');
        else resolve(answer);
      } catch (error) {
        resolve(error instanceof AnswerRefused ? error.failure : unreadable(`was not understood: ${messageOf(error)}`));
      }
    });
    child.on('error', (error) => broken(`failed: ${messageOf(error)}`));
    // After all that it wrote was heard.
    child.on('close', (code, signal) => broken(`ended (${signal ?? `exit ${code}`})${this.#reason()}`));
    const { location } = job;
    const size = location.kind === 'directory' ? 0 : location.size;
    const task: PipedTask = { job: { ...job, location: { kind: 'streamed', size } }, limits, skipDirs, skipFiles };
    let over = false;
    const sending = send(child.stdin!, task, bytes, sent, () => over);
    const end = await outcome;
    over = true;
    clearTimeout(timer);
    clearInterval(watch);
    onLast();
    // Before what waits for the process to read is waited for.
    await this.stop();
    await sending;
    return endOf(end, sent);
  }

  /** Settles when it is gone. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone;
    for (const stream of [this.#child.stdin!, this.#child.stdout!, this.#child.stderr!]) stream.destroy();
  }

  /** The last line of standard error that is no part of a stack, in plain characters. */
  #reason(): string {
    const lines = this.#lastWords.split('\n').filter((line) => /^\S.*\s/.test(line));
    const line = lines.find((each) => /^(?:FATAL|\w*Error)\b/.test(each)) ?? lines.at(-1);
    return line === undefined ? '' : `: ${line.replace(/[^ -~]/g, '?').slice(0, LAST_WORDS)}`;
  }
}

function unreadable(why: string): Failure {
  return { code: 'layer-unreadable', message: `the layer could not be read: its process ${why}` };
}

function tookTooMuch(bytes: number): Failure {
  const message = `reading the layer took more than ${bytes} bytes of memory (layerProcessBytes)`;
  return { code: 'limit-reached', message };
}

/** What the sender knows of the bytes goes before what the process says of them. */
function endOf(end: Answer | Failure, { digest, error }: Sent): ProcessEnd {
  const nothing = { kind: 'reading', parts: [], bytes: 0, digest: null, entries: 0 } as const;
  const own = error === null ? null : failureOf(error);
  if (!('parts' in end)) return { reading: { ...nothing, failure: own ?? end }, error };
  const failure = own ?? end.failure;
  const { bytes, entries } = end;
  // Bytes that are not those the digest names say nothing about the image.
  if (failure?.code === 'layer-digest-mismatch') return { reading: { ...nothing, failure }, error };
  const parts = [...end.parts];
  return {
    reading: { kind: 'reading', parts, bytes, digest: failure === null ? digest : null, entries, failure },
    error,
  };
}

/** Sends the task, the bytes and their digest, or why they end, until it is `over` or nobody reads. Never raises. */
async function send(
  stdin: Writable,
  task: PipedTask,
  bytes: StoredBytes,
  sent: Sent,
  over: () => boolean,
): Promise<void> {
  /** Until it is written: the bytes are lent. False where nobody reads. */
  const write = (frame: Uint8Array): Promise<boolean> =>
    new Promise((resolve) => {
      stdin.write(frame, (error) => resolve(error == null));
    });
  try {
    if (!(await write(jsonFrame(TASK, task)))) return;
    for await (const chunk of bytes) {
      if (over() || !(await write(frameHeader(BYTES, chunk.length))) || !(await write(chunk))) return;
    }
    sent.digest = bytes.verify();
    await write(jsonFrame(END, { digest: sent.digest }));
  } catch (cause) {
    if (over()) return;
    sent.error = cause instanceof PlimsollError ? cause : new PlimsollError('INTERNAL', messageOf(cause), { cause });
    await write(jsonFrame(FAILED, { code: sent.error.code, message: sent.error.message }));
  }
}
