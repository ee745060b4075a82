import type { Feed } from './feed.ts';
import { osv } from './osv.ts';

/** Every kind of feed that a database can be built from; the first that recognises a file reads it. OSV goes last. */
export const FEEDS: readonly Feed[] = [osv];

/** The kind of one file, null where none knows it. */
export function recogniseFeed(name: string, head: string): Feed | null {
  return FEEDS.find((feed) => feed.recognises(name, head)) ?? null;
}
