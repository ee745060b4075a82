import { describe, expect, test } from 'vitest';
import type { Job, JobRequest } from './job-ports.ts';
import { requestDueJobs } from './request-due-jobs.ts';

const NOW = Date.parse('2026-05-05T12:00:00Z');
const HOUR = 3_600_000;

const sweep = (registry: string) => ({ key: registry, payload: { registry }, priority: 10 });

function sweepOf(key: string, state: Job['state'], hoursAgo: number): Job {
  const at = new Date(NOW - hoursAgo * HOUR).toISOString();
  const request = { kind: 'sweep-registry', key, payload: { registry: key }, priority: 10 } as const;
  const done = { startedAt: at, finishedAt: at, result: null, error: null };
  return { ...request, id: key, state, attempts: 1, attemptsAllowed: 5, runAfter: at, createdAt: at, ...done };
}

async function requested(registries: readonly string[], before: readonly Job[]) {
  const asked: JobRequest[] = [];
  let announced = 0;
  await requestDueJobs('sweep-registry', registries.map(sweep), 6 * HOUR, {
    jobs: {
      job: async () => null,
      jobs: async (filter) => {
        expect(filter).toEqual({ kind: 'sweep-registry' });
        return { items: before, next: null };
      },
      request: async (requests) => {
        asked.push(...requests);
        return before;
      },
    },
    queue: {
      announce: async () => {
        announced += 1;
      },
    },
    now: () => NOW,
  });
  expect(announced).toBe(asked.length > 0 ? 1 : 0);
  return asked;
}

describe('a job is asked for', () => {
  test('where there was none, as it was wanted', async () => {
    expect(await requested(['a'], [])).toEqual([
      { kind: 'sweep-registry', key: 'a', payload: { registry: 'a' }, priority: 10 },
    ]);
  });
  test.each<[Job['state'], number, boolean]>([
    ['done', 5, false],
    ['done', 7, true],
    ['failed', 5, false],
    ['failed', 7, true],
    ['cancelled', 7, true],
    ['queued', 7, false],
    ['running', 7, false],
  ])('after one that is %s, asked for %d hours ago: %s', async (state, hours, expected) => {
    expect(await requested(['a'], [sweepOf('a', state, hours)])).toHaveLength(expected ? 1 : 0);
  });
  test('for each key by itself, by its newest job', async () => {
    const before = [sweepOf('a', 'done', 1), sweepOf('b', 'done', 8), sweepOf('a', 'done', 9)];
    expect((await requested(['a', 'b', 'c'], before)).map(({ key }) => key)).toEqual(['b', 'c']);
  });
});
