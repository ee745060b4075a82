import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';
import type { Confinement } from '../../pipeline/engine-ports.ts';
import { ProcessTree } from './process-tree.ts';

export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  /** All of it: nothing of our own environment is handed on. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

export interface CommandEnd {
  readonly stdout: Uint8Array;
  /** The end of what was said on standard error: there stands why it failed. */
  readonly stderr: string;
  /** Why the output is not to be used: it was stopped, could not be started, or ended badly. */
  readonly failure: string | null;
}

/** What all processes of one run inherit, and are known by. */
const MARK = 'PLIMSOLL_ENGINE_RUN';
const WATCH_MS = 200;
/** Of standard error, so much is handed on. */
const STDERR_BYTES = 64 * 2 ** 10;
/** Rounds of killing what goes on forking, and the time between two. */
const KILL_ROUNDS = 100;
const KILL_PAUSE_MS = 20;
const MIB = 2 ** 20;

/**
 * Runs one command to its end within the limits engineMs, engineOutputBytes, engineMemoryBytes and engineProcesses, with
 * nothing on standard input. When this returns, none of its processes is left. Never raises for what the command does.
 */
export async function runConfined(
  { program, args, environment, workingDirectory }: CommandLine,
  { prefix, isolated }: Pick<Confinement, 'prefix' | 'isolated'>,
  limits: Limits,
  signal: AbortSignal,
): Promise<CommandEnd> {
  signal.throwIfAborted();
  const [file, ...words] = [...prefix, program, ...args];
  const run = randomUUID();
  // On demand: scans without engines should not wait for it.
  const { execa } = await import('execa');
  const child = execa(file!, words, {
    env: { ...environment, [MARK]: run },
    extendEnv: false,
    cwd: workingDirectory,
    stdin: 'ignore',
    buffer: false,
    reject: false,
    detached: true,
  });
  const ended = child.then(({ failed, exitCode, signal, originalMessage }) => {
    if (!failed) return null;
    if (signal !== undefined) return `it was ended by ${signal}`;
    return exitCode === undefined ? (originalMessage ?? 'it could not be started') : `it ended with code ${exitCode}`;
  });
  if (child.pid === undefined) return { stdout: new Uint8Array(0), stderr: '', failure: await ended };

  const tree = new ProcessTree(child.pid, `${MARK}=${run}`);
  let stopped: string | null = null;
  const stop = (reason: string): void => {
    stopped ??= reason;
    tree.kill();
  };
  const output = new Collected(limits.engineOutputBytes, stop);
  const errors = new Collected(limits.engineOutputBytes, stop);
  child.stdout.on('data', (chunk: Uint8Array) => output.add(chunk));
  child.stderr.on('data', (chunk: Uint8Array) => errors.add(chunk));
  // unshare(1) waits for what it started, and is not the engine's.
  const ours = isolated ? 1 : 0;
  const watch = setInterval(() => {
    const { processes, bytes } = tree.measure();
    const { engineProcesses: most, engineMemoryBytes: memory } = limits;
    if (bytes > memory) stop(`it took more than ${memory / MIB} MiB of memory (engineMemoryBytes)`);
    if (processes - ours > most) stop(`it started more than ${most} processes (engineProcesses)`);
  }, WATCH_MS);
  const timer = setTimeout(() => {
    stop(`it ran for more than ${limits.engineMs / 1_000} s (engineMs)`);
  }, limits.engineMs);
  const onAbort = (): void => stop(messageOf(signal.reason));
  signal.addEventListener('abort', onAbort);
  try {
    const { nodeChildProcess: process } = child;
    if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
    // What it left running goes too, and with it what may hold our pipes open.
    const gone = await killAll(tree);
    const drained = await Promise.race([ended.then(() => true), sleep(KILL_PAUSE_MS * KILL_ROUNDS, false)]);
    if (!drained) {
      child.stdout.destroy();
      child.stderr.destroy();
    }
    if (!gone || !drained) stopped ??= 'it left processes behind that could not be ended';
    signal.throwIfAborted();
    const lastErrors = Buffer.from(errors.bytes().subarray(-STDERR_BYTES)).toString('utf8');
    return { stdout: output.bytes(), stderr: lastErrors, failure: stopped ?? (await ended) };
  } finally {
    signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
    clearInterval(watch);
  }
}

async function killAll(tree: ProcessTree): Promise<boolean> {
  for (let round = 0; round < KILL_ROUNDS; round++) {
    if (tree.kill()) return true;
    await sleep(KILL_PAUSE_MS);
  }
  return false;
}

/** What comes out of one stream: no more than `limit` bytes, or `tooMuch` is called. */
class Collected {
  readonly #chunks: Uint8Array[] = [];
  readonly #limit: number;
  readonly #tooMuch: (reason: string) => void;
  #length = 0;

  constructor(limit: number, tooMuch: (reason: string) => void) {
    this.#limit = limit;
    this.#tooMuch = tooMuch;
  }

  add(chunk: Uint8Array): void {
    this.#length += chunk.length;
    if (this.#length <= this.#limit) this.#chunks.push(chunk);
    else this.#tooMuch(`it wrote more than ${this.#limit} bytes (engineOutputBytes)`);
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}
