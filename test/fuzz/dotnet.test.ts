import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dotnet } from '../../services/domain/packages/dotnet/index.ts';
import { mutated } from '../support/mutation.ts';
import { readContext } from '../support/read-context.ts';

function application(count: number): Uint8Array {
  const keys = Array.from({ length: count }, (_, i) => `Pack.é${i}/${i}.0.0-RC.1`);
  const content = {
    runtimeTarget: { name: '.NETCoreApp,Version=v8.0' },
    targets: {
      '.NETCoreApp,Version=v8.0': Object.fromEntries(
        keys.map((key) => [key, { dependencies: { Other: '1.0.0' }, runtime: { 'a.dll': {} } }]),
      ),
    },
    libraries: Object.fromEntries(keys.map((key) => [key, { type: 'package' }])),
  };
  return new TextEncoder().encode(JSON.stringify(content, null, 2));
}
const CORPUS = [application(1), application(4), application(30)];

test('a damaged deps.json never throws, never deceives, and is never silently lost', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(mutated(CORPUS), (bytes) => {
      const { units } = dotnet.readDatabase([{ path: 'app/a.deps.json', bytes }], readContext());
      expect(units).toHaveLength(1);
      const { packages, gaps } = units[0]!;
      for (const { name, version, dependsOn } of packages) {
        for (const text of [name, version, ...dependsOn]) expect(text).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
      }
      // A flipped bit may make the one library another kind, or take its files.
      if (packages.length === 0 && gaps.length === 0) expect(librariesOf(bytes)).toBeLessThanOrEqual(1);
      expect(gaps.length).toBeLessThan(100);
    }),
    { numRuns: 3_000 },
  );
});

function librariesOf(bytes: Uint8Array): number {
  return Object.keys(JSON.parse(new TextDecoder().decode(bytes)).libraries).length;
}
