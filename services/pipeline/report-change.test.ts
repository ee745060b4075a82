import { expect, it } from 'vitest';
import { sampleReport, sampleVulnerability } from '../../test/support/sample-report.ts';
import type { Report, Vulnerability } from '../domain/report/report.ts';
import { changeBetween } from './report-change.ts';

function reportWith(decision: 'pass' | 'fail', ...vulnerabilities: readonly Vulnerability[]): Report {
  const gate = { failOn: null, severities: null, ignoreUnfixed: false, against: null };
  return { ...sampleReport(), vulnerabilities: [...vulnerabilities], verdict: { ...VERDICT, gate, decision } };
}
const VERDICT = { violations: [], reasons: [], policies: [] };
const [first, second] = ['CVE-2024-0001', 'CVE-2024-0002'].map((id) => sampleVulnerability({ id }));

it('a report that says the same is no change, whatever EPSS and sources say', () => {
  const other = { ...first!, epss: null, sources: [], modified: null };
  expect(changeBetween(reportWith('fail', first!), reportWith('fail', other))).toBeNull();
});

it('says what appeared, vanished and changed', () => {
  const fixed = { ...second!, fixedVersion: '9', severity: 'critical' as const };
  const third = sampleVulnerability({ id: 'CVE-2024-0003' });
  expect(changeBetween(reportWith('fail', first!, second!), reportWith('fail', fixed, third))).toMatchObject({
    decision: { before: 'fail', after: 'fail' },
    appeared: [{ id: 'CVE-2024-0003' }],
    vanished: [{ id: 'CVE-2024-0001' }],
    altered: [{ before: { severity: 'high' }, after: { severity: 'critical', fixedVersion: '9' } }],
  });
});

it.each<[string, Partial<Vulnerability>]>([
  ['a status', { status: 'affected' }],
  ['a fix', { fixedVersion: '8' }],
  ['a severity', { severity: 'low' }],
  ['KEV', { kev: { added: '2024-01-01', due: null, ransomware: false } }],
  ['an exception', { suppressed: { by: 'exception' } as unknown as NonNullable<Vulnerability['suppressed']> }],
])('counts %s as a change', (_, more) => {
  const change = changeBetween(reportWith('fail', first!), reportWith('fail', { ...first!, ...more }));
  expect(change?.altered).toHaveLength(1);
});

it('counts a verdict that became another, with the same vulnerabilities', () => {
  expect(changeBetween(reportWith('pass', first!), reportWith('fail', first!))).toEqual({
    decision: { before: 'pass', after: 'fail' },
    appeared: [],
    vanished: [],
    altered: [],
  });
});

it('takes the same vulnerability of two packages for two', () => {
  const elsewhere = { ...first!, packageId: 'another' };
  expect(changeBetween(reportWith('fail', first!), reportWith('fail', first!, elsewhere))).toMatchObject({
    appeared: [{ packageId: 'another' }],
    vanished: [],
    altered: [],
  });
});
