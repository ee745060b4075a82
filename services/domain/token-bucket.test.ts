import { expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { TokenBucket } from './token-bucket.ts';

test('refusalsLoggedPerMinute at once, then as time gives more', () => {
  const most = LIMITS.refusalsLoggedPerMinute;
  const bucket = new TokenBucket(most, 0);
  const taken = (now: number) => Array.from({ length: 2 * most }, () => bucket.take(now)).filter(Boolean).length;
  expect(taken(0)).toBe(most);
  expect(taken(60_000 / most)).toBe(1);
  expect(taken(0)).toBe(0);
  expect(taken(3_600_000)).toBe(most);
});
