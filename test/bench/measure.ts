import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Added to an environment that holds a PATH and fresh directories, and nothing of the user's settings. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What one run of a whole process took, from before it was started until it had ended. */
export interface Measurement {
  readonly wallMs: number;
  /** From the kernel's accounting of the process, by GNU time; null where that is not installed. */
  readonly usage: { readonly userMs: number; readonly systemMs: number; readonly peakBytes: number } | null;
}

/** Runs commands one at a time in directories of their own below `directory`. */
export class Stopwatch {
  readonly hasUsage = isGnuTime();
  readonly #directory: string;
  #running: ChildProcess | null = null;

  constructor(directory: string) {
    this.#directory = directory;
    for (const name of ['home', 'tmp']) mkdirSync(join(directory, name));
  }

  /** Throws where it does not exit with 0: on the first line the last that it said, on the second the command. */
  async measure({ program, args, environment = {} }: Command): Promise<Measurement> {
    const usageFile = join(this.#directory, 'usage');
    // The peak that the kernel reports begins with that of whoever forked: time(1) is small, this process is not.
    const timed = this.hasUsage ? ['time', '--quiet', '--output', usageFile, '--format', '%U %S %M'] : [];
    const [file, ...rest] = [...timed, program, ...args] as [string, ...string[]];
    const started = performance.now();
    const child = spawn(file, rest, {
      cwd: this.#directory,
      // A process group of its own, so that stop() reaches the command behind time(1) too.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: join(this.#directory, 'home'),
        TMPDIR: join(this.#directory, 'tmp'),
        LC_ALL: 'C.UTF-8',
        ...environment,
      },
    });
    this.#running = child;
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
    const exit = await new Promise<{ status: number | string | null; wallMs: number }>((done, fail) => {
      child.on('error', fail);
      let wallMs = 0;
      child.on('exit', () => {
        wallMs = performance.now() - started;
      });
      child.on('close', (code, signal) => done({ status: code ?? signal, wallMs }));
    });
    this.#running = null;
    if (exit.status !== 0) {
      const reason = said.trim().split('\n').at(-1);
      throw new Error(`exited with ${exit.status}: ${reason}\n${[program, ...args].join(' ')}`);
    }
    return { wallMs: exit.wallMs, usage: this.hasUsage ? parseUsage(readFileSync(usageFile, 'utf8')) : null };
  }

  /** Ends what is running, if anything is. */
  stop(): void {
    if (this.#running?.pid !== undefined) process.kill(-this.#running.pid, 'SIGKILL');
  }
}

function isGnuTime(): boolean {
  const { stdout, stderr } = spawnSync('time', ['--version'], { encoding: 'utf8' });
  return `${stdout}${stderr}`.includes('GNU');
}

/** `%U %S %M`: seconds, seconds, KiB. */
function parseUsage(text: string): NonNullable<Measurement['usage']> {
  const [user, system, peak] = text.trim().split(' ').map(Number);
  return { userMs: user! * 1_000, systemMs: system! * 1_000, peakBytes: peak! * 1_024 };
}
