import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { versionCorpus } from '../../../../test/support/version-corpus.ts';
import { versionLaws } from '../../../../test/support/version-laws.ts';
import { versionRows, wrongRows } from '../../../../test/support/version-rows.ts';
import { compare } from './version.ts';

const number = fc.constantFrom('0', '1', '2', '10', '09', '010', '20240101');
const suffix = fc.constantFrom('_alpha', '_beta', '_pre', '_rc', '_rc1', '_cvs', '_svn', '_git', '_hg', '_p', '_p10');
const valid = fc
  .tuple(
    fc.array(number, { minLength: 1, maxLength: 3 }).map((numbers) => numbers.join('.')),
    fc.constantFrom('', 'a', 'b'),
    fc.array(suffix, { maxLength: 2 }).map((suffixes) => suffixes.join('')),
    fc.constantFrom('', '~0a', '~0b'),
    fc.constantFrom('', '-r0', '-r1', '-r10'),
  )
  .map((parts) => parts.join(''));

describe('the order of apk versions', () => {
  test('equals our own rows', () => {
    expect(wrongRows(versionRows(join(import.meta.dirname, 'versions.txt')), compare)).toEqual([]);
  });

  test('nothing has no order against something', () => {
    expect(compare('', '')).toBe(0);
    expect(compare('', '1')).toBe('incomparable');
  });

  versionLaws(compare, valid);
});

versionCorpus('apk.tsv', 500, compare);
versionCorpus('apk.generated.tsv', 9_000, compare);
