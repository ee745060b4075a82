import fc from 'fast-check';
import { expect, test } from 'vitest';
import { java } from '../../services/domain/packages/java/index.ts';
import { mutated } from '../support/mutation.ts';
import { extractUnit } from '../support/read-context.ts';
import { type ZipPart, zip } from '../support/zip-builder.ts';

const pom = (artifact: string): ZipPart => ({
  name: `META-INF/maven/org.example/${artifact}/pom.properties`,
  content: `version=1.0\ngroupId=org.example\nartifactId=${artifact}\n`,
});
const MANIFEST = {
  name: 'META-INF/MANIFEST.MF',
  content: 'Manifest-Version: 1.0\r\nImplementation-Version: 1.0\r\n\r\n',
};
const INNER = zip([MANIFEST, pom('inner'), { name: 'lib/inmost-1.0.jar', content: zip([pom('inmost')]) }]);
const CORPUS = [
  zip([MANIFEST, pom('app'), { name: 'a/b.class', content: 'x'.repeat(300) }]),
  zip([
    pom('app'),
    { name: 'lib/inner.jar', content: INNER, method: 'stored' },
    { name: 'lib/again.jar', content: INNER },
  ]),
  zip(
    [
      { ...pom('app'), wide: true, descriptor: true },
      { ...MANIFEST, wide: true },
    ],
    { wide: true, comment: Buffer.from('end') },
  ),
  zip([{ ...pom('app'), method: 'stored' }], { prefix: Buffer.from('#!/bin/sh\nexec java -jar "$0"\n') }),
];

test('a damaged archive never throws, hangs or invents, and is never silently empty', { timeout: 60_000 }, () => {
  const started = performance.now();
  fc.assert(
    fc.property(mutated(CORPUS), (bytes) => {
      const unit = extractUnit(java, 'opt/app.jar', bytes)!;
      for (const { name, version } of unit.packages) {
        expect(name).toMatch(/^[!-~]+$/);
        expect(version).toMatch(/^[!-~]+$/);
      }
      if (unit.packages.length === 0) expect(unit.gaps).not.toEqual([]);
      expect(unit.gaps.length).toBeLessThan(100);
    }),
    { numRuns: 4_000 },
  );
  expect(performance.now() - started).toBeLessThan(120_000);
});

test('one wrong bit in what is read never loses an artifact silently', { timeout: 60_000 }, () => {
  for (const sound of CORPUS) {
    const names = new Set(extractUnit(java, 'opt/app.jar', sound)!.packages.map(({ name, version }) => name + version));
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(7), (at, bit) => {
        const bytes = Uint8Array.from(sound);
        bytes[at]! ^= 1 << bit;
        const unit = extractUnit(java, 'opt/app.jar', bytes)!;
        const found = new Set(unit.packages.map(({ name, version }) => name + version));
        // The names of entries have no checksum, and some of their bits no meaning.
        if ([...names].some((name) => !found.has(name))) expect(unit.gaps).not.toEqual([]);
      }),
      { numRuns: 1_500 },
    );
  }
});

test('bytes that are nothing are told', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
      expect(extractUnit(java, 'app.jar', bytes)!.gaps).not.toEqual([]);
    }),
  );
});
