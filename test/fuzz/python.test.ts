import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DatabaseUnit } from '../../services/domain/packages/ecosystem.ts';
import { python } from '../../services/domain/packages/python/index.ts';
import { mutated } from '../support/mutation.ts';
import { extractUnit, readContext } from '../support/read-context.ts';
import { zip } from '../support/zip-builder.ts';

const context = readContext();
const encode = (text: string) => new TextEncoder().encode(text);

const metadata = (i: number) =>
  `Metadata-Version: 2.1\nName: pkg-${i}\nVersion: ${i}.0rc1+local\nLicense: MIT\n        more é\n` +
  `Classifier: License :: OSI Approved :: MIT License\n${`Requires-Dist: dep (>=${i})\n`.repeat(i)}\nbody\nName: no\n`;
const conda = (i: number) => {
  return JSON.stringify({
    name: `pkg-${i}`,
    version: `${i}.0`,
    license: 'BSD',
    depends: Array(i).fill('python >=3.8'),
  });
};
const HEADERS = [encode(metadata(1)), encode(metadata(30)), encode(metadata(3).replaceAll('\n', '\r\n'))];
const JSONS = [encode(conda(1)), encode(conda(30))];

const EGGS = [1, 30].map((i) =>
  zip([
    { name: 'a/__init__.py', content: 'x'.repeat(i) },
    { name: 'EGG-INFO/PKG-INFO', content: metadata(i) },
  ]),
);

function isSound(path: string, bytes: Uint8Array): void {
  const { units } = python.readDatabase([{ path, bytes }], context);
  expect(units).toHaveLength(1);
  isHonest(units[0]!);
}

function isHonest({ packages, gaps }: DatabaseUnit): void {
  expect(packages.length).toBeLessThanOrEqual(1);
  for (const { name, version, licenses, dependsOn } of packages) {
    for (const text of [name, version, ...licenses, ...dependsOn]) expect(text).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
  }
  if (packages.length === 0) expect(gaps).not.toEqual([]);
  expect(gaps.length).toBeLessThan(100);
}

test('damaged metadata never throws, never deceives, and is never silently lost', { timeout: 60_000 }, () => {
  const path = fc.constantFrom('a-1.dist-info/METADATA', 'a-1.egg-info/PKG-INFO', 'a.egg-info');
  fc.assert(
    fc.property(mutated(HEADERS), path, (bytes, at) => isSound(at, bytes)),
    { numRuns: 3_000 },
  );
});

test('a damaged record of conda likewise', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(mutated(JSONS), (bytes) => isSound('conda-meta/a-1-0.json', bytes)),
    { numRuns: 2_000 },
  );
});

test('a damaged egg likewise', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(mutated(EGGS), (bytes) => isHonest(extractUnit(python, 'lib/a-1-py3.egg', bytes)!)),
    { numRuns: 2_000 },
  );
});
