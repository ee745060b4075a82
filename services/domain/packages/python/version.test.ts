import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { versionCorpus } from '../../../../test/support/version-corpus.ts';
import { versionLaws } from '../../../../test/support/version-laws.ts';
import { versionRows, wrongRows } from '../../../../test/support/version-rows.ts';
import { compare } from './version.ts';

const number = fc.constantFrom('0', '1', '2', '10', '007', '9007199254740993');
const valid = fc
  .tuple(
    fc.constantFrom('', '', 'v', '1!', '0!'),
    fc.array(number, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.')),
    fc.constantFrom('', '', 'a', '-b2', '.rc1', 'C1', 'preview_1'),
    fc.constantFrom('', '', '-1', '.post', 'rev2', '_r01'),
    fc.constantFrom('', '', '.dev', 'dev1', '-DEV02'),
    fc.constantFrom('', '', '+a', '+1', '+1e5', '+a.1', '+A-01.b'),
  )
  .map((parts) => parts.join(''));

describe('the order of Python versions', () => {
  test('equals our own rows', () => {
    expect(wrongRows(versionRows(join(import.meta.dirname, 'versions.txt')), compare)).toEqual([]);
  });

  test('plain numbers are compared as those with an epoch are', () => {
    const plain = fc.array(fc.constantFrom('0', '00', '1', '01', '2', '10'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(plain, plain, (left, right) => {
        const [a, b] = [left.join('.'), right.join('.')];
        expect(compare(a, b)).toBe(compare(`0!${a}`, b));
      }),
    );
  });

  test('blanks round a version do not count', () => expect(compare(' 1.0\n', '\t1')).toBe(0));
  test('the empty text is none', () => expect(compare('', '')).toBe('incomparable'));

  test.each([
    ['1'.repeat(1 << 18), 1],
    ['1.'.repeat(1 << 17), 'incomparable'],
    [`${'0.'.repeat(1 << 17)}0`, -1],
    [`1+${'a.'.repeat(1 << 17)}a`, 1],
    [`1+${'a.'.repeat(1 << 17)}`, 'incomparable'],
    ['1a'.repeat(1 << 17), 'incomparable'],
  ] as const)('a long text has an answer (%#)', (version, expected) => {
    expect(compare(version, '0.5')).toBe(expected);
    expect(compare(version, version)).toBe(expected === 'incomparable' ? expected : 0);
  });

  versionLaws(compare, valid);
});

versionCorpus('pep440.tsv', 3_000, compare);
versionCorpus('pep440.generated.tsv', 8_000, compare);
