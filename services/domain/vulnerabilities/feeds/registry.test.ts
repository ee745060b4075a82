import { expect, test } from 'vitest';
import { FEEDS, recogniseFeed } from './registry.ts';

test('kinds have names of their own, and OSV, which takes most, is asked last', () => {
  const ids = FEEDS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.at(-1)).toBe('osv');
});

test('a file is told by its content; one that is no feed is none', () => {
  expect(recogniseFeed('all/GHSA-1.json', '{"id": "GHSA-1", "affected": []')?.id).toBe('osv');
  expect(recogniseFeed('all/GHSA-1.json', '# Read me')).toBeNull();
});
