import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CheckedPolicy } from '../../services/adapters/opa/checked-policy.ts';
import { compilePolicy, manifestText } from '../../services/adapters/opa/compile-policy.ts';
import { messageOf } from '../../services/domain/errors.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import type { PolicyInput } from '../../services/domain/verdict/policy-input.ts';
import { type Sample, sample } from '../../services/domain/verdict/sample.ts';
import { checkSample } from '../../services/pipeline/check-sample.ts';
import { buildImage } from '../support/image-builder.ts';
import { file, type LayerEntry } from '../support/layer-builder.ts';
import { BUILTIN_BUNDLE, copiedPolicies, POLICIES, regoRule } from '../support/policy-bundles.ts';
import { samplePackage, sampleReport } from '../support/sample-report.ts';
import { ociTarget, runCommand, scratch } from '../support/scan.ts';
import { findGoTool } from '../tools/go-tools.ts';

const place = scratch('policy-commands');
const opa = findGoTool('opa');
const compiler = { opa: opa ?? 'opa', shared: POLICIES };
const withOpa = { environment: { PATH: [dirname(opa ?? ''), process.env.PATH].join(delimiter) } };

const bookworm = { ecosystem: 'Debian:12', records: 1, newest: '2026-02-28T00:00:00Z' };
type Vulnerability = NonNullable<Report['vulnerabilities']>[number];

function vulnerability(changes: Partial<Vulnerability> = {}): Vulnerability {
  return {
    id: 'CVE-2026-0001',
    aliases: [],
    packageId: 'deb:curl:amd64@7',
    purl: 'pkg:deb/debian/curl@7',
    installedVersion: '7',
    fixedVersion: '8',
    status: 'fixed',
    vendorStatus: null,
    severity: 'high',
    severitySource: 'debian',
    severities: [],
    cvss: [],
    epss: null,
    kev: null,
    published: null,
    modified: null,
    advisory: { id: 'CVE-2026-0001', url: null, source: 'osv' },
    sources: [],
    confidence: 'high',
    reason: null,
    layer: 0,
    ...changes,
  };
}

let written = 0;
function reportFile(vulnerabilities: readonly Vulnerability[] | undefined, changes: Partial<Report> = {}): string {
  const base = sampleReport();
  const file = join(place, `report-${written++}.json`);
  const report: Report = {
    ...base,
    image: { ...base.image, os: { ...base.image.os!, eol: '2028-06-30' } },
    packages: [samplePackage({ name: 'curl', version: '7', licenses: ['curl'] })],
    completeness: {
      ...base.completeness,
      status: 'complete',
      gaps: [],
      feeds: [bookworm, { ...bookworm, ecosystem: 'KEV' }],
      withoutFeed: [],
    },
    ...(vulnerabilities !== undefined && { vulnerabilities }),
    ...changes,
  };
  writeFileSync(file, serializeReport(report));
  return file;
}
function settingsFile(text: string): string {
  const file = join(place, `policy-${written++}.yaml`);
  writeFileSync(file, text);
  return file;
}
async function evaluated(...args: string[]) {
  const { code, stdout, stderr } = await runCommand(['policy', 'eval', '--json', ...args]);
  return { code, stderr, verdict: stdout === '' ? null : JSON.parse(stdout) };
}

describe('plimsoll policy eval', () => {
  test('pass, fail and unknown, each with its exit code', async () => {
    expect(await evaluated(reportFile([]))).toMatchObject({ code: 0, verdict: { decision: 'pass', reasons: [] } });
    expect(await evaluated(reportFile([vulnerability()]))).toMatchObject({ code: 2, verdict: { decision: 'fail' } });
    const { code, verdict } = await evaluated(reportFile(undefined));
    expect([code, verdict.decision]).toEqual([3, 'unknown']);
    expect(verdict.reasons[0].message).toContain('no advisory database was asked');
  });

  test('for people: what decides, and one last line', async () => {
    const { stdout, code } = await runCommand(['policy', 'eval', reportFile([vulnerability()])]);
    expect(code).toBe(2);
    expect(stdout).toMatch(
      /^x fixable_vulnerability: CVE-2026-0001 \(high\) in pkg:deb\/debian\/curl@7: fixed in\s+8\nVerdict: fail: 1 violation of rules that deny; every feed has\s+advisories up\s+to\s+2026-02-28 or later\.\n$/,
    );
  });

  test.each<[string, string[], Partial<Vulnerability>, number]>([
    ['--fail-on above its severity', ['--fail-on', 'critical'], {}, 0],
    ['--fail-on at its severity', ['--fail-on', 'high'], {}, 2],
    ['--fail-on, without a fix', ['--fail-on', 'high'], { fixedVersion: null }, 2],
    ['--fail-on --ignore-unfixed, without a fix', ['--fail-on', 'high', '--ignore-unfixed'], { fixedVersion: null }, 0],
    ['--severity without it', ['--severity', 'critical,low'], {}, 0],
    ['--severity with it', ['--severity', 'HIGH,critical'], {}, 2],
    [
      'exploited, of low severity',
      [],
      { severity: 'low', kev: { added: '2026-01-01', due: null, ransomware: false } },
      2,
    ],
    [
      'suppressed',
      [],
      {
        suppressed: {
          by: 'vex',
          status: 'not_affected',
          justification: null,
          reason: null,
          owner: null,
          source: 'x',
          expires: null,
        },
      },
      0,
    ],
    ['incomparable', [], { status: 'unknown', severity: 'critical' }, 0],
  ])('%s', async (_, options, changes, code) => {
    expect(await evaluated(...options, reportFile([vulnerability(changes)]))).toMatchObject({ code });
  });

  test('--against: only what is new fails', async () => {
    const older = reportFile([vulnerability()]);
    const known = await evaluated('--against', older, reportFile([vulnerability({ severity: 'critical' })]));
    expect(known).toMatchObject({ code: 0, verdict: { gate: { against: expect.stringMatching(/^sha256:/) } } });
    expect(known.verdict.violations[0].exempt.by).toBe('baseline');
    const added = reportFile([vulnerability(), vulnerability({ id: 'CVE-2026-0002' })]);
    const { code, verdict } = await evaluated('--against', older, added);
    expect(code).toBe(2);
    expect(verdict.reasons[0].message).toContain('CVE-2026-0002');
    expect(await evaluated('--against', reportFile(undefined), older)).toMatchObject({ code: 2 });
  });

  test('what --platform all wrote: a verdict for each platform, each against the older one of its own', async () => {
    const indexFile = (platforms: Readonly<Record<string, readonly Vulnerability[]>>): string => {
      const reports = Object.entries(platforms).map(([platform, found]) => {
        const report = JSON.parse(readFileSync(reportFile(found), 'utf8')) as Report;
        return { ...report, target: { ...report.target, platform } };
      });
      const index = { kind: 'oci-dir', reference: 'layout', digest: null } as const;
      const file = join(place, `index-${written++}.json`);
      writeFileSync(file, serializeReport({ schemaVersion: '1', index, reports }));
      return file;
    };
    const one = vulnerability();
    const today = indexFile({ 'linux/amd64': [one], 'linux/arm64': [] });
    const judged = await evaluated(today);
    expect(judged).toMatchObject({
      code: 2,
      verdict: {
        index: { reference: 'layout' },
        verdicts: [
          { platform: 'linux/amd64', verdict: { decision: 'fail' } },
          { platform: 'linux/arm64', verdict: { decision: 'pass' } },
        ],
      },
    });
    const { stdout } = await runCommand(['policy', 'eval', today]);
    expect(stdout).toMatch(/^linux\/amd64\n[\s\S]*Verdict: fail[\s\S]*\nlinux\/arm64\n[\s\S]*Verdict: pass/);
    const decisions = async (older: string) => (await evaluated('--against', older, today)).code;
    expect(await decisions(today)).toBe(0);
    expect(await decisions(indexFile({ 'linux/arm64': [one], 'linux/s390x': [one] }))).toBe(2);
    expect(await decisions(indexFile({ 'linux/arm64': [one], 'linux/amd64': [] }))).toBe(2);
    expect(await decisions(reportFile([one]))).toBe(0);
    const broken = join(place, 'broken-index.json');
    writeFileSync(broken, '{"schemaVersion":"1","reports":[{}]}');
    expect(await evaluated(broken)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no report of this version'),
    });
  });

  test('--config: modes, parameters and exceptions; its digest is not silent', async () => {
    const file = reportFile([vulnerability()]);
    const warn = settingsFile('policy: { rules: { fixable_vulnerability: { mode: warn } } }');
    expect(await evaluated('--config', warn, file)).toMatchObject({ code: 0 });
    const licences = settingsFile('policy: { rules: { denied_licence: { params: { licences: [CURL] } } } }');
    expect(await evaluated('--config', licences, reportFile([]))).toMatchObject({ code: 2 });
    const exception = (expires: string) =>
      settingsFile(
        `policy:\n  exceptions:\n    - { rule: fixable_vulnerability, packages: ['pkg:deb/debian/curl'], reason: r, owner: o, expires: ${expires} }\n`,
      );
    expect(await evaluated('--config', exception('2026-03-01'), file)).toMatchObject({ code: 0 });
    const expired = await evaluated('--config', exception('2026-02-28'), file);
    expect(expired.code).toBe(2);
    expect(expired.verdict.reasons.map(({ code }: { code: string }) => code)).toContain('exception-expired');
  });

  test.each([
    ['a misspelt rule', 'policy: { rules: { fixable: { mode: warn } } }', 'fixable'],
    ['a misspelt key', 'polici: {}', 'polici'],
    ['no YAML', 'policy: [', 'no YAML'],
    [
      'a bomb of aliases',
      `a: &a [${'x,'.repeat(50)}]\nb: &b [${'*a,'.repeat(50)}]\nc: [${'*b,'.repeat(50)}]`,
      'SETTINGS_INVALID',
    ],
  ])('settings with %s are an error', async (_, text, problem) => {
    const { code, stderr } = await evaluated('--config', settingsFile(text), reportFile([]));
    expect([code, stderr]).toEqual([1, expect.stringContaining(problem)]);
  });

  test('a file that is no report is an error', async () => {
    expect(await evaluated(settingsFile('{}'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no report'),
    });
    expect(await evaluated(join(place, 'absent'))).toMatchObject({ code: 1 });
  });

  test('without the built-in policies there is nothing that judges', async () => {
    const off = settingsFile('policy: { builtin: false }');
    const { code, verdict } = await evaluated('--config', off, reportFile([]));
    expect([code, verdict.reasons.map((each: { code: string }) => each.code)]).toEqual([
      3,
      ['no-policy', 'builtin-off'],
    ]);
  });
});

describe('plimsoll scan comes to a verdict', () => {
  const target = async (lodash: string, more: readonly LayerEntry[] = []) => {
    const manifest = JSON.stringify({ name: 'lodash', version: lodash, license: 'MIT' });
    const entries = [file('app/node_modules/lodash/package.json', manifest), ...more];
    return ociTarget(place, await buildImage({ layers: [{ entries }] }));
  };
  const scanned = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCommand(['scan', '--no-cache', '--quiet', '--format', 'json', ...args]);
    return { code, stderr, report: stdout === '' ? null : (JSON.parse(stdout) as Report) };
  };

  test('fail at a vulnerable package, pass at the fixed one, unknown where something was not read or nothing was asked', async () => {
    const [vulnerable, fixed] = [await target('4.17.4'), await target('4.17.21')];
    const broken = await target('4.17.21', [
      file('var/lib/dpkg/status', 'Package: a\nStatus: install ok installed\nVers'),
    ]);
    const failed = await scanned('--db', 'starter', vulnerable);
    expect([failed.code, failed.report?.verdict?.decision]).toEqual([2, 'fail']);
    expect(failed.report?.verdict?.violations.map(({ rule }) => rule)).toContain('fixable_vulnerability');
    expect(failed.report?.inputs.policy).toMatch(/^sha256:[0-9a-f]{64}$/);
    const passed = await scanned('--db', 'starter', fixed);
    expect([passed.code, passed.report?.verdict?.decision]).toEqual([0, 'pass']);
    for (const args of [
      ['--db', 'starter', broken],
      ['--db', join(place, 'no-database'), fixed],
    ]) {
      const { code, report } = await scanned(...args);
      expect([code, report?.verdict?.decision ?? null]).toEqual(args[1] === 'starter' ? [3, 'unknown'] : [1, null]);
    }
    const without = await runCommand(['scan', '--no-cache', '--quiet', fixed], '', {
      environment: { XDG_DATA_HOME: place },
    });
    expect([without.code, without.stdout]).toEqual([3, expect.stringContaining('Verdict: unknown')]);
  });

  test('a vulnerability that fails with a broken database beside it still fails', async () => {
    const both = await target('4.17.4', [
      file('var/lib/dpkg/status', 'Package: a\nStatus: install ok installed\nVers'),
    ]);
    expect((await scanned('--db', 'starter', both)).code).toBe(2);
  });

  test('JSON keeps what --severity and --ignore-unfixed leave out, and says that they were given', async () => {
    const vulnerable = await target('4.17.4');
    const { code, report } = await scanned('--db', 'starter', '--severity', 'low', '--ignore-unfixed', vulnerable);
    expect(code).toBe(0);
    expect(report?.vulnerabilities?.length).toBeGreaterThan(0);
    expect(report?.verdict?.gate).toEqual({ failOn: null, severities: ['low'], ignoreUnfixed: true, against: null });
    const table = await runCommand([
      'scan',
      '--no-cache',
      '--quiet',
      '--db',
      'starter',
      '--severity',
      'low',
      vulnerable,
    ]);
    expect(table.stdout).not.toContain('CVE-');
  });

  test('settings are read before the target, with their digest in the report', async () => {
    const config = settingsFile('policy: { rules: { fixable_vulnerability: { mode: audit } } }');
    const { code, report } = await scanned('--db', 'starter', '--config', config, await target('4.17.4'));
    const digest = `sha256:${createHash('sha256').update(readFileSync(config)).digest('hex')}`;
    expect([code, report?.inputs.config]).toEqual([0, digest]);
    const bad = settingsFile('policy: { rules: { nothing: { mode: audit } } }');
    expect(await scanned('--config', bad, 'oci-dir:/nowhere')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('SETTINGS_INVALID'),
    });
  });
});

test('plimsoll policy list shows every rule, with the modes of the settings', async () => {
  const config = settingsFile('policy: { rules: { image_age: { mode: audit } } }');
  const { stdout, code } = await runCommand(['policy', 'list', '--config', config]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^image_age +audit +warning +build, ship +plimsoll +No old\s+image$/m);
  expect(
    stdout
      .trim()
      .split('\n')
      .filter((line) => /^[a-z]/.test(line)),
  ).toHaveLength(43);
});

describe.skipIf(opa === null)('with opa', () => {
  test('the committed bundle is what its sources give, wherever they lie (else run: npm run policies)', async () => {
    const copy = copiedPolicies(place);
    const { manifest, wasm } = await compilePolicy(copy, { opa: compiler.opa, shared: copy }, 'plimsoll');
    expect(manifestText(manifest)).toBe(readFileSync(join(BUILTIN_BUNDLE, 'manifest.json'), 'utf8'));
    expect(Buffer.from(wasm).equals(readFileSync(join(BUILTIN_BUNDLE, 'policy.wasm')))).toBe(true);
  });

  test('every Rego test and every sample holds; a broken sample does not', async () => {
    const { stdout, code } = await runCommand(['policy', 'test', POLICIES], '', { ...withOpa, timeoutMs: 120_000 });
    expect(stdout).toMatch(/PASS: (\d+)\/\1\nSAMPLES: (\d+)\/\2\n$/);
    expect(code).toBe(0);
    const copy = copiedPolicies(place);
    const broken = join(copy, 'image-age/samples/near-miss.json');
    writeFileSync(broken, readFileSync(broken, 'utf8').replace('2025-07-05', '2025-07-04'));
    const failed = await runCommand(['policy', 'test', copy], '', { ...withOpa, timeoutMs: 120_000 });
    expect([failed.code, failed.stdout]).toEqual([
      2,
      expect.stringContaining('image-age/samples/near-miss.json: expected:'),
    ]);
  });

  test('a rule of one’s own: built, judged beside the built-in ones, and from source', async () => {
    const source = regoRule(
      place,
      'non_root',
      'violations contains {"message": "root"} if input.report.image.config.user == "0"',
      'needs: [report.image.config]',
    );
    const bundle = join(place, 'non-root-bundle');
    const built = await runCommand(['policy', 'build', source, '-o', bundle], '', withOpa);
    const [pinned = ''] = built.stdout.split(': non_root\n');
    expect([built.code, built.stdout]).toEqual([0, `${pinned}: non_root\n`]);
    expect(pinned).toMatch(/@sha256:[0-9a-f]{64}$/);
    const base = sampleReport();
    const root = reportFile([], { image: { ...base.image, config: { ...base.image.config!, user: '0' } } });
    const { code, verdict } = await evaluated('--policy', pinned, root);
    expect([code, verdict.policies.map(({ name }: { name: string }) => name)]).toEqual([2, ['plimsoll', 'non_root']]);
    const own = verdict.violations.filter(({ rule }: { rule: string }) => rule === 'non_root');
    expect(own).toMatchObject([{ policy: 'non_root', rule: 'non_root', message: 'root' }]);
    const fromSource = await runCommand(['policy', 'eval', '--policy', source, root], '', withOpa);
    expect(fromSource.code).toBe(2);
    const without = await runCommand(['policy', 'eval', '--policy', source, root], '', {
      environment: { PATH: '/nowhere' },
    });
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('there is no opa in PATH')]);
    expect((await evaluated('--policy', bundle, reportFile([]))).code).toBe(0);
    expect((await evaluated('--policy', bundle, reportFile([], { image: { ...base.image, config: null } }))).code).toBe(
      3,
    );
  });

  test('Rego is formatted', async () => {
    const { execFileSync } = await import('node:child_process');
    expect(String(execFileSync(opa!, ['fmt', '--list', POLICIES]))).toBe('');
  });
});

/** One expression, or one definition, of a rule: taken away, some sample must tell. */
describe.skipIf(opa === null)('no line of a rule can go without a sample that fails', () => {
  const folders = readdirSync(POLICIES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'lib' && entry.name !== 'bundle')
    .map(({ name }) => name);
  const sourcesOf = (folder: string) => {
    return readdirSync(join(POLICIES, folder)).filter((name) => name.endsWith('.rego') && !name.endsWith('_test.rego'));
  };
  const mutants = folders.flatMap((folder) =>
    sourcesOf(folder).flatMap((name) => {
      const source = readFileSync(join(POLICIES, folder, name), 'utf8');
      return withoutParts(source).map(([what, mutant]): [string, string, string, string] => [
        folder,
        name,
        what,
        mutant,
      ]);
    }),
  );

  test('there are some', () => expect(mutants.length).toBeGreaterThan(300));

  test.each(mutants)('%s/%s without %s', async (folder, name, _, mutant) => {
    const directory = mkdtempSync(join(place, 'mutant-'));
    for (const each of sourcesOf(folder)) copyFileSync(join(POLICIES, folder, each), join(directory, each));
    writeFileSync(join(directory, name), mutant);
    expect(await toldBy(directory, POLICIES, [folder])).not.toEqual([]);
  });

  // violations.rego has tests in Rego: what it answers to rules that are broken no sample of one that is right shows.
  const shared = ['images.rego', 'workload.rego'].flatMap((name) => {
    const source = readFileSync(join(POLICIES, 'lib', name), 'utf8');
    return withoutParts(source).map(([what, mutant]): [string, string, string] => [name, what, mutant]);
  });

  test.each(shared)('lib/%s without %s', async (name, _, mutant) => {
    const copy = copiedPolicies(place);
    writeFileSync(join(copy, 'lib', name), mutant);
    expect(await toldBy(copy, copy, folders)).not.toEqual([]);
  });
});

/** What is wrong with a directory of Rego: opa refuses it, or samples of these folders come to something else. */
async function toldBy(directory: string, shared: string, folders: readonly string[]): Promise<string[]> {
  let built: Awaited<ReturnType<typeof compilePolicy>>;
  try {
    built = await compilePolicy(directory, { ...compiler, shared });
  } catch (error) {
    return [messageOf(error)];
  }
  // Rules that come with Plimsoll need no process of their own.
  const checked = CheckedPolicy.load(built.wasm, LIMITS.policyMemoryBytes);
  const policy = { name: 'mutant', digest: '', builtin: true, rules: built.manifest.rules };
  const evaluate = async (input: PolicyInput) => {
    const violations = checked.evaluate(new TextEncoder().encode(JSON.stringify(input)).buffer as ArrayBuffer);
    return [{ policy, violations }];
  };
  const problems: (string | null)[] = [];
  for (const folder of folders) {
    const samples = join(POLICIES, folder, 'samples');
    for (const file of readdirSync(samples)) {
      const each: Sample = sample.parse(JSON.parse(readFileSync(join(samples, file), 'utf8')));
      problems.push(await checkSample(each, { policies: [policy], evaluate }).catch(messageOf));
    }
  }
  return problems.filter((problem) => problem !== null);
}

/** The source without each of its definitions, and without each expression of a body; metadata, imports and helpers of the head stay. */
function withoutParts(source: string): [what: string, mutant: string][] {
  const start = source.indexOf('\n\n', source.indexOf('\npackage ')) + 2;
  const [head, body] = [source.slice(0, start), source.slice(start)];
  const blocks = body.split('\n\n');
  return blocks.flatMap((block, i): [string, string][] => {
    if (block.startsWith('import') || block.split('\n').every((line) => line.startsWith('#'))) return [];
    const without = (replacement: string[]) =>
      head + [...blocks.slice(0, i), ...replacement, ...blocks.slice(i + 1)].join('\n\n');
    const lines = block.split('\n');
    const parts: [string, string][] = [[`"${lines.find((line) => !line.startsWith('#'))}"`, without([])]];
    const isBody = lines.at(-1)?.trim() === '}' && lines.some((line) => / if \{$/.test(line));
    if (isBody) {
      for (const [at, line] of lines.entries()) {
        if (!/^\t[^\t}]/.test(line) || /^\t(?:some|message|evidence|every)\b/.test(line)) continue;
        parts.push([`"${line.trim()}"`, without([lines.toSpliced(at, 1).join('\n')])]);
      }
    }
    return parts;
  });
}
