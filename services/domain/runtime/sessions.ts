import type { Limits } from '../limits.ts';
import type { EventProcess, ProcessKey, RuntimeEvent } from './event.ts';

interface KnownProcess {
  /** null: it was there before the sensor, and its start is not known to the nanosecond. */
  readonly startNs: bigint | null;
  readonly session: number | null;
}

/**
 * How the processes of one container came into it. Session 0 is what its runtime started; every process that entered later
 * (`runc exec`, `podman exec`, `kubectl exec`, nsenter) begins another one, and its descendants belong to it. null: it
 * was there before the sensor, there are too many to remember, or its first act was stopped.
 */
export class Sessions {
  readonly #limits: Pick<Limits, 'sessionProcesses'>;
  readonly #processes = new Map<number, KnownProcess>();
  #next: number;

  constructor(isWatchedFromStart: boolean, limits: Pick<Limits, 'sessionProcesses'>) {
    this.#limits = limits;
    this.#next = isWatchedFromStart ? 0 : 1;
  }

  /** A process that was there before the sensor. */
  addExisting(id: number): void {
    this.#remember(id, { startNs: null, session: null });
  }

  /** The session of the process that `event` tells of. Events must come in the order of time. */
  of(event: RuntimeEvent & { readonly process: EventProcess }): number | null {
    const { process } = event;
    const known = this.#find(process);
    // A denial is read before what went before it: by a process not heard of yet, which need not have entered.
    if (known === null && isStopped(event)) return null;
    const session = known === null ? this.#enter(process) : known.session;
    if (event.kind === 'fork') this.#remember(event.child.id, { startNs: event.child.startNs, session });
    if (event.kind === 'exit') this.#processes.delete(process.id);
    return session;
  }

  #find({ id, startNs }: ProcessKey): KnownProcess | null {
    const known = this.#processes.get(id);
    if (known === undefined) return null;
    return known.startNs === null || known.startNs === startNs ? known : null;
  }

  #enter({ id, startNs }: ProcessKey): number | null {
    if (this.#processes.size >= this.#limits.sessionProcesses) return null;
    const session = this.#next++;
    this.#remember(id, { startNs, session });
    return session;
  }

  #remember(id: number, process: KnownProcess): void {
    if (this.#processes.size < this.#limits.sessionProcesses || this.#processes.has(id))
      this.#processes.set(id, process);
  }
}

function isStopped({ verdict }: RuntimeEvent): boolean {
  return verdict === 'denied' || verdict === 'killed';
}
