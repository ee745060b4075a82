import { join } from 'node:path';
import fc from 'fast-check';
import semver from 'semver';
import { describe, expect, test } from 'vitest';
import { versionCorpus } from '../../../../test/support/version-corpus.ts';
import { versionLaws } from '../../../../test/support/version-laws.ts';
import { versionRows, wrongRows } from '../../../../test/support/version-rows.ts';
import { compare } from './version.ts';

const number = fc.constantFrom('0', '1', '2', '10', '007');
const identifier = fc.constantFrom('0', '1', '11', 'a', 'B', 'rc', '-', '1a', '4503599627370496');
const valid = fc
  .tuple(
    fc.constantFrom('', '', 'v', '= v'),
    fc.tuple(number, number, number).map((parts) => parts.join('.')),
    fc.array(identifier, { maxLength: 3 }).map((parts) => (parts.length === 0 ? '' : `-${parts.join('.')}`)),
    fc.constantFrom('', '+1', '+a.b'),
  )
  .map((parts) => parts.join(''));

describe('the order of npm versions', () => {
  test('equals our own rows', () => {
    expect(wrongRows(versionRows(join(import.meta.dirname, 'versions.txt')), compare)).toEqual([]);
  });

  test.each([
    ['1'.repeat(1 << 18), 1],
    ['1.'.repeat(1 << 17), 'incomparable'],
    [`1.0.0-${'1.'.repeat(1 << 17)}`, 'incomparable'],
    [`1.0.0-${'a'.repeat(1 << 18)}!`, 'incomparable'],
    [`${'v= '.repeat(1 << 17)}!`, 'incomparable'],
    [`1.0.0-${'1.'.repeat(1 << 17)}1`, 1],
    ['', 'incomparable'],
  ] as const)('long and short texts have an answer (%#)', (version, expected) => {
    expect(compare(version, '0.5.0')).toBe(expected);
  });

  test('equals that of node-semver, wherever it has one', () => {
    const loose = fc.string({ unit: fc.constantFrom(...'0123.-+abZv= '), maxLength: 12 });
    const version = fc.oneof(
      valid,
      fc.tuple(valid, loose).map(([a, more]) => a + more),
      loose,
    );
    let answers = 0;
    fc.assert(
      fc.property(version, version, (a, b) => {
        // It reads 1.2.34.5 as 1.2.3-4.5.
        if (/\d+\.\d+\.\d+\./.test(`${a} ${b}`)) return;
        const theirs = [semver.parse(a, { loose: true }), semver.parse(b, { loose: true })] as const;
        if (theirs[0] === null || theirs[1] === null) return;
        answers += 1;
        expect(compare(a, b)).toBe(theirs[0].compare(theirs[1]));
      }),
      { numRuns: 3_000 },
    );
    expect(answers).toBeGreaterThan(500);
  });

  versionLaws(compare, valid);
});

versionCorpus('semver.tsv', 50, compare);
