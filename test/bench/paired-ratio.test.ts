import { expect, test } from 'vitest';
import { againstBudget, pairedRatio } from './paired-ratio.ts';

test('of 20 ratios the interval of the median goes from the 6th to the 15th', () => {
  const ratios = Array.from({ length: 20 }, (_, i) => 20 - i);
  expect(pairedRatio(ratios)).toEqual({ median: 10.5, low: 6, high: 15 });
  expect(pairedRatio([1, 2, 3, 4, 5, 6])).toEqual({ median: 3.5, low: 1, high: 6 });
  expect(() => pairedRatio([1, 2, 3, 4, 5])).toThrow(RangeError);
});

test('what straddles the budget is no pass', () => {
  expect(againstBudget({ median: 1, low: 0.9, high: 1.1 }, 1.1)).toBe('PASS');
  expect(againstBudget({ median: 1, low: 0.9, high: 1.2 }, 1.1)).toBe('inconclusive');
  expect(againstBudget({ median: 1.3, low: 1.2, high: 1.4 }, 1.1)).toBe('OVER');
});
