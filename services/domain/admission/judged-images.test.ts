import { describe, expect, test } from 'vitest';
import { sampleReport } from '../../../test/support/sample-report.ts';
import type { Report } from '../report/report.ts';
import { imageVerdict } from '../verdict/judged-image.ts';
import { imageVerdictOf } from './judged-images.ts';

type Vulnerability = NonNullable<Report['vulnerabilities']>[number];
type Violation = NonNullable<Report['verdict']>['violations'][number];

const DIGEST = `sha256:${'a'.repeat(64)}`;
const row = (changes: Partial<Vulnerability>) =>
  ({ severity: 'high', status: 'affected', fixedVersion: null, kev: null, ...changes }) as Vulnerability;
const violation = (changes: Partial<Violation> = {}): Violation => {
  return { policy: 'p', rule: 'a', level: 'error', mode: 'deny', message: 'm', evidence: {}, exempt: null, ...changes };
};

function verdictOf(violations: readonly Violation[], vulnerabilities: Report['vulnerabilities'] = []) {
  const base = sampleReport();
  const verdict = {
    decision: 'fail' as const,
    violations,
    reasons: [
      { code: 'gap' as const, decides: 'unknown' as const, message: 'a gap' },
      { code: 'violated' as const, decides: 'fail' as const, message: 'a: m' },
    ],
    policies: [],
    gate: { failOn: null, severities: null, ignoreUnfixed: false, against: null },
  };
  return imageVerdictOf({
    ...base,
    target: { ...base.target, digest: DIGEST },
    vulnerabilities,
    verdict,
  } as unknown as Report);
}

describe('what is kept of a verdict', () => {
  test('counts what is not suppressed and compares', () => {
    const kept = verdictOf(
      [],
      [
        row({}),
        row({ fixedVersion: '2', kev: { added: '2026-01-01', due: null, ransomware: false } }),
        row({ severity: 'low', fixedVersion: '2' }),
        row({ status: 'unknown' }),
        row({ suppressed: { by: 'vex' } as Vulnerability['suppressed'] }),
      ],
    );
    expect(imageVerdict.parse(kept)).toEqual(kept);
    expect(kept?.counts?.total).toMatchObject({ high: 2, low: 1, critical: 0 });
    expect(kept?.counts?.fixable).toMatchObject({ high: 1, low: 1 });
    expect(kept?.counts?.knownExploited).toBe(1);
    expect(kept?.reasons).toEqual(['a: m']);
  });
  test('has some of every rule, what denies first, and says how many there were', () => {
    const many = Array.from({ length: 200 }, () => violation({ rule: 'b', message: 'x'.repeat(1_000) }));
    const kept = verdictOf([violation({ mode: 'warn' }), ...many, violation({ rule: 'c' })])!;
    expect(kept.violationCount).toBe(202);
    expect(kept.violations).toHaveLength(50);
    expect(new Set(kept.violations.map(({ rule }) => rule))).toEqual(new Set(['a', 'b', 'c']));
    expect(kept.violations[0]).toMatchObject({ rule: 'b', mode: 'deny' });
    expect(Math.max(...kept.violations.map(({ message }) => message.length))).toBe(300);
  });
  test('leaves out what does not count', () => {
    const exempt = { by: 'exception' as const, reason: 'r', owner: 'o', expires: '2026-12-31' };
    expect(verdictOf([violation({ exempt }), violation({ mode: 'audit' })])?.violations).toEqual([]);
  });
  test('is nothing without a digest or a verdict', () => {
    const base = sampleReport();
    expect(imageVerdictOf({ ...base, target: { ...base.target, digest: null } })).toBeNull();
    expect(
      imageVerdictOf({ ...base, target: { ...base.target, digest: DIGEST }, verdict: undefined } as unknown as Report),
    ).toBeNull();
  });
});
