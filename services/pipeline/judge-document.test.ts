import { expect, it } from 'vitest';
import { advisory, affectedPackage } from '../../test/support/advisory.ts';
import { MemoryAdvisories } from '../../test/support/memory-advisories.ts';
import { samplePackage, sampleReport } from '../../test/support/sample-report.ts';
import type { Report } from '../domain/report/report.ts';
import { DEFAULT_POLICY_SETTINGS } from '../domain/verdict/plan.ts';
import type { Policy } from '../domain/verdict/policy.ts';
import type { VulnerabilityException } from '../domain/vulnerabilities/exceptions.ts';
import { type Judging, judgeDocument, type Matching } from './judge-document.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const rule = { title: 'any', description: '', level: 'error', critical: false, mode: 'deny', needs: [], params: {} };
const policy = { name: 'test', digest, builtin: false, rules: [{ id: 'any', ...rule }] } as unknown as Policy;

/** Denies every vulnerability that is not suppressed. */
const judging: Judging = {
  evaluator: {
    policies: [policy],
    evaluate: async ({ report }) => {
      const rows = report?.vulnerabilities?.filter(({ suppressed }) => suppressed === undefined) ?? [];
      return [{ policy, violations: rows.map(({ id }) => ({ rule: 'any', message: id })) }];
    },
  },
  options: {
    stage: 'ship',
    settings: DEFAULT_POLICY_SETTINGS,
    settingsDigest: null,
    gate: { severities: null, ignoreUnfixed: false },
    failOn: null,
    against: null,
  },
};

const accepted: VulnerabilityException = {
  name: 'exceptions.yaml #1',
  vulnerability: 'CVE-2024-0001',
  reason: 'not reachable',
  owner: 'security',
  expires: '2999-01-01',
};

const affected = affectedPackage({
  ecosystem: 'Debian:12',
  name: 'curl',
  nameOf: 'source',
  ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '9' }] }],
});
const database = new MemoryAdvisories([advisory({ id: 'CVE-2024-0001', affected: [affected] })], [], {});

const matching = (exceptions: readonly VulnerabilityException[]): Matching => ({
  database,
  suppressions: { exceptions, vex: [], digests: { exceptions: digest, vex: null } },
  bundleVerifier: () => Promise.reject(new Error('nothing was found that is signed')),
});

function scanned(): Report {
  const report = sampleReport();
  const completeness = { ...report.completeness, status: 'complete' as const, gaps: [], withoutFeed: [] };
  return { ...report, packages: [samplePackage({ name: 'curl', version: '7.88.1-10' })], completeness };
}

const dependencies = { sha256: () => 'b'.repeat(64), clock: { elapsed: () => 7 } };
const judged = async (report: Report, steps: Parameters<typeof judgeDocument>[1]) =>
  (await judgeDocument(report, steps, dependencies)) as Report;

it('matches, and judges what was matched', async () => {
  const { vulnerabilities, verdict, inputs, timings } = await judged(scanned(), { matching: matching([]), judging });
  expect(vulnerabilities?.map(({ id }) => id)).toEqual(['CVE-2024-0001']);
  expect(verdict?.decision).toBe('fail');
  expect(inputs).toMatchObject({ exceptions: digest, policy: digest });
  expect(timings.matchMs).toBe(0);
});

it('suppresses before it judges: what an exception covers denies nothing, and stays in the report', async () => {
  const { vulnerabilities, verdict } = await judged(scanned(), { matching: matching([accepted]), judging });
  expect(vulnerabilities?.map(({ suppressed }) => suppressed?.owner)).toEqual(['security']);
  expect(verdict?.violations).toEqual([]);
});

it('judges a judged report anew as it did the first time', async () => {
  const steps = { matching: matching([]), judging };
  const once = await judged(scanned(), steps);
  expect(await judged(once, steps)).toEqual(once);
});

it('a missing database is a blocking gap, and no pass', async () => {
  const { verdict } = await judged(scanned(), { matching: { ...matching([]), database: null }, judging });
  expect(verdict?.decision).toBe('unknown');
});

it('judges every report of an index', async () => {
  const index = { kind: 'oci-dir' as const, reference: './layout', digest };
  const document = { schemaVersion: '1' as const, index, reports: [scanned(), scanned()] };
  const { reports } = (await judgeDocument(document, { matching: matching([]), judging }, dependencies)) as never as {
    reports: Report[];
  };
  expect(reports.map(({ verdict }) => verdict?.decision)).toEqual(['fail', 'fail']);
});

it('leaves out what was not asked for', async () => {
  expect(await judged(scanned(), { matching: null, judging: null })).toEqual(scanned());
});
