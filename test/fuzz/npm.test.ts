import fc from 'fast-check';
import { expect, test } from 'vitest';
import { npm } from '../../services/domain/packages/npm/index.ts';
import { mutated } from '../support/mutation.ts';
import { readContext } from '../support/read-context.ts';

const context = readContext();
const manifest = (i: number, space: number) => {
  const dependencies = Object.fromEntries(Array.from({ length: i }, (_, n) => [`@scope/dep-${n}`, `^${n}.0.0`]));
  const value = { name: `@scope/é-${i}`, version: `${i}.0.0-rc.1`, license: { type: 'MIT' }, dependencies };
  return new TextEncoder().encode(JSON.stringify(value, null, space));
};
const CORPUS = [manifest(0, 0), manifest(3, 2), manifest(40, 1)];

test('a damaged package.json never throws, never deceives, and is never silently lost', { timeout: 60_000 }, () => {
  const path = 'app/node_modules/folder/package.json';
  fc.assert(
    fc.property(mutated(CORPUS), (bytes) => {
      const { units } = npm.readDatabase([{ path, bytes }], context);
      expect(units).toHaveLength(1);
      const { packages, gaps } = units[0]!;
      expect(packages.length).toBeLessThanOrEqual(1);
      for (const { name, version, licenses, dependsOn } of packages) {
        for (const text of [name, version, ...licenses, ...dependsOn])
          expect(text).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
      }
      // A file that states neither name nor version is silent: no damage of ours takes both keys and leaves JSON.
      if (packages.length === 0) expect(gaps).not.toEqual([]);
      expect(gaps.length).toBeLessThan(100);
    }),
    { numRuns: 3_000 },
  );
});

test('any path is wanted or not, and what is wanted is read', () => {
  const folder = fc.constantFrom(
    'node_modules',
    '@s',
    'a',
    '.pnpm',
    '.store',
    'package',
    'test',
    'usr',
    'share',
    'nodejs',
  );
  fc.assert(
    fc.property(fc.array(folder, { maxLength: 8 }), (folders) => {
      const path = [...folders, 'package.json'].join('/');
      const wanted = npm.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array());
      const { units } = npm.readDatabase([{ path, bytes: CORPUS[0]! }], context);
      expect(units.map(({ packages }) => packages.length)).toEqual(wanted === 'whole' ? [1] : []);
    }),
    { numRuns: 3_000 },
  );
});
