import { describe, expect, test } from 'vitest';
import { samplePackage, sampleVulnerability } from '../../../test/support/sample-report.ts';
import type { ReportPackage, Vulnerability } from '../report/report.ts';
import { countSeverities, upgradesOf } from './upgrades.ts';

const openssl = (name: string, layer = 0) =>
  samplePackage({ name, version: '3.0.11-1', source: { name: 'openssl', version: null }, layer });
const of = (each: ReportPackage, id: string, facts: Partial<Vulnerability> = {}) =>
  sampleVulnerability({ id, packageId: each.id, installedVersion: each.version, ...facts });
const rows = (packages: ReportPackage[], vulnerabilities: Vulnerability[]) =>
  upgradesOf({ packages, vulnerabilities }).map(({ packages: names, to, resolves, layer }) => [
    names.join(),
    to,
    Object.fromEntries(resolves),
    layer,
  ]);

describe('upgrades', () => {
  test('packages of one source go together, to the lowest version that resolves all, by the order of their kind', () => {
    const [a, b] = [openssl('openssl'), openssl('libssl3')];
    const found = [
      of(a, 'CVE-1', { fixedVersion: '3.0.9-1', severity: 'low' }),
      of(b, 'CVE-1', { fixedVersion: '3.0.9-1', severity: 'low' }),
      of(b, 'CVE-2', { fixedVersion: '3.0.15-1', severity: 'critical' }),
    ];
    expect(rows([a, b], found)).toEqual([['libssl3,openssl', '3.0.15-1', { critical: 1, low: 1 }, 0]]);
    expect(rows([a, openssl('libssl3', 1)], found)[0]!.at(-1)).toBeNull();
  });

  test('the exploited first, then the worst, then the most', () => {
    const names = ['a', 'b', 'c', 'd'];
    const packages = names.map((name) => samplePackage({ name, version: '1' }));
    const [a, b, c, d] = packages as [ReportPackage, ReportPackage, ReportPackage, ReportPackage];
    const found = [
      of(a, 'CVE-1', { severity: 'high' }),
      of(b, 'CVE-1', { severity: 'high' }),
      of(b, 'CVE-2', { severity: 'high' }),
      of(c, 'CVE-3', { severity: 'critical' }),
      of(d, 'CVE-4', { severity: 'low', kev: { added: '2025-01-01', due: null, ransomware: false } }),
    ];
    expect(rows(packages, found).map(([name]) => name)).toEqual(['d', 'c', 'b', 'a']);
  });

  test('what has no fix, is suppressed, hidden or of no package is passed over', () => {
    const gone = samplePackage({ name: 'gone', version: '1', hiddenBy: 2 });
    const here = samplePackage({ name: 'here', version: '1' });
    const exception = { by: 'exception', status: null, justification: null, reason: 'r', owner: 'o' } as const;
    const found = [
      of(gone, 'CVE-1'),
      of(here, 'CVE-2', { status: 'affected', fixedVersion: null }),
      of(here, 'CVE-3', { status: 'unknown' }),
      of(here, 'CVE-4', { suppressed: { ...exception, source: 'x', expires: '2027-01-01' } }),
      sampleVulnerability({ id: 'CVE-5', packageId: 'nobody' }),
    ];
    expect(rows([gone, here], found)).toEqual([]);
  });

  test('versions that do not compare', () => {
    const python = samplePackage({ name: 'p', version: '1', type: 'pypi' });
    const found = [of(python, 'CVE-1', { fixedVersion: 'what?' }), of(python, 'CVE-2', { fixedVersion: '2.0' })];
    expect(rows([python], found)).toEqual([['p', '2.0', { high: 2 }, 0]]);
  });
});

test('an id counts once, by its worst severity; worst first', () => {
  const row = (id: string, severity: Vulnerability['severity']) => sampleVulnerability({ id, severity });
  const counts = countSeverities([row('CVE-1', 'low'), row('CVE-2', 'unknown'), row('CVE-1', 'high')]);
  expect([...counts]).toEqual([
    ['high', 1],
    ['unknown', 1],
  ]);
});
