import { describe, expect, test } from 'vitest';
import { samplePackage, sampleReport } from '../../../test/support/sample-report.ts';
import { compareEngines } from './compare-engines.ts';
import { DifferenceReasons, REASONS, type Reason } from './difference-reason.ts';
import type { ReportPackage } from './report.ts';

let made = 0;
function row(purl: string, foundBy: readonly string[], facts: Partial<ReportPackage> = {}): ReportPackage {
  const [, type, name, version] = /^pkg:([a-z]+)\/(?:.*\/)?([^@]+)@(.+)$/.exec(purl)!;
  return samplePackage({
    id: `${made++}`,
    purl,
    type: type!,
    name: name!,
    version: version!,
    arch: null,
    paths: [],
    foundBy: [...foundBy],
    ...facts,
  });
}

const OURS = ['plimsoll'];
const THEIRS = ['trivy'];
const at = (path: string) => ({ paths: [path] });
const manifest = at('srv/node_modules/a/package.json');

/** The row in question, what lacks it, and the other rows. */
const CASES: readonly [Reason, ReportPackage, string, ...ReportPackage[]][] = [
  ['hidden', row('pkg:deb/debian/a@1', OURS, { hiddenBy: 2, ownedBy: 'x' }), 'trivy'],
  ['version-spelling', row('pkg:npm/a@1.0.0', OURS, manifest), 'trivy', row('pkg:npm/a@v1.0', THEIRS, manifest)],
  ['version-spelling', row('pkg:gem/a@1.0-x', THEIRS, at('x')), 'plimsoll', row('pkg:gem/a@1.0.x', OURS, at('x'))],
  ['version-differs', row('pkg:npm/a@1.0.0', OURS, manifest), 'trivy', row('pkg:npm/a@1.0.1', THEIRS, manifest)],
  ['version-differs', row('pkg:deb/debian/a@1', OURS), 'trivy', row('pkg:deb/debian/a@2', THEIRS)],
  [
    'distribution-owned',
    row('pkg:npm/a@1.0.0', OURS, { ...manifest, ownedBy: 'x' }),
    'trivy',
    row('pkg:npm/a@1.0.0', THEIRS, at('y')),
  ],
  [
    'path-differs',
    row('pkg:npm/a@1.0.0', OURS, manifest),
    'trivy',
    row('pkg:npm/a@1.0.0', THEIRS, at('b/package.json')),
  ],
  ['recognised-by-bytes', row('pkg:generic/busybox@1', ['syft'], at('bin/busybox')), 'plimsoll'],
  ['lockfile-only', row('pkg:npm/a@1', THEIRS, at('srv/yarn.lock')), 'plimsoll'],
  ['not-installed', row('pkg:npm/a@1', THEIRS, at('srv/package.json')), 'plimsoll'],
  ['not-installed', row('pkg:npm/a@1', THEIRS, at('srv/node_modules/b/test/package.json')), 'plimsoll'],
  [
    'named-by-file',
    row('pkg:maven/a/app@1', ['syft'], at('srv/app-1.jar')),
    'trivy',
    row('pkg:maven/g/b@1', THEIRS, at('srv/app-1.jar/b.jar')),
  ],
  [
    'group-differs',
    row('pkg:maven/g/a@1', OURS, { name: 'g:a', ...at('a.jar') }),
    'trivy',
    row('pkg:maven/h/a@1', THEIRS, { name: 'h:a', ...at('a.jar') }),
  ],
  ['archive-unnamed', row('pkg:maven/g/a@1', OURS, at('a.jar')), 'trivy', row('pkg:maven/g/b@1', THEIRS, at('b.jar'))],
  ['development', row('pkg:npm/a@1', OURS, { ...manifest, development: true }), 'trivy'],
  ['type-not-read', row('pkg:conda/a@1', OURS, at('x')), 'trivy', row('pkg:npm/a@1', THEIRS, at('y'))],
  ['unknown', row('pkg:npm/a@1', OURS, manifest), 'trivy', row('pkg:npm/b@1', THEIRS, at('x'))],
  // Another copy that both know explains nothing about this one.
  [
    'unknown',
    row('pkg:npm/a@1', OURS, manifest),
    'trivy',
    row('pkg:npm/a@1', [...OURS, ...THEIRS], at('srv/node_modules/b/node_modules/a/package.json')),
  ],
  [
    'unknown',
    row('pkg:maven/g/a@1', OURS, at('srv/app.jar!/a.jar')),
    'trivy',
    row('pkg:maven/g/b@1', THEIRS, at('srv/app.jar')),
  ],
];

describe('why one lists what the other does not', () => {
  test.each(CASES)('%s', (reason, lacking, engine, ...others) => {
    expect(new DifferenceReasons([lacking, ...others]).of(lacking, engine)).toBe(reason);
  });
  test('every reason has a case', () => {
    expect([...new Set(CASES.map(([reason]) => reason))].sort()).toEqual(Object.keys(REASONS).sort());
  });
});

test('a comparison counts rows by type, and keeps an engine that failed out of it', () => {
  const report = {
    ...sampleReport(),
    engines: [
      { name: 'plimsoll', version: '1', status: 'partial' },
      { name: 'trivy', version: '2', status: 'ok' },
      { name: 'syft', version: null, status: 'failed' },
    ] as const,
    packages: [
      row('pkg:npm/z@1', THEIRS, at('srv/package.json')),
      row('pkg:npm/a@1', [...OURS, ...THEIRS], manifest),
      row('pkg:deb/debian/b@1', OURS),
    ],
  };
  const comparison = compareEngines(report);
  expect(comparison).toMatchObject({
    schemaVersion: '1',
    target: report.target,
    engines: [
      { name: 'plimsoll', packages: 2 },
      { name: 'trivy', packages: 2 },
      { name: 'syft', status: 'failed', packages: 0 },
    ],
    types: [
      { type: 'deb', common: 0, found: { plimsoll: 1, trivy: 0 } },
      { type: 'npm', common: 1, found: { plimsoll: 1, trivy: 2 } },
    ],
    differences: [
      { purl: 'pkg:deb/debian/b@1', foundBy: OURS, missing: [{ engine: 'trivy', reason: 'type-not-read' }] },
      { purl: 'pkg:npm/z@1', foundBy: THEIRS, missing: [{ engine: 'plimsoll', reason: 'not-installed' }] },
    ],
    gaps: report.completeness.gaps,
  });
  expect(compareEngines({ ...report, packages: report.packages.toReversed() })).toEqual(comparison);
});

test('what was taken from an SBOM in the image is listed by Plimsoll', () => {
  const packages = [
    row('pkg:npm/a@1', ['sbom', 'trivy'], at('app.cdx.json')),
    row('pkg:npm/b@1', ['plimsoll', 'sbom'], manifest),
  ];
  const engines = ['plimsoll', 'trivy'].map((name) => ({ name, version: '1', status: 'ok' as const }));
  const { types, differences } = compareEngines({ ...sampleReport(), engines, packages });
  expect(types).toEqual([{ type: 'npm', common: 1, found: { plimsoll: 2, trivy: 1 } }]);
  expect(differences).toMatchObject([{ name: 'b', foundBy: ['plimsoll'], missing: [{ engine: 'trivy' }] }]);
});
