import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderDocument } from '../../services/cli/render-document.ts';
import type { Report, ReportDocument, Vulnerability } from '../../services/domain/report/report.ts';
import { REPOSITORY } from '../support/repository.ts';
import { oddReport, sampleReport, sampleVulnerability } from '../support/sample-report.ts';
import { sarifValidator } from '../support/sarif-schema.ts';

/** SARIF: valid by the schema, and equal in full to the reviewed file. */

const faults = sarifValidator();
const GOLDEN = join(REPOSITORY, 'test/golden/sample.sarif');

const text = (document: ReportDocument): Promise<string> =>
  renderDocument(document, 'sarif', { width: 80, colour: false });
/** What the tests look at of it. */
interface Run {
  readonly automationDetails: { readonly id: string };
  readonly tool: {
    readonly driver: {
      readonly rules: {
        id?: string;
        help: { text: string };
        properties: { tags: string[]; 'security-severity'?: string };
      }[];
    };
  };
  readonly results: {
    readonly ruleId: string;
    readonly ruleIndex: number;
    level: string;
    message?: object;
    locations: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }[];
    partialFingerprints: Record<string, string>;
    suppressions?: object[];
  }[];
}
const sarif = async (document: ReportDocument) => JSON.parse(await text(document)) as { readonly runs: readonly [Run] };

const SUPPRESSED = {
  by: 'exception',
  status: null,
  justification: null,
  reason: 'The server never speaks SOCKS.',
  owner: 'shop-team',
  source: 'exceptions.yaml #1',
  expires: '2026-09-30',
} as const;

function judgedReport(): Report {
  const { packages, ...report } = sampleReport();
  const odd = { name: 'left[pad]', version: '1.0.0', type: 'npm', arch: null };
  const npm = {
    ...packages[0]!,
    ...odd,
    id: 'npm',
    purl: 'pkg:npm/left%5Bpad%5D@1.0.0',
    paths: ['srv/a b/ü/package.json', 'srv/c/package.json'],
  };
  const curl = packages.find(({ name }) => name === 'curl')!;
  const rows: Vulnerability[] = [
    sampleVulnerability({
      id: 'CVE-2024-0002',
      severity: 'low',
      severitySource: 'debian',
      fixedVersion: null,
      status: 'will_not_fix',
    }),
    sampleVulnerability({ id: 'CVE-2024-0001', suppressed: SUPPRESSED, layer: 1 }),
    sampleVulnerability({
      id: 'GHSA-aaaa-bbbb-cccc',
      packageId: 'npm',
      purl: npm.purl,
      installedVersion: '1.0.0',
      fixedVersion: '2.0.0',
      severity: 'critical',
      cvss: [],
      kev: { added: '2024-01-01', due: null, ransomware: false },
      layer: 2,
    }),
    sampleVulnerability({
      id: 'CVE-2024-0003',
      severity: 'unknown',
      severitySource: null,
      status: 'unknown',
      reason: '"x" is no version',
      cvss: [],
      confidence: 'low',
    }),
  ].map((row) => (row.packageId === 'npm' ? row : { ...row, packageId: curl.id, purl: curl.purl }));
  const violation = { policy: 'builtin', level: 'error', mode: 'deny', exempt: null } as const;
  return {
    ...report,
    packages: [...packages, npm],
    vulnerabilities: rows,
    verdict: {
      decision: 'fail',
      reasons: [],
      policies: [],
      gate: { failOn: null, severities: null, ignoreUnfixed: false, against: null },
      violations: [
        {
          ...violation,
          rule: 'known_exploited',
          message: 'GHSA-aaaa-bbbb-cccc is exploited',
          evidence: { vulnerability: 'GHSA-aaaa-bbbb-cccc' },
        },
        {
          ...violation,
          rule: 'denied_licence',
          message: 'curl is under GPL {0}',
          evidence: { package: curl.id, purl: curl.purl },
          exempt: { by: 'baseline', reason: 'known before', owner: null, expires: null },
        },
        { ...violation, rule: 'end_of_life', mode: 'warn', message: 'Debian 12 is over', evidence: {} },
      ],
    },
  };
}

describe('SARIF', () => {
  test('is the reviewed file, byte for byte', async () => {
    expect(await text(judgedReport())).toBe(readFileSync(GOLDEN, 'utf8'));
  });

  test.each<[string, () => ReportDocument]>([
    ['a judged report', judgedReport],
    ['a report without vulnerabilities', sampleReport],
    ['texts that formats trip over', oddReport],
    [
      'several platforms',
      () => ({
        schemaVersion: '1',
        index: { kind: 'oci-dir', reference: 'l', digest: null },
        reports: [judgedReport(), sampleReport()],
      }),
    ],
  ])('is valid for %s', async (_, report) => {
    expect(faults(await sarif(report()))).toEqual([]);
  });

  test.each<[string, (run: Run) => void]>([
    [
      'a level of its own',
      (run) => {
        run.results[0]!.level = 'critical';
      },
    ],
    [
      'a result without a message',
      (run) => {
        delete run.results[0]!.message;
      },
    ],
    [
      'a rule without an id',
      (run) => {
        delete run.tool.driver.rules[0]!.id;
      },
    ],
    [
      'a URI that is none',
      (run) => {
        run.results[0]!.locations[0]!.physicalLocation.artifactLocation.uri = 'a b';
      },
    ],
    [
      'a key that SARIF does not know',
      (run) => {
        Object.assign(run.results[0]!, { severity: 'high' });
      },
    ],
    [
      'a suppression without a kind',
      (run) => {
        run.results.find((each) => each.suppressions)!.suppressions![0] = {};
      },
    ],
  ])('with %s is refused', async (_, mutate) => {
    const document = await sarif(judgedReport());
    expect(faults(document)).toEqual([]);
    mutate(document.runs[0]);
    expect(faults(document)).not.toEqual([]);
  });

  test('has what code scanning asks for, and nothing that its limits refuse', async () => {
    const [run] = (await sarif(judgedReport())).runs;
    const { rules } = run.tool.driver;
    for (const result of run.results) {
      expect(rules[result.ruleIndex]!.id).toBe(result.ruleId);
      const { physicalLocation } = result.locations[0]!;
      expect(physicalLocation.region.startLine).toBe(1);
      expect(physicalLocation.artifactLocation.uri).toMatch(/^(?![/.]{1,2}$)[^\s:]+$/);
      expect(result.partialFingerprints.primaryLocationLineHash).toMatch(/^[0-9a-f]{16}:1$/);
    }
    for (const rule of rules) {
      expect(rule.help.text).not.toBe('');
      expect(rule.properties.tags.length).toBeLessThanOrEqual(20);
    }
    expect(new Set(run.results.map((each) => each.partialFingerprints['plimsoll/v1'])).size).toBe(run.results.length);
  });

  test('an alert stays the same after an upgrade that does not help, and each category is of one image', async () => {
    const before = judgedReport();
    const packages = before.packages.map((item) => ({
      ...item,
      version: '9',
      purl: item.purl.replace(/@[^?]*/, '@9'),
    }));
    const rows = before.vulnerabilities!.map((row) => ({
      ...row,
      installedVersion: '9',
      purl: row.purl.replace(/@[^?]*/, '@9'),
    }));
    const prints = async (report: Report) =>
      (await sarif(report)).runs[0].results.map((each) => each.partialFingerprints['plimsoll/v1']);
    expect(await prints({ ...before, packages, vulnerabilities: rows })).toEqual(await prints(before));
    const categoryOf = async (reference: string, platform: string) => {
      const report = { ...before, target: { ...before.target, kind: 'registry' as const, reference, platform } };
      return (await sarif(report)).runs[0].automationDetails.id;
    };
    const host = 'registry.example.org:5000/shop/app';
    expect(await categoryOf(`${host}:1`, 'linux/amd64')).toBe(
      await categoryOf(`${host}:2@sha256:${'a'.repeat(64)}`, 'linux/amd64'),
    );
    expect(await categoryOf(`${host}:1`, 'linux/arm64')).not.toBe(await categoryOf(`${host}:1`, 'linux/amd64'));
    expect(await categoryOf(`${host}`, 'linux/amd64')).toBe('plimsoll/registry.example.org:5000/shop/app/linux/amd64/');
  });

  test('a severity is never shown as another than was decided', async () => {
    const scores = async (facts: Partial<Vulnerability>) => {
      const report = { ...sampleReport(), vulnerabilities: [sampleVulnerability({ id: 'CVE-1', ...facts })] };
      return (await sarif(report)).runs[0].tool.driver.rules[0]!.properties['security-severity'];
    };
    const nvd = { source: 'nvd', version: '3.1', vector: 'x', score: 9.8 } as const;
    expect(await scores({ severity: 'critical', cvss: [nvd] })).toBe('9.8');
    expect(await scores({ severity: 'low', severitySource: 'debian', cvss: [nvd] })).toBe('2.0');
    expect(
      await scores({
        severity: 'high',
        severitySource: 'ghsa',
        cvss: [nvd, { ...nvd, score: 8.8 }, { ...nvd, source: 'ghsa', score: 7.1 }],
      }),
    ).toBe('7.1');
    expect(await scores({ severity: 'unknown', cvss: [nvd] })).toBeUndefined();
  });
});
