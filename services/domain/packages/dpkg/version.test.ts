import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { versionCorpus } from '../../../../test/support/version-corpus.ts';
import { versionLaws } from '../../../../test/support/version-laws.ts';
import { versionRows, wrongRows } from '../../../../test/support/version-rows.ts';
import { compare, epochOf } from './version.ts';

const text = (characters: string, minLength: number) => {
  return fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength: 6 });
};
const valid = fc
  .tuple(
    fc.constantFrom('', '0:', '1:', '12:'),
    fc.constantFrom('0', '1', '10', '009'),
    text('0129.+~aZ-', 0),
    text('01+~.b', 1),
  )
  .map(([epoch, start, upstream, revision]) => `${epoch}${start}${upstream}-${revision}`);

describe('the order of dpkg versions', () => {
  test('equals our own rows', () => {
    expect(wrongRows(versionRows(join(import.meta.dirname, 'versions.txt')), compare)).toEqual([]);
  });

  test.each([
    ['', '', 0],
    ['', '0', -1],
    ['', '<unknown>', 0],
    [' 1\t', '1', 0],
    ['1 2', '1', 'incomparable'],
    [' ', '1', 'incomparable'],
    ['1\0', '1', 'incomparable'],
  ] as const)('%j to %j: %s', (a, b, expected) => {
    expect(compare(a, b)).toBe(expected);
  });

  versionLaws(compare, valid);
});

versionCorpus('dpkg.tsv', 50, compare);
versionCorpus('dpkg.generated.tsv', 10_000, compare);

test.each([
  ['1:2.3-4', 1],
  ['0:1', 0],
  ['1.0', null],
  ['a:1', null],
  ['99999999999:1', null],
])('the epoch of %s is %s', (version, epoch) => expect(epochOf(version)).toBe(epoch));
