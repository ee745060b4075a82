import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { versionCorpus } from '../../../../test/support/version-corpus.ts';
import { versionLaws } from '../../../../test/support/version-laws.ts';
import { versionRows, wrongRows } from '../../../../test/support/version-rows.ts';
import { compare } from './version.ts';

const number = fc.constantFrom('0', '1', '2', '10', '007', '9007199254740993');
const word = fc.constantFrom('dev', 'alpha', 'a', 'beta', 'b', 'RC', 'rc', 'pl', 'patch', 'foo', 'x', 'stable');
const valid = fc
  .tuple(
    fc.constantFrom('', '', 'v'),
    fc.array(number, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.')),
    fc.array(fc.tuple(fc.constantFrom('.', '-', '', '+'), word, fc.oneof(number, fc.constant(''))), { maxLength: 2 }),
  )
  .map(([v, numbers, more]) => v + numbers + more.flat().join(''));

describe('the order of Composer', () => {
  test('equals our own rows', () => {
    expect(wrongRows(versionRows(join(import.meta.dirname, 'versions.txt')), compare)).toEqual([]);
  });

  test('blanks round a version do not count', () => expect(compare(' 1.0\n', '\t1.0')).toBe(0));

  test.each([
    ['1'.repeat(1 << 18), 1],
    ['1.'.repeat(1 << 17), 1],
    ['1a'.repeat(1 << 17), 1],
    ['a-'.repeat(1 << 17), -1],
    [`${' '.repeat(1 << 18)}!`, -1],
    ['', -1],
  ] as const)('long and short texts have an answer (%#)', (version, expected) => {
    expect(compare(version, '0.5')).toBe(expected);
    expect(compare(version, version)).toBe(0);
  });

  versionLaws(compare, valid);
});

versionCorpus('packagist.tsv', 60, compare);
versionCorpus('packagist.generated.tsv', 7_000, compare);
