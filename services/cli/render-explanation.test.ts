import { describe, expect, it } from 'vitest';
import { advisory, affectedPackage } from '../../test/support/advisory.ts';
import { MemoryAdvisories } from '../../test/support/memory-advisories.ts';
import { samplePackage, sampleReport } from '../../test/support/sample-report.ts';
import type { Report, ReportPackage } from '../domain/report/report.ts';
import type { AffectedPackage } from '../domain/vulnerabilities/advisory.ts';
import { readExceptions } from '../domain/vulnerabilities/exceptions.ts';
import { parsePurlPattern } from '../domain/vulnerabilities/purl-pattern.ts';
import { suppress } from '../domain/vulnerabilities/suppress.ts';
import { explainVulnerability } from '../pipeline/explain-vulnerability.ts';
import { matchVulnerabilities } from '../pipeline/match-vulnerabilities.ts';
import { renderExplanation } from './render-explanation.ts';
import { explanationJson } from './serialize-explanation.ts';

const ranges = [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '0' }, { fixed: '8.0-1' }] }];
const entry = (more: Partial<AffectedPackage> = {}) =>
  affectedPackage({ ecosystem: 'Debian:12', name: 'curl', nameOf: 'source', status: 'fixed', ranges, ...more });
const database = new MemoryAdvisories(
  [
    advisory({ id: 'DSA-1', aliases: ['CVE-2024-0001'], affected: [entry()] }),
    advisory({ id: 'DSA-2', aliases: ['CVE-2024-0002'], affected: [entry({ architectures: ['arm64'] })] }),
    advisory({
      id: 'CVE-2024-0003',
      affected: [entry({ status: 'will_not_fix', vendorStatus: 'no-dsa', ranges: [] })],
      severities: [{ source: 'nvd', level: 'high', text: null, vector: null }],
    }),
    advisory({ id: 'GO-1', affected: [entry({ ecosystem: 'Go', name: 'example.org/m', nameOf: 'package' })] }),
    advisory({
      id: 'PYSEC-1',
      aliases: ['CVE-2024-0001'],
      affected: [entry({ ecosystem: 'PyPI', nameOf: 'package' })],
    }),
  ],
  [
    [
      'CVE-2024-0001',
      {
        kev: { added: '2024-01-05', due: null, ransomware: true },
        epss: { probability: 0.123, percentile: 0.9, date: '2026-01-01' },
        severities: [],
        rejected: false,
      },
    ],
    ['CVE-2024-0002', { kev: null, epss: null, severities: [], rejected: true }],
  ],
);

interface Asked {
  readonly exception?: boolean;
  readonly name?: string;
  readonly os?: null;
}

function reported(items: readonly ReportPackage[], id: string, { exception, os }: Asked): Report {
  const sample = sampleReport();
  const image = os === null ? { ...sample.image, os } : sample.image;
  const completeness = { ...sample.completeness, status: 'complete' as const, gaps: [] };
  const report = matchVulnerabilities({ ...sample, image, completeness, packages: [...items] }, database);
  const row = { vulnerability: id, reason: 'not reachable', owner: 'shop', expires: '2030-01-01' };
  return suppress(report, exception ? readExceptions({ exceptions: [row] }, 'x.yaml', '2026-01-01') : [], []);
}

function explained(items: readonly ReportPackage[], id: string, asked: Asked = {}): string {
  const report = reported(items, id, asked);
  return renderExplanation(report, explainVulnerability(report, database, id, asked.name ?? null));
}

const curl = samplePackage({ name: 'curl', version: '7.9-1' });
const libcurl = samplePackage({ name: 'libcurl4', version: '7.9-1', source: { name: 'curl', version: null } });

const deb = samplePackage({ name: 'python3-curl', version: '7.9-1' });
const owned = samplePackage({ type: 'pypi', name: 'curl', version: '7.9', arch: null, ownedBy: deb.id });
const module = (version: string) => samplePackage({ type: 'golang', name: 'example.org/m', version, arch: null });

it('why it matches: catalogues, record, namespace, comparisons, suppression; binaries of one source stand together', () => {
  expect(explained([curl, libcurl], 'cve-2024-0001', { exception: true })).toBe(`\
CVE-2024-0001 in docker-archive:./shop.tar
Exploited in the wild: KEV since 2024-01-05, by ransomware.
EPSS: 12.3 % on 2026-01-01.
2 packages asked; feeds: Debian:12

pkg:deb/debian/curl@7.9-1?arch=amd64
pkg:deb/debian/libcurl4@7.9-1?arch=amd64
  affected; fixed in 8.0-1; severity unknown: nobody rates it
  - DSA-1 (osv), Debian:12 source curl: holds 7.9-1; the source says fixed; it decided
      7.9-1 < 8.0-1 (fixed, order of dpkg)
`);
});

it('a suppressed one says by whom, and why', () => {
  const text = explained([curl], 'CVE-2024-0001', { exception: true });
  expect(text).toContain('\n  suppressed by exception: x.yaml #1 (shop): not reachable, until 2030-01-01\n');
});

it.each<[string, readonly ReportPackage[], string, Asked, string]>([
  ['the fix is in', [{ ...curl, version: '8.0-1' }], 'DSA-1', {}, '8.0-1 = 8.0-1 (fixed, order of dpkg)'],
  ['no record holds it', [{ ...curl, version: '8.0-1' }], 'DSA-1', {}, 'not affected: no record that counts holds'],
  ['rejected', [curl], 'CVE-2024-0002', {}, 'The CVE list rejected this id'],
  ['for another architecture', [curl], 'CVE-2024-0002', {}, 'not for this package: for arm64 only'],
  [
    'the vendor will not fix it',
    [curl],
    'CVE-2024-0003',
    {},
    'affected; no fix, which the vendor will not make ("no-dsa"); severity high by nvd\n',
  ],
  ['versions do not compare', [module('(devel)')], 'GO-1', {}, 'cannot tell of (devel): "(devel)" and'],
  ['somebody else’s', [{ ...curl, vendor: 'x <x@nodesource.com>' }], 'DSA-1', {}, 'somebody else built the package'],
  [
    'the owner answers, and nobody speaks of it',
    [deb, owned],
    'CVE-2024-0001',
    {},
    'not judged by PyPI: its files are of deb python3-curl, of which no record names it',
  ],
  [
    'the owner answers, and is affected',
    [{ ...deb, source: { name: 'curl', version: null } }, owned],
    'CVE-2024-0001',
    {},
    'its files are of deb python3-curl, which is affected\n',
  ],
  ['no record', [deb], 'CVE-2024-0001', {}, 'No record in these feeds names CVE-2024-0001'],
  ['no record, and no CVE', [deb], 'GHSA-1', {}, 'ask by that'],
  [
    'no record of one that was asked for',
    [curl, deb],
    'CVE-2024-0001',
    { name: 'python3-curl' },
    '  no row: no record of Debian:12 names it beside this package\n',
  ],
  ['no package of the name', [curl], 'CVE-2024-0001', { name: 'wget' }, 'The target has no package called wget.'],
  ['no package', [], 'CVE-2024-0001', {}, 'The target has no packages.'],
  [
    'no feed',
    [curl],
    'CVE-2024-0001',
    { os: null, name: 'curl' },
    'not judged: no feed for unknown distribution (deb)',
  ],
])('why not: %s', (_, items, id, asked, text) => {
  expect(explained(items, id, asked)).toContain(text);
});

it('what was not seen is said, also where no record is found', () => {
  const report = matchVulnerabilities({ ...sampleReport(), packages: [deb] }, database);
  expect(renderExplanation(report, explainVulnerability(report, database, 'CVE-1'))).toContain('Not all was seen');
});

describe('asked by name', () => {
  it.each(['libcurl4', 'pkg:deb/debian/libcurl4', libcurl.purl])('%s is one package', (name) => {
    expect(explained([curl, libcurl], 'CVE-2024-0001', { name })).toContain('\n1 package asked;');
  });
  it('a source package is all that was built from it', () => {
    expect(explained([curl, libcurl], 'CVE-2024-0001', { name: 'curl' })).toContain('\n2 packages asked;');
  });
});

it('VEX that was given and changed nothing is named', () => {
  const document = { format: 'OpenVEX' as const, id: null, author: 'a', statements: [], flaws: ['x'] };
  const report = suppress(reported([curl], 'CVE-2024-0001', {}), [], [{ file: 'app.json', document }]);
  expect(renderExplanation(report, explainVulnerability(report, database, 'CVE-2024-0001'))).toContain(
    'VEX app.json: No statement is for a vulnerability and a product of this target: nothing was changed. Not understood: 1',
  );
});

it('VEX says of which product it speaks, where that is not the package', () => {
  const statement = (purl: string, status: 'not_affected' | 'affected') => ({
    vulnerabilities: ['CVE-2024-0001'],
    products: [{ purls: [parsePurlPattern(purl)!], digests: [], components: null, versions: null }],
    status,
    justification: null,
    reason: null,
    timestamp: null,
  });
  const statements = [
    statement('pkg:deb/debian/curl@1', 'not_affected'),
    statement('pkg:deb/debian/curl', 'affected'),
    { ...statement('pkg:deb/debian/curl', 'not_affected'), vulnerabilities: ['CVE-2024-9999'] },
    { ...statement('pkg:deb/debian/curl', 'not_affected'), products: [] },
  ];
  const given = [
    { file: 'app.json', document: { format: 'OpenVEX' as const, id: null, author: null, statements, flaws: [] } },
  ];
  const report = reported([curl, deb], 'CVE-2024-0001', {});
  const explanation = explainVulnerability(report, database, 'CVE-2024-0001', null, given);
  expect(
    renderExplanation(report, explanation)
      .split('\n')
      .filter((line) => line.startsWith('  VEX')),
  ).toEqual([
    '  VEX app.json says not_affected, but not of this: it means version 1',
    '  VEX app.json says affected of it',
    '  VEX app.json says not_affected, but not of this: it names no product',
  ]);
  expect(explanationJson(report, explanation)).toMatchObject({
    packages: [{ vex: [{ file: 'app.json', whyNot: 'it means version 1' }, { whyNot: null }, {}] }],
  });
});

it('as JSON: what was asked, each record, what it came to', () => {
  const report = reported([deb, owned, curl], 'CVE-2024-0001', {});
  const json = (name: string | null) => explanationJson(report, explainVulnerability(report, database, 'dsa-1', name));
  expect(json(null)).toMatchObject({
    id: 'DSA-1',
    asked: 3,
    kev: { added: '2024-01-05' },
    packages: [
      {
        purl: curl.purl,
        state: 'affected',
        vulnerability: { id: 'CVE-2024-0001' },
        records: [
          { id: 'DSA-1', standing: 'inside', decided: true, comparisons: [{ event: 'introduced' }, { result: -1 }] },
        ],
      },
    ],
  });
  expect(json('python3-curl')).toMatchObject({ packages: [{ state: 'no-record', records: [] }] });
  const byOwner = explanationJson(report, explainVulnerability(report, database, 'PYSEC-1'));
  expect(byOwner).toMatchObject({
    packages: [
      { purl: owned.purl, judge: 'owner', state: 'not-judged', ownedBy: deb.id, records: [{ decided: false }] },
    ],
  });
});
