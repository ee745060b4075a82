import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { versionCorpus } from '../../../../test/support/version-corpus.ts';
import { versionLaws } from '../../../../test/support/version-laws.ts';
import { versionRows, wrongRows } from '../../../../test/support/version-rows.ts';
import { compare } from './version.ts';

const segment = fc.constantFrom('0', '0', '1', '2', '10', '007', 'a', 'B', 'rc1', '1a', 'pre', '9007199254740993');
const valid = fc
  .tuple(
    fc.constantFrom('', '', ' '),
    fc.constantFrom('0', '1', '10', '01'),
    fc.array(segment, { maxLength: 4 }).map((parts) => parts.map((part) => `.${part}`).join('')),
    fc.constantFrom('', '', '-1', '-rc.1', '-a-b', '--'),
  )
  .map((parts) => parts.join(''));

describe('the order of RubyGems', () => {
  test('equals our own rows', () => {
    expect(wrongRows(versionRows(join(import.meta.dirname, 'versions.txt')), compare)).toEqual([]);
  });

  test('blanks round a version do not count', () => expect(compare(' 1.0\n', '\t1')).toBe(0));
  test('a blank that Ruby does not know counts', () => expect(compare('\u00a01.0', '1')).toBe('incomparable'));
  test('no text is 0', () => {
    expect(compare('', '0')).toBe(0);
    expect(compare(' ', '0.a')).toBe(1);
  });

  test.each([
    ['1'.repeat(1 << 18), 1],
    ['1.'.repeat(1 << 17), 'incomparable'],
    [`${'0.'.repeat(1 << 17)}0`, -1],
    [`1-${'a.'.repeat(1 << 17)}a`, 1],
    [`${' '.repeat(1 << 18)}!`, 'incomparable'],
    [`1${'-'.repeat(1 << 18)}!`, 'incomparable'],
  ] as const)('a long text has an answer (%#)', (version, expected) => {
    expect(compare(version, '0.5')).toBe(expected);
    expect(compare(version, version)).toBe(expected === 'incomparable' ? expected : 0);
  });

  versionLaws(compare, valid);
});

versionCorpus('rubygems.tsv', 30, compare);
versionCorpus('rubygems.generated.tsv', 2_500, compare);
