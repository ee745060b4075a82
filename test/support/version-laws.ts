import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Comparison } from '../../services/domain/packages/ecosystem.ts';

/** The laws of a total order over valid versions, and that no string at all makes `compare` throw. */
export function versionLaws(compare: (a: string, b: string) => Comparison, valid: fc.Arbitrary<string>): void {
  test('a version equals itself', () => {
    fc.assert(
      fc.property(valid, (a) => {
        expect(compare(a, a)).toBe(0);
      }),
    );
  });

  test('the order turns with its sides', () => {
    fc.assert(
      fc.property(valid, valid, (a, b) => {
        expect((compare(a, b) as number) + (compare(b, a) as number)).toBe(0);
      }),
    );
  });

  test('the order is transitive', () => {
    fc.assert(
      fc.property(fc.array(valid, { minLength: 3, maxLength: 6 }), (versions) => {
        const sorted = [...versions].sort((a, b) => compare(a, b) as number);
        for (let i = 0; i < sorted.length; i++) {
          for (let j = i; j < sorted.length; j++) expect(compare(sorted[i]!, sorted[j]!)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });

  test('any two strings have an answer, and it turns with its sides', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'01.-_~:+rapé \0') }),
      valid,
    );
    fc.assert(
      fc.property(text, text, (a, b) => {
        const there = compare(a, b);
        expect([-1, 0, 1, 'incomparable']).toContain(there);
        expect(compare(b, a)).toBe(typeof there === 'number' ? 0 - there : there);
      }),
      { numRuns: 500 },
    );
  });
}
