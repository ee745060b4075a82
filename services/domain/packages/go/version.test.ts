import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { versionCorpus } from '../../../../test/support/version-corpus.ts';
import { versionLaws } from '../../../../test/support/version-laws.ts';
import { versionRows, wrongRows } from '../../../../test/support/version-rows.ts';
import { compare } from './version.ts';

const number = fc.constantFrom('0', '1', '2', '10', '21', '22', '20240101000000');
const triple = fc.array(number, { minLength: 1, maxLength: 3 }).map((numbers) => numbers.join('.'));
const module = fc
  .tuple(
    fc.constantFrom('v', ''),
    fc.tuple(number, number, number).map((numbers) => numbers.join('.')),
    fc.constantFrom('', '-0', '-rc.1', '-rc', '-rc1', '-beta.2', '-alpha', '-0.20240101000000-abcdefabcdef'),
    fc.constantFrom('', '+incompatible', '+dirty'),
  )
  .map((parts) => parts.join(''));
const toolchain = fc
  .tuple(fc.constantFrom('go', ''), number, number, fc.constantFrom('', '.0', '.1', 'rc1', 'rc10', 'beta1', 'alpha'))
  .map(([go, major, minor, rest]) => `${go}${major}.${minor}${rest}`);

describe('the order of Go versions', () => {
  test('equals our own rows', () => {
    expect(wrongRows(versionRows(join(import.meta.dirname, 'versions.txt')), compare)).toEqual([]);
  });

  versionLaws(compare, fc.oneof(module, toolchain, triple));
});

versionCorpus('go.tsv', 500, compare);
