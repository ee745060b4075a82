import { expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

it('lets a caller have so many a minute, and each caller on its own', () => {
  const limit = new RateLimit(3);
  expect([1, 2, 3].map(() => limit.take('a', 1_000))).toEqual([0, 0, 0]);
  expect(limit.take('a', 1_000)).toBe(20);
  expect(limit.take('b', 1_000)).toBe(0);
  expect(limit.take('a', 20_500)).toBe(1);
  expect(limit.take('a', 22_000)).toBe(0);
  expect(limit.take('a', 22_000)).toBeGreaterThan(0);
});

it('saves up no more than a minute, and survives a clock that goes back', () => {
  const limit = new RateLimit(2);
  limit.take('a', 0);
  expect([1, 2, 3].map(() => limit.take('a', 10_000_000) > 0)).toEqual([false, false, true]);
  expect(limit.take('a', 0)).toBeGreaterThan(0);
});
