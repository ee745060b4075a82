import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from './version.ts';

const rows = readFileSync(new URL('./versions.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(' ') as [string, '<' | '=', string]);

describe('rpm version order', () => {
  it.each(rows)('%s %s %s', (a, sign, b) => {
    expect(compareVersions(a, b)).toBe(sign === '<' ? -1 : 0);
    expect(compareVersions(b, a)).toBe(sign === '<' ? 1 : 0);
  });

  it('has an answer for all but the empty string', () => {
    expect(compareVersions('', '1')).toBe('incomparable');
    expect(compareVersions('1', '')).toBe('incomparable');
    expect(compareVersions(':', '-')).toBe(-1);
  });
});

const part = fc.string({
  unit: fc.constantFrom('0', '1', '2', '9', '10', 'a', 'b', 'Z', '.', '_', '+', '~', '^', '-', ':', 'é'),
  maxLength: 8,
});
const version = fc
  .oneof(
    part,
    fc.tuple(fc.nat(2), part, part).map(([e, v, r]) => `${e}:${v}-${r}`),
  )
  .filter(Boolean);

describe('laws of the rpm version order', () => {
  it('is reflexive', () => {
    fc.assert(fc.property(version, (a) => compareVersions(a, a) === 0));
  });

  it('is antisymmetric', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(compareVersions(a, b)).toBe(0 - (compareVersions(b, a) as number));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is transitive', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        const sorted = [a, b, c].sort((x, y) => compareVersions(x, y) as number) as [string, string, string];
        expect(compareVersions(sorted[0], sorted[2])).toBeLessThanOrEqual(0);
        if (compareVersions(sorted[0], sorted[1]) === 0 && compareVersions(sorted[1], sorted[2]) === 0) {
          expect(compareVersions(sorted[0], sorted[2])).toBe(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('never throws, whatever the strings', () => {
    const any = fc.string({ unit: 'binary' });
    fc.assert(fc.property(any, any, (a, b) => [-1, 0, 1, 'incomparable'].includes(compareVersions(a, b))));
  });
});
