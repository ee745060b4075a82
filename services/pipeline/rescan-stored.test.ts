import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { advisory, affectedPackage } from '../../test/support/advisory.ts';
import { MemoryAdvisories } from '../../test/support/memory-advisories.ts';
import { samplePackage, sampleReport } from '../../test/support/sample-report.ts';
import type { Report } from '../domain/report/report.ts';
import { serializeReport } from '../domain/report/serialize.ts';
import { DEFAULT_POLICY_SETTINGS } from '../domain/verdict/plan.ts';
import { rescanStored } from './rescan-stored.ts';
import type { JudgedImage, RejudgedReports } from './store-ports.ts';

const LATER = '2026-06-01T00:00:00Z';
const CVE = 'CVE-2024-0001';
const affected = affectedPackage({
  ecosystem: 'Debian:12',
  name: 'curl',
  nameOf: 'source',
  ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '9' }] }],
});
const database = new MemoryAdvisories([advisory({ id: CVE, affected: [affected] })], [], {});
const evaluator = { policies: [], evaluate: async () => [] };
const options = { stage: 'ship', settings: DEFAULT_POLICY_SETTINGS, settingsDigest: null, failOn: null } as const;
const gate = { severities: null, ignoreUnfixed: false };

/** A store of one image's report, whose terms have moved on by the time that each of `overtaken` is to be stored. */
class OneReport implements RejudgedReports {
  readonly replaced: { image: JudgedImage; basis: string; revision: string }[] = [];
  readonly opened: string[] = [];
  #revision = 1;
  #overtaken: number;
  #outcome: 'stored' | 'newer';
  #report: Report;

  constructor({ overtaken = 0, outcome = 'stored' as 'stored' | 'newer' } = {}) {
    this.#overtaken = overtaken;
    this.#outcome = outcome;
    this.#report = { ...sampleReport(), packages: [samplePackage({ name: 'curl', version: '7.88.1-10' })] };
  }
  async reported(vulnerability: string | null, after: string | null) {
    return after === null && vulnerability === CVE ? ['sha256:a'] : [];
  }
  async stored() {
    const document = serializeReport(this.#report);
    return {
      document,
      documentDigest: 'sha256:basis',
      readBy: 'sha256:readers',
      decision: 'fail' as const,
      counts: {},
    };
  }
  async replace(image: JudgedImage, basis: string, revision: string) {
    if (this.#overtaken-- > 0) {
      this.#revision++;
      return 'overtaken' as const;
    }
    this.replaced.push({ image, basis, revision });
    return this.#outcome;
  }
  async openJudgement() {
    const revision = String(this.#revision);
    this.opened.push(revision);
    const exception = {
      vulnerability: CVE,
      reason: 'r',
      owner: 'o',
      expires: '2999-01-01',
      name: `exception ${revision}`,
    };
    const digests = { exceptions: `sha256:${revision.repeat(64)}`, vex: null };
    const bundleVerifier = () => Promise.reject(new Error('nothing is signed'));
    return {
      revision,
      matching: { database, suppressions: { exceptions: [exception], vex: [], digests }, bundleVerifier },
      judging: { evaluator, options: { ...options, gate, against: null } },
      close: async () => void this.opened.push('closed'),
    };
  }
}

const rescan = (reports: OneReport, vulnerability: string | null = CVE, signal = new AbortController().signal) =>
  rescanStored(vulnerability, signal, {
    reports,
    openJudgement: () => reports.openJudgement(),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    clock: { elapsed: () => 0 },
    moment: () => LATER,
  });

it('judges a stored report by what holds now, as of now, and keeps by what it was read', async () => {
  const reports = new OneReport();
  expect(await rescan(reports)).toEqual({ judged: 1, changed: 1 });
  const [{ image, basis, revision }] = reports.replaced as [(typeof reports.replaced)[number]];
  expect([basis, revision, image.readBy]).toEqual(['sha256:basis', '1', 'sha256:readers']);
  expect(image.report.createdAt).toBe(LATER);
  expect(image.report.inputs.exceptions).toBe(`sha256:${'1'.repeat(64)}`);
  expect(image.report.vulnerabilities?.map(({ suppressed }) => suppressed?.source)).toEqual(['exception 1']);
  expect(reports.opened).toEqual(['1', 'closed']);
});

it('judges again where what it judged by has changed meanwhile', async () => {
  const reports = new OneReport({ overtaken: 2 });
  expect(await rescan(reports)).toMatchObject({ judged: 1 });
  expect(reports.replaced.map(({ revision }) => revision)).toEqual(['3']);
  expect(reports.opened).toEqual(['1', 'closed', '2', 'closed', '3', 'closed']);
});

it('leaves what was scanned meanwhile, and what does not name the vulnerability', async () => {
  expect(await rescan(new OneReport({ outcome: 'newer' }))).toEqual({ judged: 0, changed: 0 });
  const reports = new OneReport();
  expect(await rescan(reports, 'CVE-2024-0002')).toEqual({ judged: 0, changed: 0 });
  expect(reports.replaced).toEqual([]);
});

it('ends where it is told to, and closes what it opened', async () => {
  const reports = new OneReport();
  await expect(rescan(reports, CVE, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  expect(reports.opened).toEqual(['1', 'closed']);
});
