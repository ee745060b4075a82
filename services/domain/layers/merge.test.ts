import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergeSorted } from './merge.ts';

interface Item {
  readonly value: number;
  readonly source: number;
  readonly place: number;
}

it('is a stable sort of all sources together', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat({ max: 9 }))), (lists) => {
      const sources = lists.map((list, source) =>
        list.sort((a, b) => a - b).map((value, place): Item => ({ value, source, place })),
      );
      const merged = [...mergeSorted(sources, (a, b) => a.value - b.value)];
      expect(merged).toEqual(sources.flat().sort((a, b) => a.value - b.value));
    }),
  );
});

it('takes from a source only what it needs', () => {
  let taken = 0;
  function* endless() {
    for (;;) yield taken++;
  }
  for (const value of mergeSorted([endless()], (a, b) => a - b)) if (value === 2) break;
  expect(taken).toBe(3);
});
