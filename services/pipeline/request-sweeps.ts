import type { Job, JobQueue, JobReader, JobRequests } from './store-ports.ts';
import { PRIORITIES } from './store-ports.ts';

export interface RequestSweepsDependencies {
  readonly jobs: JobReader & JobRequests;
  readonly queue: JobQueue;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Sweeps that are looked back on: of more registries than this, some are swept more often. */
const LOOKED_BACK = 1_000;

/**
 * Asks for a sweep of each registry that had none for so long, whichever process asked for it. Called now and again by every
 * process: two that ask at one moment ask for one job. Raises what store and queue raise.
 */
export async function requestSweeps(
  registries: Iterable<string>,
  everyMs: number,
  { jobs, queue, now }: RequestSweepsDependencies,
): Promise<readonly Job[]> {
  const { items } = await jobs.jobs({ kind: 'sweep-registry' }, { limit: LOOKED_BACK, after: null });
  const recent = new Set(items.filter((job) => isRecent(job, now() - everyMs)).map(({ key }) => key));
  const due = [...registries].filter((id) => !recent.has(id));
  if (due.length === 0) return [];
  const requested = await jobs.request(
    due.map((id) => ({ kind: 'sweep-registry', key: id, payload: { registry: id }, priority: PRIORITIES.sweep })),
  );
  await queue.announce(requested);
  return requested;
}

function isRecent({ state, createdAt }: Job, since: number): boolean {
  return state === 'queued' || state === 'running' || Date.parse(createdAt) > since;
}
