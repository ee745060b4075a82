import type { JobQueue, LostJobs } from './job-ports.ts';
import { SILENT_MS } from './run-job.ts';

/** Announced at once; those behind them when these are done. */
const ANNOUNCED = 1_000;

/**
 * What makes the queue disposable, done again and again by every process: jobs of workers that are gone are queued again, and
 * the queue is told of all that waits. The ids of what was recovered. Raises what store and queue raise.
 */
export async function keepJobsMoving(jobs: LostJobs, queue: JobQueue): Promise<readonly string[]> {
  const recovered = await jobs.recover(SILENT_MS);
  await queue.announce(await jobs.waiting(ANNOUNCED));
  return recovered;
}
