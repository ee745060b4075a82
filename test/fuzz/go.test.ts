import fc from 'fast-check';
import { expect, test } from 'vitest';
import { go } from '../../services/domain/packages/go/index.ts';
import { goProgram, oldGoProgram } from '../support/go-program.ts';
import { mutated } from '../support/mutation.ts';
import { extractUnit } from '../support/read-context.ts';

const MODULES =
  'path\tm\nmod\texample.org/m\tv1.0.0\th1:=\ndep\texample.org/a\tv1.2.3\n=>\t./a\t(devel)\t\nbuild\t-ldflags="-X main.version=1.2.3"\n';
const CORPUS = [
  goProgram('go1.22.3', MODULES),
  goProgram('go1.21rc1', MODULES, { wide: false, littleEndian: true }),
  oldGoProgram('go1.17.13', MODULES),
  oldGoProgram('go1.16', MODULES, { before: 300, littleEndian: false }),
];

test('a damaged program never throws, hangs or invents', { timeout: 60_000 }, () => {
  const started = performance.now();
  fc.assert(
    fc.property(mutated(CORPUS), fc.integer({ min: 50, max: 9_000 }), (bytes, pieceBytes) => {
      const unit = extractUnit(go, 'usr/bin/m', bytes, { pieceBytes });
      if (unit === null) return;
      for (const { name, version } of unit.packages) {
        expect(name).toMatch(/^[!-~]+$/);
        expect(version).toMatch(/^[!-~]+$/);
      }
      if (unit.packages.length === 0) expect(unit.gaps).not.toEqual([]);
      expect(unit.gaps.length).toBeLessThan(100);
    }),
    { numRuns: 5_000 },
  );
  expect(performance.now() - started).toBeLessThan(120_000);
});

test('noise behind a header of ELF never throws', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 100, maxLength: 3_000 }),
      fc.integer({ min: 20, max: 3_000 }),
      (noise, pieceBytes) => {
        noise.set(CORPUS[0]!.subarray(0, 24));
        extractUnit(go, 'usr/bin/m', noise, { pieceBytes });
      },
    ),
    { numRuns: 2_000 },
  );
});
