import type { FeedInfo } from './advisory.ts';

/** Feeds with fewer records come and go. */
const MIN_RECORDS = 100;
/** Of what a feed had, the part that it must still have. */
const MIN_PART = 0.5;

/** A feed that says far less than it did: of a break, or of somebody who hides vulnerabilities. */
export interface ShrunkFeed {
  readonly ecosystem: string;
  readonly source: string;
  readonly before: number;
  readonly after: number;
}

/**
 * Feeds of a database that have lost most of their records in the next one. A namespace that is gone altogether is none of
 * them: its packages are then without feed, which every report says. One whose other feeds are still there would not show.
 */
export function shrunkFeeds(before: readonly FeedInfo[], after: readonly FeedInfo[]): ShrunkFeed[] {
  const records = new Map(after.map((feed) => [`${feed.ecosystem}\0${feed.source}`, feed.records]));
  const covered = new Set(after.map(({ ecosystem }) => ecosystem));
  return before.flatMap(({ ecosystem, source, records: had }) => {
    const has = records.get(`${ecosystem}\0${source}`) ?? 0;
    const isShrunk = had >= MIN_RECORDS && has < had * MIN_PART && covered.has(ecosystem);
    return isShrunk ? { ecosystem, source, before: had, after: has } : [];
  });
}
