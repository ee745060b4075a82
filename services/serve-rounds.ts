import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from './domain/errors.ts';

/** How often lost jobs are looked for, the queue is told of all that waits, and due jobs are asked for. */
export const ROUND_MS = 10_000;

/** What is undone at the end, the last first. */
export type Undo = () => Promise<void> | void;

/** Calls now and again, one at a time, until undone. */
export function repeat(ms: number, call: () => Promise<void>, onError: (message: string) => void): Undo {
  const over = new AbortController();
  const running = (async () => {
    while (!over.signal.aborted) {
      await call().catch((error) => onError(messageOf(error)));
      await sleep(ms, undefined, { signal: over.signal }).catch(() => {});
    }
  })();
  return async () => {
    over.abort();
    await running;
  };
}
