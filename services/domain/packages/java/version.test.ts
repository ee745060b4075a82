import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { versionCorpus } from '../../../../test/support/version-corpus.ts';
import { versionLaws } from '../../../../test/support/version-laws.ts';
import { versionRows, wrongRows } from '../../../../test/support/version-rows.ts';
import { compare } from './version.ts';

const number = fc.constantFrom('0', '1', '2', '10', '09', '20240101');
const qualifier = fc.constantFrom(
  'alpha',
  'a1',
  'beta-2',
  'b2',
  'm3',
  'rc',
  'cr1',
  'RC-10',
  'snapshot',
  'ga',
  'final',
  'sp',
  'jre',
);
const valid = fc
  .tuple(
    fc.array(number, { minLength: 1, maxLength: 4 }).map((numbers) => numbers.join('.')),
    fc.constantFrom('', '-', '.'),
    qualifier,
  )
  .map(([numbers, divider, word]) => (divider === '' ? numbers : `${numbers}${divider}${word}`));

describe('the order of Maven versions', () => {
  test('equals our own rows', () => {
    expect(wrongRows(versionRows(join(import.meta.dirname, 'versions.txt')), compare)).toEqual([]);
  });

  versionLaws(compare, valid);

  test('a version of a million parts has its place', () => {
    const long = `1${'-1'.repeat(300_000)}`;
    expect(compare(long, `${long}.1`)).toBe(-1);
    expect(compare('-'.repeat(300_000), '1')).toBe(-1);
  });
});

versionCorpus('maven.tsv', 600, compare);
versionCorpus('maven.generated.tsv', 10_000, compare);
