import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rust } from '../../services/domain/packages/rust/index.ts';
import { mutated } from '../support/mutation.ts';
import { extractUnit } from '../support/read-context.ts';
import { rustProgram } from '../support/rust-program.ts';

const crates = (count: number) => ({
  packages: Array.from({ length: count }, (_, i) => ({
    name: `crate-é${i}`,
    version: `1.${i}.0`,
    source: 'crates.io',
    dependencies: [i - 1],
  })),
});
const CORPUS = [
  rustProgram(crates(1), { level: 1 }),
  rustProgram(crates(20)),
  rustProgram(crates(20), { level: 0, wide: false, littleEndian: false }),
];

test('a damaged program never throws, hangs or deceives', { timeout: 60_000 }, () => {
  let found = 0;
  fc.assert(
    fc.property(mutated(CORPUS), fc.integer({ min: 50, max: 9_000 }), (bytes, pieceBytes) => {
      const unit = extractUnit(rust, 'usr/bin/m', bytes, { pieceBytes });
      if (unit === null) return;
      found += unit.packages.length;
      for (const { name, version, dependsOn } of unit.packages) {
        for (const text of [name, version, ...dependsOn]) expect(text).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
      }
      if (unit.packages.length === 0) expect(unit.gaps).not.toEqual([]);
      expect(unit.gaps.length).toBeLessThan(100);
    }),
    { numRuns: 5_000 },
  );
  expect(found).toBeGreaterThan(1_000);
});
