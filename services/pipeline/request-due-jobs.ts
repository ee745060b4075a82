import type { Job, JobKind, JobQueue, JobReader, JobRequest, JobRequests } from './job-ports.ts';

export interface RequestDueDependencies {
  readonly jobs: JobReader & JobRequests;
  readonly queue: JobQueue;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Jobs that are looked back on: of more keys than this, some come more often. */
const LOOKED_BACK = 1_000;

/**
 * Asks for each of these jobs of one kind that was not asked for so long, whichever process asked for it. Called now and again by
 * every process: two that ask at one moment ask for one job. Raises what store and queue raise.
 */
export async function requestDueJobs(
  kind: JobKind,
  wanted: readonly Omit<JobRequest, 'kind'>[],
  everyMs: number,
  { jobs, queue, now }: RequestDueDependencies,
): Promise<readonly Job[]> {
  const { items } = await jobs.jobs({ kind }, { limit: LOOKED_BACK, after: null });
  const recent = new Set(items.filter((job) => isRecent(job, now() - everyMs)).map(({ key }) => key));
  const due = wanted.filter(({ key }) => !recent.has(key));
  if (due.length === 0) return [];
  const requested = await jobs.request(due.map((each) => ({ kind, ...each })));
  await queue.announce(requested);
  return requested;
}

function isRecent({ state, createdAt }: Job, since: number): boolean {
  return state === 'queued' || state === 'running' || Date.parse(createdAt) > since;
}
