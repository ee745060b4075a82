import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { versionCorpus } from '../../../../test/support/version-corpus.ts';
import { versionLaws } from '../../../../test/support/version-laws.ts';
import { versionRows, wrongRows } from '../../../../test/support/version-rows.ts';
import { compare } from './version.ts';

const number = fc.constantFrom('0', '1', '2', '10', '007', '9007199254740993');
const identifier = fc.constantFrom('0', '1', '11', 'a', 'B', 'rc', '-', '1a', '4503599627370496');
const valid = fc
  .tuple(
    fc.tuple(number, number, number).map((parts) => parts.join('.')),
    fc.array(identifier, { maxLength: 3 }).map((parts) => (parts.length === 0 ? '' : `-${parts.join('.')}`)),
    fc.constantFrom('', '+1', '+a.b'),
  )
  .map((parts) => parts.join(''));

describe('the order of Cargo', () => {
  test('equals our own rows', () => {
    expect(wrongRows(versionRows(join(import.meta.dirname, 'versions.txt')), compare)).toEqual([]);
  });

  test.each([
    ['1'.repeat(1 << 18), 1],
    ['1.'.repeat(1 << 17), 'incomparable'],
    [`1.0.0-${'1.'.repeat(1 << 17)}1`, 1],
    [`1.0.0-${'-'.repeat(1 << 18)}!`, 'incomparable'],
    ['', 'incomparable'],
  ] as const)('long and short texts have an answer (%#)', (version, expected) => {
    expect(compare(version, '0.5.0')).toBe(expected);
  });

  versionLaws(compare, valid);
});

versionCorpus('semver.tsv', 50, compare);
