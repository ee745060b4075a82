import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { versionCorpus } from '../../../../test/support/version-corpus.ts';
import { versionLaws } from '../../../../test/support/version-laws.ts';
import { versionRows, wrongRows } from '../../../../test/support/version-rows.ts';
import { compare } from './version.ts';

const number = fc.constantFrom('0', '1', '2', '10', '007', '9007199254740993');
const label = fc.constantFrom(
  '0',
  '1',
  '11',
  'a',
  'B',
  'rc',
  '-',
  '1a',
  '-5',
  '2147483647',
  '2147483648',
  '10000000000',
);
const valid = fc
  .tuple(
    fc.array(number, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.')),
    fc.array(label, { maxLength: 3 }).map((parts) => (parts.length === 0 ? '' : `-${parts.join('.')}`)),
    fc.constantFrom('', '', '+1', '+a.b'),
  )
  .map((parts) => parts.join(''));

describe('the order of NuGet', () => {
  test('equals our own rows', () => {
    expect(wrongRows(versionRows(join(import.meta.dirname, 'versions.txt')), compare)).toEqual([]);
  });

  test('blanks round a version do not count', () => expect(compare(' 1.0\n', '\t1')).toBe(0));
  test('the empty text is none', () => expect(compare('', '')).toBe('incomparable'));

  test.each([
    ['1'.repeat(1 << 18), 1],
    ['1.'.repeat(1 << 17), 'incomparable'],
    [`1-${'a.'.repeat(1 << 17)}a`, 1],
    [`1-${'a.'.repeat(1 << 17)}`, 'incomparable'],
    [`1-${'-'.repeat(1 << 18)}!`, 'incomparable'],
    [`${' '.repeat(1 << 18)}!`, 'incomparable'],
  ] as const)('a long text has an answer (%#)', (version, expected) => {
    expect(compare(version, '0.5')).toBe(expected);
    expect(compare(version, version)).toBe(expected === 'incomparable' ? expected : 0);
  });

  versionLaws(compare, valid);
});

versionCorpus('nuget.tsv', 20, compare);
