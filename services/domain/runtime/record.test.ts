import { expect, test } from 'vitest';
import { momentOf } from './record.ts';

test('moments have nanoseconds', () => {
  expect(momentOf(1_796_043_409_742_222_499n)).toBe('2026-11-30T12:56:49.742222499Z');
  expect(momentOf(0n)).toBe('1970-01-01T00:00:00.000000000Z');
});
