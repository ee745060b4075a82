import { type LostJobs, PRIORITIES } from './job-ports.ts';

export interface GiveWayDependencies {
  readonly jobs: Pick<LostJobs, 'waiting'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** How long it waits at most: where there is always something to scan, it goes on beside it. */
const PATIENCE_MS = 5_000;
const LOOK_MS = 250;
/** Jobs that are looked at, the most urgent first. */
const LOOKED_AT = 100;

/** A rescan has time: while a scan waits because all who scan are busy, the machine is theirs. Raises what the store raises. */
export async function giveWay(signal: AbortSignal, { jobs, now, sleep }: GiveWayDependencies): Promise<void> {
  for (const end = now() + PATIENCE_MS; now() < end && !signal.aborted; await sleep(LOOK_MS)) {
    const waiting = await jobs.waiting(LOOKED_AT);
    const isUrgent = waiting.some(({ priority, runAfter }) => {
      return priority < PRIORITIES.rescan && Date.parse(runAfter) <= now();
    });
    if (!isUrgent) return;
  }
}
