import { describe, expect, it } from 'vitest';
import { advisory, affectedPackage } from '../../test/support/advisory.ts';
import { MemoryAdvisories } from '../../test/support/memory-advisories.ts';
import { samplePackage, sampleReport } from '../../test/support/sample-report.ts';
import { type Report, type ReportPackage, report as schema } from '../domain/report/report.ts';
import { serializeReport } from '../domain/report/serialize.ts';
import type { Advisory, AffectedPackage, DatabaseInfo, Enrichment } from '../domain/vulnerabilities/advisory.ts';
import { matchVulnerabilities } from './match-vulnerabilities.ts';

const upTo = (fixed: string) => [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '0' }, { fixed }] }];
const entry = (ecosystem: string, name: string, fixed: string | null, more: Partial<AffectedPackage> = {}) =>
  affectedPackage({ ecosystem, name, ...(fixed !== null && { ranges: upTo(fixed) }), ...more });
const debian = (name: string, fixed: string | null, more: Partial<AffectedPackage> = {}) =>
  entry('Debian:12', name, fixed, { nameOf: 'source', ...more });

function reportOf(...packages: readonly ReportPackage[]): Report {
  const report = sampleReport();
  return {
    ...report,
    packages,
    completeness: { ...report.completeness, status: 'complete', gaps: [], withoutFeed: [] },
  };
}

interface Database {
  readonly advisories: readonly Advisory[];
  readonly enrichment?: readonly (readonly [string, Enrichment])[];
  readonly info?: Partial<DatabaseInfo>;
}

function matched(packages: readonly ReportPackage[], { advisories, enrichment = [], info = {} }: Database): Report {
  const result = matchVulnerabilities(reportOf(...packages), new MemoryAdvisories(advisories, enrichment, info));
  expect(schema.parse(JSON.parse(serializeReport(result)))).toBeTruthy();
  return result;
}

const curl = samplePackage({ name: 'curl', version: '7.88.1-10', layer: 1 });
const rows = (report: Report) => report.vulnerabilities!.map((row) => `${row.id} ${row.status} ${row.fixedVersion}`);
const codes = (report: Report) => report.completeness.gaps.map(({ code }) => code);

describe("Ubuntu's VEX beside its OSV records", () => {
  const ubuntu = (fixed: string | null, more: Partial<AffectedPackage> = {}) =>
    entry('Ubuntu:22.04', 'curl', fixed, { nameOf: 'source', ...more });
  const osv = advisory({ id: 'UBUNTU-CVE-2024-0001', aliases: ['CVE-2024-0001'], affected: [ubuntu('1.0-2')] });
  const vex = (affected: AffectedPackage) =>
    advisory({ id: 'CVE-2024-0001', source: 'ubuntu-vex', affected: [affected] });
  const rowsOf = (version: string, ...advisories: Advisory[]) => {
    const report = reportOf(samplePackage({ name: 'curl', version }));
    const os = { id: 'ubuntu', versionId: '22.04', prettyName: null, eol: null };
    const { vulnerabilities } = matchVulnerabilities(
      { ...report, image: { ...report.image, os } },
      new MemoryAdvisories(advisories, [], {}),
    );
    return vulnerabilities!.map(({ status, fixedVersion, confidence }) => `${status} ${fixedVersion} ${confidence}`);
  };

  it('the first version with a fix is that of OSV; the newest, of VEX, only where nothing else is known', () => {
    const fixed = vex(ubuntu('1.0-9', { status: 'fixed' }));
    expect(rowsOf('1.0-5', osv, fixed)).toEqual([]);
    expect(rowsOf('1.0-1', osv, fixed)).toEqual(['fixed 1.0-2 high']);
    expect(rowsOf('1.0-5', fixed)).toEqual(['fixed 1.0-9 low']);
    expect(rowsOf('1.0-9', fixed)).toEqual([]);
  });

  it('where Ubuntu stands is told by VEX', () => {
    expect(rowsOf('1.0-1', osv, vex(ubuntu(null, { status: 'will_not_fix' })))).toEqual(['will_not_fix null high']);
    expect(rowsOf('1.0-1', osv, vex(ubuntu(null, { status: 'not_affected', ranges: [] })))).toEqual([]);
  });
});

describe('rows', () => {
  it('one for each CVE and package, with all its sources', () => {
    const advisories = [
      advisory({ id: 'DSA-1', aliases: ['CVE-2024-0001', 'CVE-2024-0002'], affected: [debian('curl', '7.88.1-11')] }),
      advisory({
        id: 'DEBIAN-CVE-2024-0001',
        aliases: ['CVE-2024-0001'],
        url: 'https://example.org/1',
        published: '2024-01-02T00:00:00Z',
        modified: '2024-02-02T00:00:00Z',
        affected: [debian('curl', '7.88.1-12')],
      }),
    ];
    const enrichment: Enrichment = {
      kev: { added: '2024-01-05', due: null, ransomware: false },
      epss: { probability: 0.5, percentile: 0.9, date: '2024-10-25' },
      severities: [{ source: 'nvd', level: 'high', text: 'HIGH', vector: null }],
      rejected: false,
    };
    const report = matched([curl], { advisories, enrichment: [['CVE-2024-0001', enrichment]] });
    // Both must hold no more: the higher of the two fixes.
    expect(rows(report)).toEqual(['CVE-2024-0001 fixed 7.88.1-12', 'CVE-2024-0002 fixed 7.88.1-11']);
    expect(report.vulnerabilities![0]).toMatchObject({
      aliases: ['DEBIAN-CVE-2024-0001', 'DSA-1'],
      advisory: { id: 'DEBIAN-CVE-2024-0001', url: 'https://example.org/1' },
      sources: [{ id: 'DEBIAN-CVE-2024-0001' }, { id: 'DSA-1' }],
      severity: 'high',
      severitySource: 'nvd',
      epss: { probability: 0.5 },
      kev: { added: '2024-01-05' },
      published: '2024-01-02T00:00:00Z',
      layer: 1,
      confidence: 'high',
    });
    expect(report.inputs.db).toMatch(/^sha256:/);
    expect(report.completeness).toMatchObject({ status: 'complete', feeds: [{ ecosystem: 'Debian:12', records: 2 }] });
  });

  it('say where the vendor stands', () => {
    const postponed = debian('curl', null, { status: 'fix_deferred', vendorStatus: 'postponed' });
    const report = matched([curl], { advisories: [advisory({ id: 'CVE-2024-0001', affected: [postponed] })] });
    expect(report.vulnerabilities![0]).toMatchObject({
      status: 'fix_deferred',
      vendorStatus: 'postponed',
      fixedVersion: null,
    });
  });

  it('a fix of an rpm is shown as rpm shows it: without an epoch of 0', () => {
    const bash = samplePackage({ name: 'bash', version: '4.4.20-1.el8', type: 'rpm' });
    const affected = [entry('AlmaLinux:8', 'bash', '0:4.4.20-2.el8', { nameOf: 'binary' })];
    const os = { id: 'almalinux', versionId: '8.6', prettyName: null, eol: null };
    const report = reportOf(bash);
    const database = new MemoryAdvisories([advisory({ id: 'CVE-2024-0001', affected })]);
    expect(rows(matchVulnerabilities({ ...report, image: { ...report.image, os } }, database))).toEqual([
      'CVE-2024-0001 fixed 4.4.20-2.el8',
    ]);
  });

  it('of several builds of a module’s fix, the first is named; that of another erratum is another fix', () => {
    const php = samplePackage({ type: 'rpm', arch: 'x86_64', name: 'php', version: '7.4.19-1.module_el8.5.0+1+1' });
    const builds = ['7.4.19-4.module_el8.6.0+3239+bedf0508', '7.4.19-4.module_el8.6.0+3238+624bf8b8'];
    const of = (fixed: string) => entry('AlmaLinux:8', 'php', fixed, { nameOf: 'binary' });
    const os = { id: 'almalinux', versionId: '8.6', prettyName: null, eol: null };
    const found = (...advisories: Advisory[]) => {
      const report = reportOf(php);
      return rows(
        matchVulnerabilities({ ...report, image: { ...report.image, os } }, new MemoryAdvisories(advisories)),
      );
    };
    const erratum = (id: string, ...fixes: string[]) =>
      advisory({ id, aliases: ['CVE-2024-0001'], affected: fixes.map(of) });
    expect(found(erratum('ALSA-1', ...builds))).toEqual([`CVE-2024-0001 fixed ${builds[1]}`]);
    expect(found(erratum('ALSA-1', builds[1]!), erratum('ALSA-2', builds[0]!))).toEqual([
      `CVE-2024-0001 fixed ${builds[0]}`,
    ]);
  });

  it('of several kernels that are installed, each is judged by itself', () => {
    const kernels = ['5.14.0-70.el9', '5.14.0-503.el9'].map((version) =>
      samplePackage({ type: 'rpm', arch: 'x86_64', name: 'kernel-core', version }),
    );
    const affected = [entry('AlmaLinux:9', 'kernel-core', '5.14.0-284.el9', { nameOf: 'binary' })];
    const os = { id: 'almalinux', versionId: '9.5', prettyName: null, eol: null };
    const report = reportOf(...kernels);
    const database = new MemoryAdvisories([advisory({ id: 'CVE-2024-0001', affected })]);
    const { vulnerabilities } = matchVulnerabilities({ ...report, image: { ...report.image, os } }, database);
    expect(vulnerabilities!.map(({ packageId }) => packageId)).toEqual([kernels[0]!.id]);
  });

  it('the vendor’s own feed goes before what others made of it', () => {
    const own = (fields: Partial<AffectedPackage>) =>
      advisory({ id: 'CVE-2024-0001', source: 'debian-tracker', affected: [debian('curl', '1', fields)] });
    const osv = advisory({ id: 'DEBIAN-CVE-2024-0001', aliases: ['CVE-2024-0001'], affected: [debian('curl', '9')] });
    expect(rows(matched([curl], { advisories: [osv] }))).toHaveLength(1);
    expect(rows(matched([curl], { advisories: [own({}), osv] }))).toEqual([]);
    const denied = own({ status: 'not_affected', ranges: [] });
    expect(rows(matched([curl], { advisories: [denied, osv] }))).toEqual([]);
    // For other versions it denies nothing.
    const elsewhere = own({ status: 'not_affected', ranges: upTo('1') });
    expect(rows(matched([curl], { advisories: [elsewhere, osv] }))).toHaveLength(1);
  });

  it('sources of one rank that disagree: affected, and less sure', () => {
    const go = samplePackage({ type: 'golang', name: 'example.org/m', version: 'v1.7.0', arch: null });
    const advisories = [
      advisory({ id: 'GHSA-1', aliases: ['CVE-2024-0001'], affected: [entry('Go', go.name, '2.0.0')] }),
      advisory({ id: 'GO-1', aliases: ['CVE-2024-0001'], affected: [entry('Go', go.name, '1.5.0')] }),
    ];
    expect(matched([go], { advisories }).vulnerabilities).toMatchObject([
      { id: 'CVE-2024-0001', fixedVersion: '2.0.0', confidence: 'medium', reason: 'GO-1 does not hold this version' },
    ]);
  });

  it('a version that does not compare is unknown, with a gap, and never "not affected"', () => {
    const go = samplePackage({ type: 'golang', name: 'example.org/m', version: '(devel)', arch: null });
    const report = matched([go], { advisories: [advisory({ id: 'GO-1', affected: [entry('Go', go.name, '1.5.0')] })] });
    expect(report.vulnerabilities).toMatchObject([
      { id: 'GO-1', status: 'unknown', confidence: 'low', fixedVersion: null },
    ]);
    expect(report.vulnerabilities![0]!.reason).toContain('"(devel)"');
    expect(codes(report)).toEqual(['version-incomparable']);
    expect(report.completeness.status).toBe('complete');
  });

  it('a fix that a feed misspells is compared as apk compares it', () => {
    // Alpine had 20.10.11.r0 for 20.10.11-r0.
    const affected = [entry('Alpine:v3.14', 'docker', '20.10.11.r0', { nameOf: 'source' })];
    const database = new MemoryAdvisories([advisory({ id: 'CVE-2024-0001', affected })]);
    const os = { id: 'alpine', versionId: '3.14.0', prettyName: null, eol: null };
    const found = (version: string) => {
      const report = reportOf(samplePackage({ type: 'apk', name: 'docker', version, arch: 'x86_64' }));
      const image = { ...report.image, os, repositories: [] };
      return rows(matchVulnerabilities({ ...report, image }, database));
    };
    expect(found('20.10.7-r0')).toEqual(['CVE-2024-0001 fixed 20.10.11.r0']);
    expect(found('20.10.11_rc1-r0')).toHaveLength(1);
    expect(found('20.10.11-r0')).toEqual([]);
  });

  it('a rejected CVE is none', () => {
    const rejected = { kev: null, epss: null, severities: [], rejected: true };
    const advisories = [advisory({ id: 'CVE-2024-0001', affected: [debian('curl', '9')] })];
    expect(rows(matched([curl], { advisories, enrichment: [['CVE-2024-0001', rejected]] }))).toEqual([]);
  });

  it('no fix is named that does not end it', () => {
    const advisories = [
      advisory({ id: 'CVE-2024-0001', affected: [debian('curl', '8')] }),
      advisory({ id: 'DSA-2', aliases: ['CVE-2024-0001'], affected: [debian('curl', null)] }),
    ];
    expect(rows(matched([curl], { advisories }))).toEqual(['CVE-2024-0001 affected null']);
  });
});

describe('who judges', () => {
  const requests = samplePackage({ type: 'pypi', name: 'requests', version: '2.20.0', arch: null });
  const deb = samplePackage({ name: 'python3-requests', version: '2.20.0-2' });
  const owned = { ...requests, ownedBy: deb.id };
  const upstream = advisory({ id: 'GHSA-1', affected: [entry('PyPI', 'requests', '2.32.0')] });
  const distribution = advisory({ id: 'CVE-1', affected: [debian('other', '1')] });

  it('the distribution, of language packages that its packages own', () => {
    expect(rows(matched([deb, owned], { advisories: [upstream, distribution] }))).toEqual([]);
    expect(rows(matched([deb, requests], { advisories: [upstream, distribution] }))).toHaveLength(1);
  });

  it('the language, where somebody else built that package, or the distribution has no feed', () => {
    const docker = { ...deb, vendor: 'Docker <support@docker.com>' };
    const foreign = matched([docker, owned], { advisories: [upstream, distribution] });
    expect(rows(foreign)).toHaveLength(1);
    expect(codes(foreign)).toEqual(['third-party-packages']);
    const withoutFeed = matched([deb, owned], { advisories: [upstream] });
    expect(rows(withoutFeed)).toHaveLength(1);
    expect(codes(withoutFeed)).toEqual(['distribution-without-feed']);
  });

  it('nobody, of what others built in the format of the distribution', () => {
    const pgdg = samplePackage({
      name: 'postgresql-16',
      version: '16.1-1.pgdg120+1',
      source: { name: 'curl', version: null },
    });
    const advisories = [advisory({ id: 'CVE-1', affected: [debian('curl', '99')] })];
    const report = matched([pgdg], { advisories });
    expect(rows(report)).toEqual([]);
    expect(codes(report)).toEqual(['third-party-packages']);
  });
});

describe('what is not judged is said', () => {
  it('no database: nothing is judged, and the one command to run is named', () => {
    const report = matchVulnerabilities(reportOf(curl), null);
    expect(report.vulnerabilities).toEqual([]);
    expect(report.inputs.db).toBeNull();
    expect(report.completeness).toMatchObject({ status: 'partial', withoutFeed: ['Debian:12'], feeds: [] });
    expect(report.completeness.gaps).toMatchObject([
      { code: 'advisory-database-missing', class: 'blocking', message: expect.stringContaining('plimsoll db update') },
    ]);
  });

  it('a distribution without feed blocks, a language does not', () => {
    const gem = samplePackage({ type: 'gem', name: 'rails', version: '1', arch: null });
    const report = matched([curl, gem], { advisories: [advisory({ id: 'A', affected: [entry('npm', 'x', '1')] })] });
    expect(report.completeness).toMatchObject({ status: 'partial', withoutFeed: ['Debian:12', 'RubyGems'] });
    expect(codes(report)).toEqual(['distribution-without-feed', 'ecosystem-without-feed']);
  });

  it('the starter set stands in for every feed, and says what it is', () => {
    const advisories = [advisory({ id: 'CVE-2024-0001', affected: [debian('curl', '9')] })];
    const gem = samplePackage({ type: 'gem', name: 'rails', version: '1', arch: null });
    const report = matched([curl, gem], { advisories, info: { starter: true } });
    expect(rows(report)).toHaveLength(1);
    expect(report.completeness).toMatchObject({ status: 'complete', withoutFeed: [] });
    expect(report.completeness.gaps[0]).toMatchObject({
      code: 'starter-database',
      message: expect.stringContaining('no real database'),
    });
  });

  it.each([
    ['debian', '12', 'Debian:12', true],
    ['debian', '11', 'Debian:12', false],
    ['alpine', '3.18.4', 'Alpine:v3.18', true],
    ['rhel', '9.4', 'Red Hat:9', true],
    // Its own support ended years before that of what it rebuilt.
    ['centos', '8', 'Red Hat:8', false],
  ])('the end of support of %s %s from that of %s: %s', (id, versionId, ecosystem, known) => {
    const endOfLife = [{ ecosystem, eol: '2026-06-10', extendedEol: null, source: 'distro-info' }];
    const report = reportOf(curl);
    const os = { id, versionId, prettyName: null, eol: null };
    const judged = matchVulnerabilities(
      { ...report, image: { ...report.image, os } },
      new MemoryAdvisories([], [], { endOfLife }),
    );
    expect(judged.image.os!.eol).toBe(known ? '2026-06-10' : null);
  });

  it('matching again replaces what an earlier matching said', () => {
    const first = matchVulnerabilities(reportOf(curl), null);
    const advisories = [advisory({ id: 'CVE-2024-0001', affected: [debian('curl', '9')] })];
    const database = new MemoryAdvisories(advisories);
    const again = matchVulnerabilities(first, database);
    expect(again).toEqual(matchVulnerabilities(reportOf(curl), database));
    expect(again.completeness).toMatchObject({ status: 'complete', gaps: [] });
  });
});
