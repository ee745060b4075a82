import { expect, test } from 'vitest';
import { daysBetween } from './days-between.ts';

test.each([
  ['2026-01-01', '2026-01-02', 1],
  ['2026-01-01T00:00:00Z', '2026-01-01T12:00:00Z', 0.5],
  ['2026-01-01T02:00:00+02:00', '2026-01-01', 0],
  ['2026-01-02', '2026-01-01T00:00:00.000Z', -1],
])('from %s to %s: %s', (from, to, days) => expect(daysBetween(from, to)).toBe(days));

test.each(['', 'yesterday', '2026-13-01', '2026', '2026-01-01T00:00:00', '20260101'])('no answer for "%s"', (text) => {
  expect(daysBetween(text, '2026-01-01')).toBeNull();
  expect(daysBetween('2026-01-01', text)).toBeNull();
});
