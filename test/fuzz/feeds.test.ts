import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import { FEEDS } from '../../services/domain/vulnerabilities/feeds/registry.ts';
import { FEED_SAMPLES } from '../support/feed-samples.ts';
import { mutated } from '../support/mutation.ts';

test('every feed has a sample, which it recognises and reads', () => {
  expect(Object.keys(FEED_SAMPLES).sort()).toEqual(FEEDS.map(({ id }) => id).sort());
  for (const feed of FEEDS) {
    const text = FEED_SAMPLES[feed.id]!;
    expect(FEEDS.find((each) => each.recognises('sample', text))?.id).toBe(feed.id);
    const reading = feed.read(new TextEncoder().encode(text), { name: 'sample', limits: LIMITS });
    expect(reading.refusals).toEqual([]);
    expect(reading.advisories.length + (reading.enrichment?.length ?? 0) + (reading.endOfLife?.length ?? 0)).not.toBe(
      0,
    );
  }
});

test.each(FEEDS)('damaged files of $id never throw, and never leave half an advisory', (feed) => {
  const sample = new TextEncoder().encode(FEED_SAMPLES[feed.id]!);
  fc.assert(
    fc.property(mutated([sample]), (bytes) => {
      const { advisories } = feed.read(bytes, { name: 'sample', limits: LIMITS });
      for (const { id, affected } of advisories) {
        expect(id).toMatch(/^[^\s\p{Cc}]+$/u);
        for (const { ecosystem, name, ranges, versions, status } of affected) {
          expect(ecosystem).not.toBe('');
          expect(name).not.toBe('');
          // What names no version at all must say that it affects none: an entry that can match nothing would be silent.
          if (ranges.length === 0 && versions.length === 0) expect(status).toBe('not_affected');
          for (const { events } of ranges) expect(events.length).toBeGreaterThan(0);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});
