import type { DueJobs, Job, JobKind, JobQueue, JobRequest } from './job-ports.ts';

export interface RequestDueDependencies {
  readonly jobs: DueJobs;
  readonly queue: JobQueue;
}

/**
 * Asks for each of these jobs of one kind that is due, whichever process asked for the one before. Called now and again by
 * every process. The turn is a row of the store and not a schedule of the queue, which may be lost: a turn is taken together
 * with its job, or by another process. Raises what store and queue raise.
 */
export async function requestDueJobs(
  kind: JobKind,
  wanted: readonly Omit<JobRequest, 'kind'>[],
  everyMs: number,
  { jobs, queue }: RequestDueDependencies,
): Promise<readonly Job[]> {
  const requested = await jobs.requestDue(
    wanted.map((each) => ({ kind, ...each })),
    everyMs,
  );
  if (requested.length > 0) await queue.announce(requested);
  return requested;
}
