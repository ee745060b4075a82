import type { RangeEvent, VersionRange } from '../advisory.ts';
import { listOrEmpty, objectOrNull, textOrNull } from './foreign-json.ts';

/** The ranges of one `affected` entry; `flaw` where one of them cannot be understood, and nothing is said for less. */
export interface Ranges {
  readonly ranges: readonly VersionRange[];
  readonly flaw: string | null;
  /** An end without a version was left away, so that its range goes on: better too much than too little. */
  readonly opened: boolean;
  /** How many were GIT ranges. */
  readonly git: number;
  /** Every range says that it ends before it begins (`fixed: 0`): the vendor's way to say "not affected". */
  readonly never: boolean;
}

const KEYS = ['introduced', 'fixed', 'last_affected', 'limit'] as const;

/** OSV `affected[].ranges`. */
export function readRanges(value: unknown): Ranges {
  const ranges: VersionRange[] = [];
  let git = 0;
  let never = 0;
  let opened = false;
  const broken = (flaw: string): Ranges => ({ ranges: [], flaw, opened, git, never: false });
  if (value !== undefined && value !== null && !Array.isArray(value)) return broken('ranges are no list');
  for (const item of listOrEmpty(value)) {
    const range = objectOrNull(item);
    if (range?.type === 'GIT') {
      git++;
      continue;
    }
    const type = range?.type;
    if (type !== 'SEMVER' && type !== 'ECOSYSTEM') return broken('a range of unknown type');
    const events = readEvents(range?.events, () => {
      opened = true;
    });
    if (typeof events === 'string') return broken(events);
    if (events.some((event) => 'fixed' in event && event.fixed === '0')) never++;
    else ranges.push({ type, events });
  }
  return { ranges, flaw: null, opened, git, never: never > 0 && ranges.length === 0 };
}

/** Events as of one key each; early exports put several into one object. What is wrong, where they say nothing. */
function readEvents(value: unknown, onOpened: () => void): readonly RangeEvent[] | string {
  const events: RangeEvent[] = [];
  for (const item of listOrEmpty(value)) {
    const event = objectOrNull(item);
    if (event === null) return 'an event of a range is no object';
    let known = false;
    for (const key of KEYS) {
      if (event[key] === undefined) continue;
      const version = textOrNull(event[key]);
      known = true;
      if (version === null) {
        if (key === 'introduced') return 'a range begins at no version';
        onOpened();
        continue;
      }
      // `limit: *` is the same as no limit.
      if (key === 'last_affected') events.push({ lastAffected: version });
      else if (key === 'introduced') events.push({ introduced: version });
      else if (key === 'fixed') events.push({ fixed: version });
      else if (version !== '*') events.push({ limit: version });
    }
    if (!known) return 'an event of a range of unknown kind';
  }
  if (!events.some((event) => 'introduced' in event)) return 'a range that begins nowhere';
  return events;
}

/**
 * GitHub says "up to here, no fix" beside an unbounded range (`database_specific.last_known_affected_version_range`,
 * `<= 1.2.3` or `< 2.0`): the bound belongs to it. Left as it is where there is more than one range.
 */
export function boundedBy(ranges: readonly VersionRange[], lastKnown: unknown): readonly VersionRange[] {
  const [only] = ranges;
  const bound = /^(<=?)\s*([^\s,]+)$/.exec(textOrNull(lastKnown, 128) ?? '');
  if (only === undefined || ranges.length > 1 || bound === null) return ranges;
  if (only.events.some((event) => !('introduced' in event))) return ranges;
  const [, operator, version] = bound;
  const end: RangeEvent = operator === '<=' ? { lastAffected: version! } : { limit: version! };
  return [{ type: only.type, events: [...only.events, end] }];
}
