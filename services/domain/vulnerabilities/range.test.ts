import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RangeEvent, VersionRange } from './advisory.ts';
import { type ComparisonMade, standingOf } from './range.ts';

const range = (...events: RangeEvent[]): VersionRange => ({ type: 'ECOSYSTEM', events });
const standing = (version: string, ranges: readonly VersionRange[], versions: readonly string[] = [], type = 'deb') =>
  standingOf(version, { ranges, versions }, type);
const state = (...args: Parameters<typeof standing>) => standing(...args).state;

describe('a range', () => {
  it.each<[string, string, RangeEvent[]]>([
    ['1', 'inside', [{ introduced: '0' }]],
    ['1', 'inside', [{ introduced: '1' }, { fixed: '2' }]],
    ['2', 'outside', [{ introduced: '1' }, { fixed: '2' }]],
    ['0.9', 'outside', [{ introduced: '1' }, { fixed: '2' }]],
    ['2', 'inside', [{ introduced: '1' }, { lastAffected: '2' }]],
    ['2.1', 'outside', [{ introduced: '1' }, { lastAffected: '2' }]],
    ['1', 'inside', [{ introduced: '1' }, { lastAffected: '1' }]],
    ['1.5', 'outside', [{ introduced: '0' }, { fixed: '1' }, { introduced: '2' }, { fixed: '3' }]],
    ['2', 'inside', [{ fixed: '3' }, { introduced: '2' }, { fixed: '1' }, { introduced: '0' }]],
    ['3', 'outside', [{ introduced: '0' }, { limit: '3' }]],
    ['4', 'inside', [{ introduced: '0' }, { limit: '3' }, { limit: '5' }]],
    ['~~', 'inside', [{ introduced: '0' }, { fixed: '1' }]],
    // fixed at the beginning of all versions: nothing was ever affected.
    ['1', 'outside', [{ introduced: '0' }, { fixed: '0' }]],
    // Ranges that touch are one; an empty one is empty.
    ['1', 'inside', [{ introduced: '0' }, { fixed: '1' }, { introduced: '1' }, { fixed: '2' }]],
    ['1', 'outside', [{ introduced: '1' }, { fixed: '1' }]],
    ['5', 'outside', [{ introduced: '1' }, { fixed: '1' }]],
  ])('%s is %s of %j', (version, expected, events) => {
    expect(state(version, [range(...events)])).toBe(expected);
  });

  it('knows the lowest fix above the version, of each range that holds it', () => {
    const events: RangeEvent[] = [{ introduced: '0' }, { fixed: '2' }, { introduced: '3' }, { fixed: '4' }];
    expect(standing('1', [range(...events)])).toEqual({ state: 'inside', fixes: ['2'] });
    expect(standing('3', [range(...events), range({ introduced: '0' }, { fixed: '9' })])).toEqual({
      state: 'inside',
      fixes: ['4', '9'],
    });
    expect(standing('1', [range({ introduced: '0' }, { lastAffected: '2' })])).toEqual({ state: 'inside', fixes: [] });
  });

  it('is the brute-force reading of OSV, whatever the order of its events', () => {
    const version = fc.integer({ min: 1, max: 9 });
    const event = fc.oneof(
      version.map((n) => ({ introduced: String(n) })),
      fc.constant({ introduced: '0' }),
      version.map((n) => ({ fixed: String(n) })),
      version.map((n) => ({ lastAffected: String(n) })),
      version.map((n) => ({ limit: String(n) })),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), version, fc.boolean(), (events, installed, reversed) => {
        const given = reversed ? events.toReversed() : events;
        expect(state(String(installed), [range(...given)]) === 'inside').toBe(modelled(events, installed));
      }),
      { numRuns: 5_000 },
    );
  });
});

/** Walks every half-step of a line of numbers: `n` itself, then what lies just behind it. */
function modelled(events: readonly RangeEvent[], installed: number): boolean {
  const limits = events.flatMap((event) => ('limit' in event ? [Number(event.limit)] : []));
  if (limits.length > 0 && !limits.some((limit) => installed < limit)) return false;
  let inside = false;
  for (let place = 0; place <= installed; place += 0.5) {
    const begins = events.some((event) => 'introduced' in event && Number(event.introduced) === place);
    const ends = events.some(
      (event) =>
        ('fixed' in event && Number(event.fixed) === place) ||
        ('lastAffected' in event && Number(event.lastAffected) + 0.5 === place),
    );
    if (begins !== ends) inside = begins;
  }
  return inside;
}

describe('what does not compare', () => {
  const upTo = (fixed: string) => range({ introduced: '0' }, { fixed });
  it('is unknown with its reason, never outside', () => {
    expect(standing('(devel)', [upTo('1.2.3')], [], 'golang')).toEqual({
      state: 'unknown',
      reason: '"(devel)" and "1.2.3" do not compare in the order go',
    });
    expect(state('1.0', [upTo('a git hash')], [], 'pypi')).toBe('unknown');
  });

  it('yields to a range or a listed version that does hold it', () => {
    expect(state('1.0', [upTo('what'), upTo('2.0')], [], 'pypi')).toBe('inside');
    expect(state('1.0', [upTo('what')], ['1.0.0'], 'pypi')).toBe('inside');
    expect(state('1.0', [upTo('what'), upTo('0.5')], ['0.1'], 'pypi')).toBe('unknown');
  });

  it('is every version of a type without an order', () => {
    expect(state('1', [upTo('2')], [], 'hackage')).toBe('unknown');
    expect(state('1', [], ['1'], 'hackage')).toBe('inside');
    expect(state('1.0.0', [{ ...upTo('2.0.0'), type: 'SEMVER' }], [], 'hackage')).toBe('inside');
  });
});

it('a listed version is the installed one where it is equal in the order', () => {
  expect(state('1.0', [], ['1.0.0'], 'pypi')).toBe('inside');
  expect(state('1.0', [], ['1.0.1', 'garbage'], 'pypi')).toBe('outside');
});

it('an entry that names no versions is for all', () => {
  expect(standing('anything', [])).toEqual({ state: 'inside', fixes: [] });
});

it('SEMVER is SemVer whatever the type; Go has an order of its own for it', () => {
  const semver: VersionRange = { type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.22.0-rc.1' }] };
  expect(state('1.22rc1', [semver], [], 'golang')).toBe('outside');
  expect(state('1.22.0-beta', [semver], [], 'npm')).toBe('inside');
});

it('compares what is read in the place of a version, and tells of that', () => {
  const fixed = range({ introduced: '0' }, { fixed: '4:5.26.3-1' });
  const made: ComparisonMade[] = [];
  const readAs = (version: string) => version.replace(/^\d+:/, '');
  const entry = { ranges: [fixed], versions: ['4:5.26.3-0'] };
  const reading = { readAs, onComparison: (each: ComparisonMade) => made.push(each) };
  expect(standingOf('5.26.3-1', entry, 'rpm', reading).state).toBe('outside');
  expect(made.at(-1)).toMatchObject({ installed: '5.26.3-1', stated: '5.26.3-1', result: 0 });
  expect(standingOf('5.26.3-0', entry, 'rpm', { readAs })).toEqual({ state: 'inside', fixes: ['4:5.26.3-1'] });
  expect(standingOf('5.26.3-0', { ...entry, ranges: [] }, 'rpm', { readAs }).state).toBe('inside');
  expect(standingOf('5.26.3-1', entry, 'rpm').state).toBe('inside');
});

it('tells of every comparison', () => {
  const made: ComparisonMade[] = [];
  standingOf('1.0', { ranges: [range({ introduced: '0' }, { fixed: '2' })], versions: [] }, 'deb', {
    onComparison: (comparison) => made.push(comparison),
  });
  expect(made).toEqual([
    { event: 'introduced', installed: '1.0', stated: '0', order: 'dpkg', result: 1 },
    { event: 'fixed', installed: '1.0', stated: '2', order: 'dpkg', result: -1 },
  ]);
});

const versions = fc.constantFrom('0', '1', '1.0', '1.5', '2', '2~rc1', '1:0', 'no version', '');
const events = fc.array(
  fc.tuple(fc.constantFrom('introduced', 'fixed', 'lastAffected', 'limit'), versions).map(([kind, at]) => {
    return { [kind]: at } as unknown as RangeEvent;
  }),
  { maxLength: 3 },
);

it('is the same whether anybody listens or not', () => {
  const types = fc.constantFrom('deb', 'rpm', 'pypi', 'unheard-of');
  fc.assert(
    fc.property(versions, fc.array(events, { maxLength: 2 }), types, (version, lists, type) => {
      const entry = { ranges: lists.map((list) => range({ introduced: '0' }, ...list)), versions: [] };
      const heard = standingOf(version, entry, type, { onComparison: () => {} });
      expect(standingOf(version, entry, type)).toEqual(heard);
    }),
  );
});
