import { expect, test } from 'vitest';
import { shrunkFeeds } from './shrunk-feeds.ts';

const feed = (ecosystem: string, records: number, source = 'osv') => {
  return { ecosystem, source, records, newest: null, fetched: null };
};

test.each([
  ['half of it', 100, 50, 0],
  ['less than half', 100, 49, 1],
  ['nothing, of a namespace that is still spoken for', 100, 0, 1],
  ['too few to tell', 99, 1, 0],
  ['more', 100, 1_000, 0],
])('a feed that has %s', (_, before, after, shrunk) => {
  expect(shrunkFeeds([feed('npm', before)], [feed('npm', after)])).toHaveLength(shrunk);
});

test('a feed that is gone shows where the namespace has another, else the namespace is without feed', () => {
  const before = [feed('Debian:12', 200), feed('Debian:12', 300, 'debian-tracker')];
  expect(shrunkFeeds(before, [feed('Debian:12', 200)])).toEqual([
    { ecosystem: 'Debian:12', source: 'debian-tracker', before: 300, after: 0 },
  ]);
  expect(shrunkFeeds(before, [feed('npm', 1)])).toEqual([]);
});
