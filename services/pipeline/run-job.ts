import { ERROR_TABLE, messageOf, PlimsollError } from '../domain/errors.ts';
import type { Job, JobError, JobLedger, JobResult } from './job-ports.ts';

/** What a handler came to: a result that is still to be stored, or one that it stored itself with the job's end. */
export type JobEnd = { readonly result: JobResult } | 'stored';

/** Does one kind of job. Raises what it cannot do; `signal` stops it. */
export type JobHandler = (job: Job, signal: AbortSignal) => Promise<JobEnd>;

export type JobOutcome = 'done' | 'failed' | 'retried' | 'lost' | 'nothing';

export interface RunJobDependencies {
  readonly ledger: JobLedger;
  /** Who runs it: unique among processes. */
  readonly worker: string;
  /** Calls again and again, so many milliseconds apart, until the returned function is called. */
  readonly every: (ms: number, call: () => void) => () => void;
  /** Aborted where the process is to end before its jobs do. */
  readonly stopped: AbortSignal;
  readonly onEnd: (job: Job, outcome: JobOutcome, error: JobError | null) => void;
}

/** A worker that says nothing for BEAT_MS × 4 counts as gone. */
const BEAT_MS = 5_000;
export const SILENT_MS = 4 * BEAT_MS;

/**
 * One attempt at one job: taken, kept alive, and ended in the store, as done, failed or to be tried again. Whoever lost the
 * job meanwhile (cancelled, or cut off for so long that another has it) stores nothing. Raises only what the store raises:
 * the job is then recovered.
 */
export async function runJob(id: string, handle: JobHandler, dependencies: RunJobDependencies): Promise<JobOutcome> {
  const { ledger, worker, every, stopped, onEnd } = dependencies;
  const job = await ledger.begin(id, worker);
  if (job === null) return 'nothing';
  const own = new AbortController();
  const rest = every(BEAT_MS, () => {
    const lose = (held: boolean): void => {
      if (!held) own.abort(new PlimsollError('CANCELLED', 'the job was cancelled, or given to another worker'));
    };
    // A store that does not answer for a moment may do so in time for the next beat.
    ledger.beat(job).then(lose, () => {});
  });
  const end = async (): Promise<readonly [JobOutcome, JobError | null]> => {
    let ended: JobEnd;
    try {
      ended = await handle(job, AbortSignal.any([own.signal, stopped]));
    } catch (thrown) {
      if (own.signal.aborted) return ['lost', null];
      const error = jobError(thrown, stopped);
      if (stopped.aborted) return [(await ledger.retry(job, error, 0)) ? 'retried' : 'lost', error];
      if (!ERROR_TABLE[error.code].retry) return [(await ledger.settle(job, { error })) ? 'failed' : 'lost', error];
      if (!(await ledger.retry(job, error, backoffMs(job.attempts)))) return ['lost', error];
      return [job.attempts >= job.attemptsAllowed ? 'failed' : 'retried', error];
    }
    if (ended === 'stored') return ['done', null];
    return [(await ledger.settle(job, ended)) ? 'done' : 'lost', null];
  };
  try {
    const [outcome, error] = await end();
    onEnd(job, outcome, error);
    return outcome;
  } finally {
    rest();
  }
}

function jobError(thrown: unknown, stopped: AbortSignal): JobError {
  if (stopped.aborted) return { code: 'CANCELLED', message: 'The worker was stopped.' };
  if (thrown instanceof PlimsollError) return { code: thrown.code, message: thrown.message };
  return { code: 'INTERNAL', message: messageOf(thrown) };
}

/** 5 s, 10 s, 20 s … 10 min. */
function backoffMs(attempts: number): number {
  return Math.min(5_000 * 2 ** (attempts - 1), 600_000);
}
