import { Worker } from 'node:worker_threads';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { Policy, PolicyOutcome } from '../../domain/verdict/policy.ts';
import type { PolicyInput } from '../../domain/verdict/policy-input.ts';
import type { PolicyEvaluator } from '../../pipeline/ports.ts';
import type { ThreadData, ThreadMessage } from './protocol.ts';

/** The heap of a policy thread beside its WebAssembly: the input and the answer as text. */
const THREAD_HEAP_MB = 512;

const SCRIPT = new URL(import.meta.url.endsWith('.ts') ? './policy-thread.ts' : './policy-thread.js', import.meta.url);

export interface LoadedBundle {
  readonly policy: Policy;
  readonly wasm: Uint8Array<ArrayBuffer>;
}

export interface ThreadOptions {
  /** An evaluation that takes longer is ended, and so is its thread. */
  readonly deadlineMs: number;
  readonly memoryBytes: number;
  /** Keeps a second thread started for each bundle, so that one that had to be ended is replaced at once. */
  readonly spare: boolean;
}

/** Evaluates bundles, each in a thread of its own. */
export class PolicyThreads implements PolicyEvaluator {
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
  static async start(bundles: readonly LoadedBundle[], options: ThreadOptions): Promise<PolicyThreads> {
    const threads = new PolicyThreads(bundles.map((bundle) => new Lane(bundle, options)));
    try {
      const foreign = threads.#lanes.filter(({ policy }) => !policy.builtin);
      await Promise.all(foreign.map((lane) => lane.check()));
      return threads;
    } catch (error) {
      await threads.close();
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
  readonly #options: ThreadOptions;
  #current: PolicyThread;
  #spare: PolicyThread | null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ policy, wasm }: LoadedBundle, options: ThreadOptions) {
    this.policy = policy;
    this.#wasm = wasm;
    this.#options = options;
    this.#current = this.#thread();
    this.#spare = options.spare ? this.#thread() : null;
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
    // After an abort nobody knows what the memory holds: every failure costs the thread.
    if ('failure' in answer) await this.#replace();
    return 'failure' in answer
      ? { policy: this.policy, failure: answer.failure }
      : { policy: this.policy, violations: answer.violations };
  }

  async #replace(): Promise<void> {
    const broken = this.#current;
    this.#current = this.#spare ?? this.#thread();
    this.#spare = this.#options.spare ? this.#thread() : null;
    await broken.end();
  }

  #thread(): PolicyThread {
    return new PolicyThread({ wasm: this.#wasm, memoryBytes: this.#options.memoryBytes }, this.#options.deadlineMs);
  }
}

class PolicyThread {
  readonly #worker: Worker;
  readonly #deadlineMs: number;
  readonly #started: Promise<ThreadMessage>;

  constructor(data: ThreadData, deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
    // What a policy prints is nobody's output.
    this.#worker = new Worker(SCRIPT, {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
      env: {},
      stdin: false,
      stdout: true,
      stderr: true,
    });
    // Unheard, the failure of a thread that waits would end the process.
    this.#worker.on('error', () => {});
    this.#started = this.#next();
    this.#worker.unref();
  }

  /** Why the bundle is of no use; null where it is ready. */
  async started(): Promise<string | null> {
    const message = await this.#started;
    return message.kind === 'ready' ? null : 'reason' in message ? message.reason : 'it answered before it was asked';
  }

  async ask(json: Uint8Array<ArrayBuffer>): Promise<{ violations: unknown } | { failure: string }> {
    const answer = this.#next();
    this.#worker.postMessage(json.buffer);
    const message = await answer;
    if (message.kind === 'answer') return { violations: message.violations };
    return { failure: 'reason' in message ? message.reason : 'it did not answer' };
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  /** The next message; a failure where the thread dies or takes longer than it may. */
  #next(): Promise<ThreadMessage> {
    const { promise, resolve } = Promise.withResolvers<ThreadMessage>();
    const fail = (reason: string): void => resolve({ kind: 'failed', reason });
    const late = `it took longer than ${this.#deadlineMs} ms and was ended`;
    const timer = setTimeout(() => fail(late), this.#deadlineMs);
    const onError = (error: unknown): void => fail(`its thread failed: ${messageOf(error)}`);
    const onExit = (): void => fail('its thread ended');
    this.#worker.on('message', resolve).on('error', onError).on('exit', onExit);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#worker.off('message', resolve).off('error', onError).off('exit', onExit);
    });
  }
}
