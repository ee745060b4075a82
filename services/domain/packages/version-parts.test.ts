import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDigits, compareLists, digits, numbersOf } from './version-parts.ts';

test('digits have the order of their numbers, of any size', () => {
  const number = fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 10n ** 30n }));
  const zeros = fc.constantFrom('', '0', '000');
  fc.assert(
    fc.property(number, number, zeros, zeros, (a, b, before, between) => {
      expect(compareDigits(digits(`${before}${a}`), digits(`${between}${b}`))).toBe(a === b ? 0 : a < b ? -1 : 1);
    }),
  );
});

test('nothing is zero', () => expect([digits(undefined), digits(''), digits('000')]).toEqual(['', '', '']));

test.each([
  ['1.2.0', ['1', '2']],
  ['01.0.2', ['1', '', '2']],
  ['0.0', []],
])('the numbers of %s', (release, numbers) => expect(numbersOf(release)).toEqual(numbers));

test.each([
  [['1'], ['1', ''], -1],
  [['2'], ['1', '9'], 1],
  [[], [], 0],
] as const)('%j to %j: %i', (a, b, expected) => expect(compareLists(a, b, compareDigits)).toBe(expected));
