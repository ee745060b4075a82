import { expect, test } from 'vitest';
import { LIMITS } from '../../limits.ts';
import { readList } from './file-lists.ts';

test('the limit of owned files holds over all lists of a layer, and past it is told', () => {
  const bytes = new TextEncoder().encode('/a\n/b\n');
  const budget = { limits: LIMITS, left: 3 };
  expect(readList('x.list', 'x', bytes, budget)).toMatchObject({ gaps: [], fileLists: [{ paths: ['a', 'b'] }] });
  expect(readList('y.list', 'y', bytes, budget)).toMatchObject({
    gaps: [{ code: 'limit-reached' }],
    fileLists: [{ paths: ['a'] }],
  });
});
