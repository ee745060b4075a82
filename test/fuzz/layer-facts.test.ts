import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTarget } from '../../services/domain/image/target.ts';
import { factsFlaw } from '../../services/domain/layers/check-facts.ts';
import {
  analyzerPart,
  encodeFacts,
  fileListsPart,
  inventoryPart,
  type LayerOutline,
  OUTLINE_PART,
} from '../../services/domain/layers/facts.ts';
import { InventoryBuilder } from '../../services/domain/layers/inventory-builder.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { ANALYZERS } from '../../services/domain/packages/registry.ts';
import * as schema from '../../services/domain/report/report.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import { foundSboms } from '../../services/domain/sbom/found-sboms.ts';
import { buildReport } from '../../services/pipeline/build-report.ts';
import type { LayerReader } from '../../services/pipeline/layer-ports.ts';
import { listPackages } from '../../services/pipeline/list-packages.ts';
import { readFacts } from '../../services/pipeline/read-facts.ts';
import { fakeImage, fakeOptions } from '../support/fake-layers.ts';

/* Facts in their right form that no layer could have: a process that a layer has taken over may say any of them. */

const KNOWN = [
  'var/lib/dpkg/status',
  'lib/apk/db/installed',
  'var/lib/rpm/rpmdb.sqlite',
  'etc/os-release',
  'etc',
  'a/b',
];
const text = fc.oneof(
  fc.constantFrom(
    ...KNOWN,
    '',
    '/',
    '.',
    '..',
    '../x',
    'a/../b',
    '__proto__',
    'constructor',
    'toString',
    '\0',
    '\ud800',
  ),
  fc.constantFrom(
    'ID=debian\nVERSION_ID="12"\n',
    '{"@context":"https://openvex.dev/ns/v0.2.0","statements":[]}',
    '{}',
    '[',
  ),
  fc.constantFrom('pkg:deb/debian/a@1', 'pkg:', 'pkg:npm/%2', '1:2-3', '9'.repeat(400)),
  fc.string({ maxLength: 8 }),
);
const texts = fc.array(text, { maxLength: 3 });
const optional = fc.option(text, { nil: null });

const record = fc.record(
  {
    type: fc.oneof(fc.constantFrom('deb', 'rpm', 'apk', 'npm', 'maven', 'golang', 'gem'), text),
    name: text,
    version: text,
    arch: optional,
    source: fc.option(fc.record({ name: text, version: optional }), { nil: null }),
    epoch: fc.option(fc.maxSafeNat(), { nil: null }),
    modularity: optional,
    origin: optional,
    vendor: optional,
    licenses: texts,
    dependsOn: texts,
    provides: texts,
    development: fc.boolean(),
    purl: text,
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      'type',
      'name',
      'version',
      'arch',
      'source',
      'epoch',
      'modularity',
      'origin',
      'vendor',
      'licenses',
      'dependsOn',
      'provides',
    ],
  },
);
const fileList = fc.record(
  { package: text, paths: texts, digests: fc.array(optional, { maxLength: 3 }) },
  { noNullPrototype: true, requiredKeys: ['package', 'paths'] },
);
const gap = fc.record({
  code: fc.constantFrom('limit-reached' as const, 'package-database-broken' as const),
  message: text,
});
const unit = (said: fc.Arbitrary<string | null>) =>
  fc.record({
    path: text,
    isDatabase: fc.boolean(),
    packages: fc.array(record, { maxLength: 3 }),
    fileLists: fc.constant([]),
    repositories: texts,
    text: said,
    gaps: fc.array(gap, { maxLength: 2 }),
  });
const outlineText = fc.constantFrom(
  '{"format":"spdx-json","specVersion":"2.3","entries":1}',
  '{"format":null,"specVersion":null,"entries":null}',
);
const analysis = (id: string) =>
  fc.record(
    {
      read: texts,
      units: fc.array(fc.record({ realPath: text, unit: unit(id === foundSboms.id ? outlineText : optional) }), {
        maxLength: 3,
      }),
      links: texts,
    },
    { noNullPrototype: true, requiredKeys: ['read', 'units'] },
  );
const flaw = fc.record({
  code: fc.constantFrom('limit-reached' as const, 'wanted-file-unreadable' as const),
  path: optional,
  message: text,
});
const outline: fc.Arbitrary<LayerOutline> = fc.record({
  bytes: fc.maxSafeNat(),
  entries: fc.maxSafeNat(),
  diffId: fc.constant(null),
  whiteouts: texts,
  opaques: texts,
  flaws: fc.array(flaw, { maxLength: 2 }),
});
const entry = fc.record({
  path: fc.constantFrom(...KNOWN, 'etc/x', 'a', 'loop', 'opt/y'),
  type: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const, 'hardlink' as const),
  target: text,
});
const layer = fc.record({
  outline,
  entries: fc.array(entry, { maxLength: 8 }),
  analyses: fc.tuple(...ANALYZERS.map(({ id }) => analysis(id))),
  fileLists: fc.array(fc.record({ realPath: text, fileLists: fc.array(fileList, { maxLength: 2 }) }), { maxLength: 2 }),
});

type Layer = typeof layer extends fc.Arbitrary<infer Value> ? Value : never;

function inventoryOf({ entries }: Layer): Uint8Array {
  const builder = new InventoryBuilder({ inventoryBytes: 2 ** 20, onMisplaced: () => {} });
  for (const { path, type, target } of entries) {
    const isLink = type === 'symlink' || type === 'hardlink';
    builder.add({ path, type, mode: 0, size: 0, target: isLink ? target : null, sha256: null });
  }
  return builder.finish();
}

/** Says of each layer the same again where it is read for what lies behind a link. */
function readerOf(layers: readonly Layer[]): LayerReader {
  return {
    read: async (jobs) =>
      jobs.map((job) => {
        const said = layers[job.layer]!;
        const parts = new Map<string, Uint8Array>([[OUTLINE_PART, encodeFacts(said.outline)]]);
        const flaws = [factsFlaw('outline', null, parts.get(OUTLINE_PART)!, LIMITS)];
        if (job.extra === null) {
          parts.set(inventoryPart(false), inventoryOf(said));
          flaws.push(factsFlaw('inventory', null, parts.get(inventoryPart(false))!, LIMITS));
        }
        for (const [i, analyzer] of ANALYZERS.entries()) {
          if (!job.analyzers.some(({ id }) => id === analyzer.id)) continue;
          const facts = encodeFacts(said.analyses[i]!);
          const lists = encodeFacts(said.fileLists);
          parts.set(analyzerPart(analyzer), facts).set(fileListsPart(analyzer), lists);
          flaws.push(
            factsFlaw('analysis', analyzer.id, facts, LIMITS),
            factsFlaw('file-lists', analyzer.id, lists, LIMITS),
          );
        }
        // What is refused never comes so far.
        expect(flaws.filter((each) => each !== null)).toEqual([]);
        return { parts, digest: job.digest, failure: null };
      }),
  };
}

test('whatever a process says in the right form, there is a valid report of it', { timeout: 120_000 }, async () => {
  const target = parseTarget('./image.tar');
  const common = { tool: { version: '1.2.3' }, createdAt: '2024-01-01T00:00:00.000Z', timings: {}, sandbox: null };
  await fc.assert(
    fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 3 }), async (layers) => {
      const image = fakeImage(layers.length);
      const reader = readerOf(layers);
      const options = fakeOptions({ analyzers: ANALYZERS });
      const facts = await readFacts(image, reader, options);
      const list = await listPackages(facts, reader, options);
      const report = buildReport({ ...common, target, targetKind: 'docker-archive', image, layers: facts, list });
      schema.report.parse(JSON.parse(serializeReport(report)));
    }),
    { numRuns: 300 },
  );
});
