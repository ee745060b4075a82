import fc from 'fast-check';
import { expect, test } from 'vitest';
import { php } from '../../services/domain/packages/php/index.ts';
import { mutated } from '../support/mutation.ts';
import { readContext } from '../support/read-context.ts';

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, null, 2));
const packages = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    name: `vendor-${i}/é`,
    version: `v${i}.0.0-RC1`,
    license: ['MIT', 'GPL-2.0+'],
    require: { php: '*', [`vendor-${i + 1}/x`]: '^1.0 || ^2.0' },
  }));
const CORPUS = [
  bytes(packages(3)),
  bytes({ packages: packages(20), dev: true, 'dev-package-names': ['vendor-2/é'] }),
  bytes({ packages: [] }),
];

test('a damaged installed.json never throws, never deceives, and is never silently lost', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(mutated(CORPUS), (file) => {
      const { units } = php.readDatabase([{ path: 'vendor/composer/installed.json', bytes: file }], readContext());
      expect(units).toHaveLength(1);
      const { packages: found, gaps } = units[0]!;
      for (const { name, version, licenses, dependsOn } of found) {
        for (const text of [name, version, ...licenses, ...dependsOn])
          expect(text).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
      }
      if (found.length === 0 && gaps.length === 0) expect(isEmptyList(file)).toBe(true);
      expect(gaps.length).toBeLessThan(100);
    }),
    { numRuns: 3_000 },
  );
});

function isEmptyList(file: Uint8Array): boolean {
  const value = JSON.parse(new TextDecoder().decode(file));
  return (Array.isArray(value) ? value : value.packages).length === 0;
}
