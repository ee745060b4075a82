import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { Policy, PolicyOutcome } from '../../domain/verdict/policy.ts';
import type { PolicyInput } from '../../domain/verdict/policy-input.ts';
import type { PolicyEvaluator } from '../../pipeline/verdict-ports.ts';
import type { ProcessMessage, ProcessTask } from './protocol.ts';

/** The heap of a policy's process beside its WebAssembly: the input and the answer as text. */
const HEAP_MB = 512;

const SCRIPT = new URL(
  import.meta.url.endsWith('.ts') ? './policy-process.ts' : './policy-process.js',
  import.meta.url,
);

export interface LoadedBundle {
  readonly policy: Policy;
  readonly wasm: Uint8Array<ArrayBuffer>;
}

export interface ProcessOptions {
  /** An evaluation that takes longer is ended, and so is its process. */
  readonly deadlineMs: number;
  readonly memoryBytes: number;
  /** Keeps a second process started for each bundle, so that one that had to be ended is replaced at once. */
  readonly spare: boolean;
}

/**
 * Evaluates bundles, each in a process of its own. Not in threads: to end a thread amid WebAssembly now and then ends the whole process (V8's fatal
 * errors and crashes are the process's), and what a policy does must never be more than that policy's failure.
 */
export class PolicyProcesses implements PolicyEvaluator {
  readonly policies: readonly Policy[];
  readonly #lanes: readonly Lane[];

  private constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes;
    this.policies = lanes.map(({ policy }) => policy);
  }

  /**
   * Starts every bundle, and checks those that Plimsoll does not come with. Raises POLICY_INVALID where one is none of ours. The built-in one
   * starts while others work; were it broken, its every evaluation would fail.
   */
  static async start(bundles: readonly LoadedBundle[], options: ProcessOptions): Promise<PolicyProcesses> {
    const processes = new PolicyProcesses(bundles.map((bundle) => new Lane(bundle, options)));
    try {
      const foreign = processes.#lanes.filter(({ policy }) => !policy.builtin);
      await Promise.all(foreign.map((lane) => lane.check()));
      return processes;
    } catch (error) {
      await processes.close();
      throw error;
    }
  }

  async evaluate(input: PolicyInput): Promise<readonly PolicyOutcome[]> {
    const json = new TextEncoder().encode(JSON.stringify(input));
    return await Promise.all(this.#lanes.map((lane) => lane.evaluate(json)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}

/** One bundle: one evaluation at a time, in the order of the calls. */
class Lane {
  readonly policy: Policy;
  readonly #wasm: Uint8Array<ArrayBuffer>;
  readonly #options: ProcessOptions;
  #current: PolicyProcess;
  #spare: PolicyProcess | null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ policy, wasm }: LoadedBundle, options: ProcessOptions) {
    this.policy = policy;
    this.#wasm = wasm;
    this.#options = options;
    this.#current = this.#process();
    this.#spare = options.spare ? this.#process() : null;
  }

  async check(): Promise<void> {
    const problem = await this.#current.started();
    if (problem === null) return;
    throw new PlimsollError(
      'POLICY_INVALID',
      `The policy ${this.policy.name} cannot be used: ${problem}. Build it with "plimsoll policy build".`,
    );
  }

  evaluate(json: Uint8Array<ArrayBuffer>): Promise<PolicyOutcome> {
    const outcome = this.#queue.then(() => this.#evaluate(json));
    this.#queue = outcome;
    return outcome;
  }

  async close(): Promise<void> {
    await Promise.all([this.#current.end(), this.#spare?.end()]);
  }

  async #evaluate(json: Uint8Array<ArrayBuffer>): Promise<PolicyOutcome> {
    const problem = await this.#current.started();
    const answer = problem === null ? await this.#current.ask(json) : { failure: problem, usable: false };
    // After an abort nobody knows what the memory holds: every failure costs the process.
    if ('failure' in answer) await this.#replace();
    return 'failure' in answer
      ? { policy: this.policy, failure: answer.failure }
      : { policy: this.policy, violations: answer.violations };
  }

  async #replace(): Promise<void> {
    const broken = this.#current;
    this.#current = this.#spare ?? this.#process();
    this.#spare = this.#options.spare ? this.#process() : null;
    await broken.end();
  }

  #process(): PolicyProcess {
    return new PolicyProcess(this.#wasm, this.#options);
  }
}

class PolicyProcess {
  readonly #child: ChildProcess;
  readonly #deadlineMs: number;
  readonly #started: Promise<ProcessMessage>;

  constructor(wasm: Uint8Array<ArrayBuffer>, { memoryBytes, deadlineMs }: ProcessOptions) {
    this.#deadlineMs = deadlineMs;
    this.#child = fork(SCRIPT, [String(process.pid)], {
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
      env: {},
      serialization: 'advanced',
      // What a policy prints is nobody's output.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    // Unheard, the failure of a process that waits would end ours.
    this.#child.on('error', () => {});
    this.#started = this.#ask({ kind: 'load', wasm, memoryBytes });
    // One that only waits keeps nobody from ending.
    this.#child.unref();
    this.#child.channel?.unref();
  }

  /** Why the bundle is of no use; null where it is ready. */
  async started(): Promise<string | null> {
    const message = await this.#started;
    return message.kind === 'ready' ? null : 'reason' in message ? message.reason : 'it answered before it was asked';
  }

  async ask(json: Uint8Array<ArrayBuffer>): Promise<{ violations: unknown } | { failure: string }> {
    const message = await this.#ask({ kind: 'evaluate', json });
    if (message.kind === 'answer') return { violations: message.violations };
    return { failure: 'reason' in message ? message.reason : 'it did not answer' };
  }

  /** Settles when it is gone. */
  async end(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.ref();
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** Its answer; a failure where the process dies or takes longer than it may. */
  #ask(task: ProcessTask): Promise<ProcessMessage> {
    const { promise, resolve } = Promise.withResolvers<ProcessMessage>();
    const fail = (reason: string): void => resolve({ kind: 'failed', reason });
    const late = `it took longer than ${this.#deadlineMs} ms and was ended`;
    const timer = setTimeout(() => fail(late), this.#deadlineMs);
    const onError = (error: unknown): void => fail(`its process failed: ${messageOf(error)}`);
    const onExit = (code: number | null, signal: string | null): void =>
      fail(`its process ended (${signal ?? `exit ${code}`})`);
    this.#child.on('message', resolve).on('error', onError).on('exit', onExit);
    this.#child.send(task, (error) => error !== null && onError(error));
    return promise.finally(() => {
      clearTimeout(timer);
      this.#child.off('message', resolve).off('error', onError).off('exit', onExit);
    });
  }
}
