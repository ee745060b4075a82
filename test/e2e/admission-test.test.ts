import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../services/domain/limits.ts';
import type { Report } from '../../services/domain/report/report.ts';
import { serializeReport } from '../../services/domain/report/serialize.ts';
import { type Json, pod, podSpec, workloadOfKind } from '../support/admission-reviews.ts';
import { HAS_HELM, helm, LEAST_VALUES } from '../support/chart.ts';
import { BUILTIN_BUNDLE, regoRule } from '../support/policy-bundles.ts';
import { sampleReport } from '../support/sample-report.ts';
import { runCommand, scratch } from '../support/scan.ts';
import { findGoTool } from '../tools/go-tools.ts';

/** `plimsoll admission test` as one types it. */

const place = scratch('admission-test');
const opa = findGoTool('opa');
let written = 0;
function file(content: string | object, ending = 'yaml'): string {
  const path = join(place, `f${written++}.${ending}`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** A container without flaw. */
const FINE = {
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
  resources: { limits: { memory: '64Mi' } },
};
const fine = workloadOfKind('Deployment', podSpec({ automountServiceAccountToken: false }, FINE));
const bad = workloadOfKind('CronJob', podSpec({ automountServiceAccountToken: false, hostPID: true }, FINE));

const run = (args: string[], input = '') => runCommand(['admission', 'test', ...args], input);
async function judged(args: string[], input = '') {
  const { code, stdout, stderr } = await run(['--format', 'json', ...args], input);
  return { code, stderr, objects: stdout === '' ? [] : (JSON.parse(stdout).objects as Json[]) };
}
const rulesOf = (object: Json | undefined) => {
  return ((object?.violations ?? []) as { rule: string; effect: string }[])
    .map(({ rule, effect }) => `${effect} ${rule}`)
    .sort();
};

function report(decision: 'pass' | 'fail', digest = `sha256:${'a'.repeat(64)}`): string {
  const base = sampleReport();
  const denied = {
    policy: 'plimsoll',
    rule: 'known_exploited',
    level: 'error',
    mode: 'deny',
    message: 'CVE-2021-44228',
    evidence: {},
    exempt: null,
  };
  const verdict = {
    decision,
    violations: decision === 'fail' ? [denied] : [],
    reasons: [],
    policies: [],
    gate: { failOn: null, severities: null, ignoreUnfixed: false, against: null },
  };
  const target = { kind: 'registry', reference: 'registry.example/app:1', digest, platform: 'linux/amd64' };
  const createdAt = new Date().toISOString();
  return file(serializeReport({ ...base, createdAt, target, verdict } as unknown as Report), 'json');
}

describe('the verdict and the exit code', () => {
  test('admitted: nothing is denied, and the image passed its scan', async () => {
    const { code, objects } = await judged(['--report', report('pass'), file(fine)]);
    expect([code, objects]).toMatchObject([0, [{ kind: 'Deployment', namespace: 'shop', name: 'web', allowed: true }]]);
    expect(rulesOf(objects[0])).toEqual([]);
  });
  test('denied: by a rule on the workload, by the verdict on the image', async () => {
    const { code, objects } = await judged(['--report', report('fail'), file(fine), file(bad)]);
    expect(code).toBe(2);
    expect(objects.map(rulesOf)).toEqual([['denied image_verdict'], ['denied image_verdict', 'denied pod_security']]);
  });
  test('unknown: nobody has scanned the image, unless one says what becomes of it', async () => {
    expect(await judged([file(fine)])).toMatchObject({ code: 3, objects: [{ allowed: false, decision: 'unknown' }] });
    const warned = await judged(['--unknown', 'warn', file(fine)]);
    expect([warned.code, warned.objects.map(rulesOf)]).toEqual([0, [['warned image_unscanned']]]);
    const allowed = await judged(['--unknown', 'allow', file(fine)]);
    expect([allowed.code, allowed.objects.map(rulesOf)]).toEqual([0, [[]]]);
  });
  test('unknown: there is no object', async () => {
    const { code, stdout } = await run(['-'], '# nothing\n---\n');
    expect([code, stdout]).toEqual([3, 'There is no object to judge.\n']);
  });
  test('error: no YAML, no Kubernetes object, no such file, no such parameter', async () => {
    for (const [args, why] of [
      [[file('a: [')], 'OBJECT_INVALID'],
      [[file('replicas: 3')], 'OBJECT_INVALID'],
      [[file(pod({ containers: 'x' }))], 'spec.containers is "x", not a list'],
      [[join(place, 'nowhere.yaml')], 'USAGE'],
      [['--params', 'pod_security.levl=restricted', file(fine)], 'SETTINGS_INVALID'],
      [['--params', 'restricted', file(fine)], 'RULE.NAME=VALUE'],
    ] as const) {
      const { code, stderr, objects } = await judged([...args]);
      expect([code, objects]).toEqual([1, []]);
      expect(stderr).toContain(why);
    }
  });
});

test('manifestFileBytes: a file as long as it may be, and one byte more', async () => {
  const head = `${JSON.stringify(fine)}\n#`;
  const long = `${head}${'x'.repeat(LIMITS.manifestFileBytes - head.length)}`;
  expect((await judged(['--unknown', 'allow', file(long)])).code).toBe(0);
  expect((await judged(['--unknown', 'allow', '-'], long)).code).toBe(0);
  for (const [args, input] of [
    [[file(`${long}x`)], ''],
    [['-'], `${long}x`],
  ] as const) {
    const { code, stderr } = await judged([...args], input);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`more than ${LIMITS.manifestFileBytes} bytes`)]);
  }
});

describe('what is judged', () => {
  test('standard input of several documents, as charts give it', async () => {
    const documents = ['# Source: chart/templates/a.yaml', JSON.stringify(fine), '', JSON.stringify(bad)].join(
      '\n---\n',
    );
    const { code, objects } = await judged(['--unknown', 'allow', '-'], documents);
    expect([code, objects.map(({ place: where, allowed }) => [where, allowed])]).toEqual([
      2,
      [
        ['standard input, document 1', true],
        ['standard input, document 3', false],
      ],
    ]);
  });
  test('by the settings: modes of the namespace, exceptions, exempt namespaces', async () => {
    const config = file(`
admission: { exemptNamespaces: [infra] }
policy:
  rules: { image_unscanned: { mode: off } }
  scopes: [{ name: s, match: { namespaces: [tools] }, rules: { pod_security: { mode: warn } } }]
  exceptions: [{ rule: pod_security, match: { namespaces: [old] }, reason: until it is gone, owner: me, expires: 2999-12-31 }]`);
    const nowhere = file({ ...bad, metadata: { name: 'web' } });
    const outcomes = [];
    for (const namespace of ['shop', 'tools', 'old', 'infra']) {
      const { code, objects } = await judged(['--config', config, '--namespace', namespace, nowhere]);
      outcomes.push([namespace, code, rulesOf(objects[0]).join()]);
    }
    expect(outcomes).toEqual([
      ['shop', 2, 'denied pod_security'],
      ['tools', 0, 'warned pod_security'],
      ['old', 0, 'recorded pod_security'],
      ['infra', 0, ''],
    ]);
  });
  test('by parameters of the command line', async () => {
    const args = [
      '--unknown',
      'allow',
      '--params',
      'pod_security.level=privileged',
      '--params',
      'image_registry.allowed=[ghcr.io]',
    ];
    const { code, objects } = await judged([...args, file(bad)]);
    expect([code, rulesOf(objects[0])]).toEqual([2, ['denied image_registry']]);
  });
  test.skipIf(opa === null)("by rules of one's own too", async () => {
    const body = 'violations contains {"message": "no team"} if not input.workload.pod.labels.team';
    const own = regoRule(place, 'team', body, 'needs: [request]');
    const args = ['--unknown', 'allow', '--policy', own, file(fine)];
    const { code, stdout } = await runCommand(['admission', 'test', ...args], '', {
      environment: { PATH: `${join(opa!, '..')}:${process.env.PATH}` },
    });
    expect(code).toBe(2);
    expect(stdout).toContain('x team: no team');
  });
});

test.skipIf(!HAS_HELM)(
  'our own chart, as helm gives it, is admitted by the restricted standard without a warning (needs helm)',
  async () => {
    const { stdout: chart } = helm('template', LEAST_VALUES);
    const { code, objects } = await judged(
      ['--unknown', 'allow', '--params', 'pod_security.level=restricted', '-'],
      chart,
    );
    expect(objects.filter(({ kind }) => kind === 'Deployment').length).toBeGreaterThan(2);
    expect(objects.flatMap(rulesOf)).toEqual([]);
    expect(code).toBe(0);
  },
);

test('for people: what denies first, whom to ask, and one last line', async () => {
  const { code, stdout } = await run(['--unknown', 'warn', file(bad)]);
  expect(code).toBe(2);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^CronJob shop\/web: denied {2}\S+$/);
  expect(lines[1]).toContain(
    'x pod_security: pod: hostPID is true; leave it out (Pod Security baseline: host namespaces)',
  );
  expect(lines[2]).toContain('! image_unscanned: image "registry.example/app:1" of app has no scan');
  expect(lines.slice(-2)).toEqual([expect.stringMatching(/^Exceptions: ask/), '1 object: 1 denied, 0 admitted.']);
});

test('the bundle that judges here is the one that is shipped', async () => {
  const { code, stdout } = await runCommand(['policy', 'list', '--json']);
  expect(code).toBe(0);
  const listed = (JSON.parse(stdout) as { id: string; stages: string[] }[]).filter(({ stages }) =>
    stages.includes('admission'),
  );
  expect(listed.length).toBeGreaterThan(30);
  expect(BUILTIN_BUNDLE).toContain('policies/bundle');
});
