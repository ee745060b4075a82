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
  expect(render([])).toBe('Vulnerabilities  none known.');
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

Vulnerabilities  4: 2 critical, 1 high, 1 low; 3 with a fix; 1 known to be exploited (!); 1 row suppressed.`);
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
