import { ERROR_TABLE, messageOf, PlimsollError } from '../domain/errors.ts';
import type { Job, JobError, JobKind, JobLedger, JobProgress, JobResult, RegistryRoom } from './job-ports.ts';

/** What a handler came to: a result that is still to be stored, or one that it stored itself with the job's end. */
export type JobEnd = { readonly result: JobResult } | 'stored';

/** Does one kind of job. Raises what it cannot do; `signal` stops it. */
export type JobHandler = (
  job: Job,
  signal: AbortSignal,
  onProgress: (progress: JobProgress) => void,
) => Promise<JobEnd>;

export type JobOutcome = 'done' | 'failed' | 'retried' | 'lost' | 'nothing';

export interface RunJobDependencies {
  readonly ledger: JobLedger;
  /** Who runs it: unique among processes. */
  readonly worker: string;
  readonly room: RegistryRoom;
  /** Calls again and again, so many milliseconds apart, until the returned function is called. */
  readonly every: (ms: number, call: () => void) => () => void;
  /** Aborted where the process is to end before its jobs do. */
  readonly stopped: AbortSignal;
  readonly onEnd: (job: Job, outcome: JobOutcome, error: JobError | null) => void;
}

/** How often a worker says that it goes on, and how far it is. One that says nothing for SILENT_MS counts as gone. */
const BEAT_MS = 2_000;
export const SILENT_MS = 10 * BEAT_MS;

/**
 * One attempt at one job: taken, kept alive, and ended in the store, as done, failed or to be tried again. Whoever lost the
 * job meanwhile (cancelled, or cut off for so long that another has it) stores nothing. Raises only what the store raises:
 * the job is then recovered.
 */
export async function runJob(id: string, handle: JobHandler, dependencies: RunJobDependencies): Promise<JobOutcome> {
  const { ledger, worker, room, every, stopped, onEnd } = dependencies;
  const job = await ledger.begin(id, worker, room);
  if (job === null) return 'nothing';
  const own = new AbortController();
  let progress: JobProgress | null = null;
  const onProgress = (made: JobProgress): void => {
    progress = made;
  };
  const rest = every(BEAT_MS, () => {
    const lose = (held: boolean): void => {
      if (!held) own.abort(new PlimsollError('CANCELLED', 'the job was cancelled, or given to another worker'));
    };
    // A store that does not answer for a moment may do so in time for the next beat.
    ledger.beat(job, progress).then(lose, () => {});
  });
  const end = async (): Promise<readonly [JobOutcome, JobError | null]> => {
    let ended: JobEnd;
    try {
      ended = await handle(job, AbortSignal.any([own.signal, stopped]), onProgress);
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

/**
 * The job that was announced, then whatever else of its kind may begin, until nothing may or `isLeaving`. So an entry of the queue
 * only says that there is something: one that comes while a registry has no room is made up for by whoever makes room. Raises as
 * runJob.
 */
export async function runJobs(
  kind: JobKind,
  announced: string,
  handle: JobHandler,
  isLeaving: () => boolean,
  dependencies: RunJobDependencies,
): Promise<void> {
  const { ledger, worker, room } = dependencies;
  for (let id: string | null = announced; id !== null && !isLeaving(); id = await ledger.next(kind, worker, room)) {
    await runJob(id, handle, dependencies);
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
