import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Engine } from '../../services/adapters/engines/engine.ts';
import { EngineFailure } from '../../services/adapters/engines/engine-failure.ts';
import { SYFT } from '../../services/adapters/engines/syft.ts';
import { TRIVY } from '../../services/adapters/engines/trivy.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { mergeEngines } from '../../services/domain/report/merge-engines.ts';
import { mutated } from '../support/mutation.ts';

const CYCLONEDX = {
  bomFormat: 'CycloneDX',
  metadata: { component: { properties: [{ name: 'aquasecurity:trivy:ImageID', value: 'sha256:00' }] } },
  components: [
    { 'bom-ref': 'bin', type: 'application', name: 'usr/bin/tool' },
    { 'bom-ref': 'lib', type: 'library', purl: 'pkg:golang/example.org/lib@v1.0.0' },
    {
      'bom-ref': 'npm',
      type: 'library',
      purl: 'pkg:npm/%40s/a@1.0.0',
      properties: [
        { name: 'aquasecurity:trivy:FilePath', value: 'srv/a/package.json' },
        { name: 'aquasecurity:trivy:LayerDiffID', value: 'sha256:11' },
      ],
    },
  ],
  dependencies: [
    { ref: 'bin', dependsOn: ['lib'] },
    { ref: 'lib', dependsOn: ['lib', 'bin'] },
  ],
};

const SYFT_JSON = {
  artifacts: [
    {
      name: 'a',
      version: '1:2-3',
      purl: 'pkg:deb/debian/a@1%3A2-3?arch=amd64&upstream=b%401',
      locations: [
        { path: '/var/lib/dpkg/status', layerID: 'sha256:11', annotations: { evidence: 'primary' } },
        { path: '/usr/share/doc/a/copyright', layerID: 'sha256:11', annotations: { evidence: 'supporting' } },
      ],
    },
    { name: 'busybox', version: '1.36', purl: '', locations: [{ path: '/bin/busybox' }] },
  ],
  source: { metadata: { imageID: 'sha256:00' } },
};

const CASES = [
  ['trivy', TRIVY, CYCLONEDX],
  ['syft', SYFT, SYFT_JSON],
] as const;

/** Reads and unites; null where the answer is refused. Anything else that is thrown is a fault. */
function united(engine: Engine, bytes: Uint8Array): ReturnType<typeof mergeEngines> | null {
  try {
    const { packages, configDigest } = engine.read(bytes, LIMITS);
    expect(configDigest === null || typeof configDigest === 'string').toBe(true);
    return mergeEngines([], [], [{ engine: engine.name, packages }]);
  } catch (error) {
    if (error instanceof EngineFailure) return null;
    throw error;
  }
}

function expectSound(result: ReturnType<typeof mergeEngines> | null): void {
  if (result === null) return;
  expect(new Set(result.packages.map(({ id }) => id)).size).toBe(result.packages.length);
  for (const { name, version, paths } of result.packages) {
    for (const text of [name, version]) expect(text).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
    for (const path of paths) expect(path).not.toMatch(/^\//);
  }
}

/** The document with `value` in place of one of its values, chosen by `at`. */
function replaced(document: unknown, at: number, value: unknown): unknown {
  let seen = 0;
  const chosen = at % JSON.stringify(document).match(/[{[,:]/g)!.length;
  return JSON.parse(JSON.stringify(document, (_, item) => (seen++ === chosen ? value : item)) ?? 'null');
}

test.each(CASES)('%s: what it said, damaged, is refused or read, and never deceives', (_, engine, document) => {
  const corpus = [new TextEncoder().encode(JSON.stringify(document))];
  fc.assert(
    fc.property(mutated(corpus), (bytes) => expectSound(united(engine, bytes))),
    { numRuns: 3_000 },
  );
});

test.each(CASES)('%s: any value in any place is refused or read', (_, engine, document) => {
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(null, '', [], {}, [null], 'pkg:npm/\ud800@1', 'pkg:a/%00@1', '/////', '../..', -1),
  );
  fc.assert(
    fc.property(fc.nat(200), odd, (at, value) => {
      const bytes = new TextEncoder().encode(JSON.stringify(replaced(document, at, value)));
      expectSound(united(engine, bytes));
    }),
    { numRuns: 3_000 },
  );
});

test.each(CASES)('%s: undamaged, it is read', (_, engine, document) => {
  const result = united(engine, new TextEncoder().encode(JSON.stringify(document)))!;
  expect([result.packages.length, result.unusable.size]).toEqual([2, 0]);
  expect(engine.read(new TextEncoder().encode(JSON.stringify(document)), LIMITS).configDigest).toBe('sha256:00');
});
