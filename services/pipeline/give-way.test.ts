import { expect, it } from 'vitest';
import { giveWay } from './give-way.ts';
import { type Job, PRIORITIES } from './job-ports.ts';

const NOW = Date.parse('2026-05-05T12:00:00Z');

/** How long it waits where `waiting` says what waits after so many milliseconds. */
async function waited(waiting: (ms: number) => readonly Pick<Job, 'priority' | 'runAfter'>[], signal?: AbortSignal) {
  let clock = NOW;
  await giveWay(signal ?? new AbortController().signal, {
    jobs: { waiting: async () => waiting(clock - NOW) as readonly Job[] },
    now: () => clock,
    sleep: async (ms) => {
      clock += ms;
    },
  });
  return clock - NOW;
}

const scan = (priority: number = PRIORITIES.push, delayMs = 0) => {
  return { priority, runAfter: new Date(NOW + delayMs).toISOString() };
};

it('goes on at once where nothing more urgent waits', async () => {
  expect(await waited(() => [])).toBe(0);
  expect(await waited(() => [scan(PRIORITIES.rescan), scan(PRIORITIES.sweep)])).toBe(0);
});

it('does not wait for what is to be tried again later', async () => {
  expect(await waited(() => [scan(PRIORITIES.push, 60_000)])).toBe(0);
});

it('waits until scans that wait have begun', async () => {
  expect(await waited((ms) => (ms < 1_000 ? [scan()] : []))).toBe(1_000);
});

it('waits no longer than it has patience, nor once it is stopped', async () => {
  expect(await waited(() => [scan()])).toBe(5_000);
  expect(await waited(() => [scan()], AbortSignal.abort())).toBe(0);
});
