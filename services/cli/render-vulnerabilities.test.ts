import picocolors from 'picocolors';
import { expect, test } from 'vitest';
import { sampleReport, sampleVulnerability } from '../../test/support/sample-report.ts';
import type { Report, Vulnerability } from '../domain/report/report.ts';
import { renderVulnerabilities } from './render-vulnerabilities.ts';

const plain = picocolors.createColors(false);
const render = (vulnerabilities: Vulnerability[] | undefined, width = 80) => {
  const report: Report = { ...sampleReport(), ...(vulnerabilities && { vulnerabilities }) };
  return renderVulnerabilities(report, width, plain)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
};
const row = (name: string, facts: Partial<Vulnerability> & Pick<Vulnerability, 'id'>) => {
  const found = sampleReport().packages.find((each) => each.name === name)!;
  const { id, purl, version, layer } = found;
  return sampleVulnerability({ packageId: id, purl, installedVersion: version, layer, ...facts });
};

test('nothing where nothing was looked up; a word where nothing is known', () => {
  expect(render(undefined)).toBe('');
  const complete = { ...sampleReport().completeness, status: 'complete' as const };
  const blocks = renderVulnerabilities({ ...sampleReport(), completeness: complete, vulnerabilities: [] }, 80, plain);
  expect(blocks).toEqual([['Vulnerabilities  none known.']]);
  // Something was not seen: that is never called clean.
  expect(render([])).toBe('Vulnerabilities  none known of what was seen and judged.');
});

test('upgrades first, then what is exploited, what has a fix, and the rest, worst first', () => {
  const shown = render([
    row('libc6', { id: 'CVE-2026-0001', severity: 'critical', status: 'will_not_fix', fixedVersion: null }),
    row('curl', { id: 'CVE-2026-0002', severity: 'low', kev: { added: '2026-01-01', due: null, ransomware: false } }),
    row('libssl3', { id: 'CVE-2026-0003', severity: 'high', fixedVersion: '3.0.17-1~deb12u2' }),
    row('libssl3', { id: 'CVE-2026-0004', severity: 'critical', fixedVersion: '3.0.17-1~deb12u2' }),
    row('base-files', {
      id: 'CVE-2026-0005',
      suppressed: {
        by: 'vex',
        status: 'not_affected',
        justification: null,
        reason: null,
        owner: null,
        source: 'x',
        expires: null,
      },
    }),
  ]);
  expect(shown).toBe(`\
UPGRADE  INSTALLED           TO                  RESOLVES            LAYER
curl     7.88.1-10+deb12u12  7.88.1-10+deb12u13  exploited; 1 low        1
libssl3  3.0.15-1~deb12u1    3.0.17-1~deb12u2    1 critical, 1 high      1

SEVERITY  VULNERABILITY  PACKAGE  INSTALLED           FIXED IN             LAYER
low !     CVE-2026-0002  curl     7.88.1-10+deb12u12  7.88.1-10+deb12u13       1
critical  CVE-2026-0004  libssl3  3.0.15-1~deb12u1    3.0.17-1~deb12u2         1
high      CVE-2026-0003  libssl3  3.0.15-1~deb12u1    3.0.17-1~deb12u2         1
critical  CVE-2026-0001  libc6    2.36-9+deb12u9      won't fix           0 base

Vulnerabilities  4: 2 critical, 1 high, 1 low; 3 with a fix; 1 known to be
exploited (!); 1 from the base image; 1 row suppressed.`);
});

test('packages of one source that have it alike are one line', () => {
  const report = sampleReport();
  const [first] = report.packages;
  const source = { name: 'openssl', version: null };
  const packages = ['libssl3', 'openssl', 'libssl-dev'].map((name) => ({ ...first!, id: name, name, source }));
  const others = [
    { ...first!, id: 'later', name: 'openssl', layer: 2, source },
    { ...first!, id: 'other', name: 'wget', source: null },
  ];
  const vulnerabilities = [...packages, ...others].map(({ id, layer }) =>
    sampleVulnerability({ id: 'CVE-2026-0001', packageId: id, layer, installedVersion: '1' }),
  );
  const odd = sampleVulnerability({
    id: 'CVE-2026-0001',
    packageId: 'openssl',
    fixedVersion: null,
    status: 'affected',
  });
  const lists = renderVulnerabilities(
    { ...report, packages: [...packages, ...others], vulnerabilities: [...vulnerabilities, odd] },
    100,
    plain,
  );
  expect(lists[1]!.slice(1).map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    'high CVE-2026-0001 libssl-dev +2 1 7.88.1-10+deb12u13 1',
    'high CVE-2026-0001 openssl 1 7.88.1-10+deb12u13 2',
    'high CVE-2026-0001 wget 1 7.88.1-10+deb12u13 1',
    'high CVE-2026-0001 openssl 7.88.1-10+deb12u12 no fix yet 0 base',
  ]);
  // Counted are vulnerabilities, however many packages have them.
  expect(lists.at(-1)![0]).toMatch(/^Vulnerabilities {2}1: 1 high; 1 with a fix/);
});

test('ids stay whole in 80 columns', () => {
  const id = 'CVE-2026-1234567890';
  const lines = render([row('libssl3', { id, fixedVersion: '3.0.17-1~deb12u2+with+a+very+long+tail' })]).split('\n');
  expect(lines.filter((line) => line.includes(id))).toHaveLength(1);
  expect(lines.every((line) => line.length <= 80)).toBe(true);
});

test('the layers that the base image brought are named so, in narrow terminals too', () => {
  const lines = render([row('libc6', { id: 'CVE-2026-0001' })], 40).split('\n');
  expect(lines.some((line) => line.includes('0 base'))).toBe(true);
});

test('more upgrades than are worth a look are counted', () => {
  const many = Array.from({ length: 12 }, (_, i) => ({
    ...sampleReport().packages[0]!,
    id: `p${i}`,
    name: `p${i}`,
    source: null,
  }));
  const vulnerabilities = many.map(({ id }) => sampleVulnerability({ id: 'CVE-2026-0001', packageId: id }));
  const blocks = renderVulnerabilities({ ...sampleReport(), packages: many, vulnerabilities }, 80, plain);
  expect(blocks[0]!.at(-1)).toBe('… and 2 more upgrades that resolve less.');
});

test('what is exploited is loud, whatever it is rated', () => {
  const kev = { added: '2026-01-01', due: null, ransomware: false };
  const colours = picocolors.createColors(true);
  const shown = (facts: Partial<Vulnerability>) => {
    const vulnerabilities = [row('curl', { id: 'CVE-2026-0001', severity: 'unknown', ...facts })];
    return renderVulnerabilities({ ...sampleReport(), vulnerabilities }, 80, colours).map((lines) => lines[1]);
  };
  expect(shown({ kev })[1]).toContain(colours.bold(colours.red('unknown !')));
  expect(shown({ kev })[0]).toContain(colours.bold(colours.red('exploited; 1 unknown')));
  expect(shown({})[1]).toContain(colours.dim('unknown'));
});

test('of a project the file is named, of an installed system neither that nor a layer', () => {
  const report = sampleReport();
  const item = { ...report.packages[0]!, paths: ['app/package-lock.json'] };
  const vulnerabilities = [sampleVulnerability({ id: 'CVE-2026-0001', packageId: item.id, layer: null })];
  const headers = (kind: Report['target']['kind']) =>
    renderVulnerabilities(
      { ...report, target: { ...report.target, kind }, packages: [item], vulnerabilities },
      120,
      plain,
    ).map(([header, first]) => [header!.split(/ +/).at(-1), first?.split(/ +/).at(-1)]);
  expect(headers('dir').slice(0, 2)).toEqual([
    ['RESOLVES', 'high'],
    ['FILE', 'app/package-lock.json'],
  ]);
  expect(headers('rootfs').slice(0, 2)).toEqual([
    ['RESOLVES', 'high'],
    ['IN', '7.88.1-10+deb12u13'],
  ]);
  expect(headers('sbom')[1]![0]).toBe('LAYER');
});
