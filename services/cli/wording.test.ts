import { expect, it } from 'vitest';
import { byteCount, counted, wholeNumber } from './wording.ts';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [48_494_272, '48.5 MB'],
  [21_474_836_480, '21.5 GB'],
  [5e15, '5000.0 TB'],
])('byteCount(%i) is %s', (bytes, expected) => {
  expect(byteCount(bytes)).toBe(expected);
});

it.each([
  [0, '0'],
  [999, '999'],
  [1_000, '1,000'],
  [3_000_000, '3,000,000'],
])('wholeNumber(%i) is %s', (value, expected) => {
  expect(wholeNumber(value)).toBe(expected);
});

it('counts', () => {
  expect([0, 1, 2].map((n) => counted(n, 'layer'))).toEqual(['0 layers', '1 layer', '2 layers']);
});
