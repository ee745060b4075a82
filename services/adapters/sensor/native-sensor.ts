import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';
import { FrameReader } from '../../domain/runtime/frame-reader.ts';
import { LAYOUT } from '../../domain/runtime/layout.ts';
import {
  type PinnedState,
  pinnedState,
  type SelftestTry,
  type SensorFrame,
  type SensorPrograms,
  selftestResult,
  sensorPrograms,
} from '../../domain/runtime/sensor-frame.ts';
import type { Sensor } from '../../pipeline/runtime-ports.ts';
import { sensorProgram } from './sensor-program.ts';

export interface SensorOptions {
  /** The executable; null: the one at `builtIn`. */
  readonly path: string | null;
  readonly builtIn: string;
  /** null: nothing is to be attached. */
  readonly cgroupRoot: string | null;
  /** Where links and maps outlive the sensor; null: they end with it. */
  readonly pins: string | null;
}

/** Of standard error, so much is remembered to say why the sensor failed. */
const STDERR_CHARACTERS = 4_096;

/** `plimsoll-sensor` as a process of its own, which is root until everything is attached. */
export class NativeSensor implements Sensor {
  readonly #options: SensorOptions;
  readonly #limits: Limits;

  constructor(options: SensorOptions, limits: Limits) {
    this.#options = options;
    this.#limits = limits;
  }

  /** What this kernel takes, after a real attach of each program. SENSOR_MISSING, SENSOR_FAILED. */
  async probe(): Promise<SensorPrograms> {
    return this.#answer(sensorPrograms, 'probe', '--cgroup-root', this.#options.cgroupRoot ?? '');
  }

  /** Puts an encoded profile into the pinned maps, in the place of the one of its name. SENSOR_MISSING, SENSOR_FAILED. */
  async load(profile: Uint8Array): Promise<void> {
    await this.#command(['load', '--pins', this.#options.pins ?? ''], profile);
  }

  /** Takes off all that is pinned: nothing is watched or stopped any more. SENSOR_MISSING, SENSOR_FAILED. */
  async detach(): Promise<void> {
    await this.#command(['unpin', '--pins', this.#options.pins ?? '']);
  }

  /** What pins keep; nothing is changed. SENSOR_MISSING, SENSOR_FAILED. */
  async status(): Promise<PinnedState> {
    return this.#answer(pinnedState, 'status', '--pins', this.#options.pins ?? '');
  }

  /** Tries what the profile forbids, in a cgroup of its own that is gone afterwards. SENSOR_MISSING, SENSOR_FAILED. */
  async selftest(profile: string, withFiles: boolean): Promise<readonly SelftestTry[]> {
    const { cgroupRoot, pins } = this.#options;
    const { tries } = await this.#answer(
      selftestResult,
      'selftest',
      ...['--cgroup-root', cgroupRoot ?? '', '--pins', pins ?? '', '--profile', profile, '--mode', 'enforce'],
      ...['--file', withFiles ? 'enforce' : 'observe'],
    );
    return tries;
  }

  async *frames(signal: AbortSignal): AsyncGenerator<readonly SensorFrame[]> {
    const program = await this.program();
    const { cgroupRoot, pins } = this.#options;
    const child = spawn(
      program,
      ['run', '--cgroup-root', cgroupRoot ?? '', ...(pins === null ? [] : ['--pins', pins])],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    const ended = endOf(child);
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = `${errors}${text}`.slice(-STDERR_CHARACTERS);
    });
    // The end of its input is what it stops at; what it has seen until then still comes.
    const stop = (): void => void child.stdin.end();
    child.stdin.on('error', () => {});
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      const reader = new FrameReader(this.#limits);
      for await (const chunk of child.stdout) {
        const frames = reader.push(chunk);
        for (const frame of frames) {
          if (frame.type === 'status' && frame.status.layout !== LAYOUT.version) throw otherLayout(frame.status.layout);
        }
        if (frames.length > 0) yield frames;
      }
      const failure = await ended;
      if (failure !== null) throw failed(errors.trim() || failure);
      if (reader.unfinished > 0) throw failed('it ended within a frame');
      if (!signal.aborted) throw failed('it ended by itself');
    } finally {
      signal.removeEventListener('abort', stop);
      child.kill('SIGKILL');
      await ended;
    }
  }

  /** The answer of one command, in JSON of this shape and layout. */
  async #answer<T extends z.ZodType>(shape: T, ...args: string[]): Promise<z.infer<T>> {
    const answer = await this.#command(args);
    try {
      const parsed: unknown = JSON.parse(answer);
      const { layout } = parsed as { layout?: unknown };
      if (typeof layout === 'number' && layout !== LAYOUT.version) throw otherLayout(layout);
      return shape.parse(parsed);
    } catch (cause) {
      throw cause instanceof PlimsollError ? cause : failed(messageOf(cause));
    }
  }

  /** Runs one command to its end; what it says on standard output. */
  async #command(args: readonly string[], input?: Uint8Array): Promise<string> {
    const child = spawn(await this.program(), args, { stdio: ['pipe', 'pipe', 'pipe'] });
    // One that ends before it has read all says why by its code.
    child.stdin.on('error', () => {}).end(input);
    const [answer, errors, failure] = await Promise.all([text(child.stdout), text(child.stderr), endOf(child)]);
    if (failure !== null) throw failed(errors.trim() || failure);
    return answer;
  }

  /** The real path of the executable, checked. SENSOR_MISSING, SENSOR_FAILED. */
  program(): Promise<string> {
    const { path, builtIn } = this.#options;
    return sensorProgram(path ?? builtIn, path !== null);
  }
}

/** Why the process did not end well; null where it did. Never rejects. */
async function endOf(child: ChildProcess): Promise<string | null> {
  try {
    const [code, signal] = await once(child, 'close');
    if (code === 0) return null;
    return signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
  } catch (error) {
    return messageOf(error);
  }
}

function failed(why: string): PlimsollError {
  return new PlimsollError('SENSOR_FAILED', `The sensor failed: ${why}`);
}

function otherLayout(version: number): PlimsollError {
  return failed(
    `it is of another version (layout ${version}, not ${LAYOUT.version}); build it again with \`npm run sensor\``,
  );
}
