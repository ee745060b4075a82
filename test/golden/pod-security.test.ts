import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { openPolicies } from '../../services/adapters/opa/open-policies.ts';
import { buildAdmissionInput } from '../../services/domain/admission/admission-input.ts';
import { readWorkload } from '../../services/domain/admission/workload.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { DEFAULT_POLICY_SETTINGS, planRules } from '../../services/domain/verdict/plan.ts';
import { requestOf } from '../support/admission-reviews.ts';
import { BUILTIN_BUNDLE, POLICIES } from '../support/policy-bundles.ts';
import { SHARED_DATA } from '../support/repository.ts';

/*
 * The cases of kubernetes/pod-security-admission: LEVEL/VERSION/{pass,fail}/CONTROL<N>.yaml, each judged by the level and the version that
 * its path names. Beside the versions that are given, those of the Go module where it is cached: all of them.
 */

const RULE = 'pod_security';
const MODULE = join(
  process.env.GOMODCACHE ?? join(process.env.GOPATH ?? join(homedir(), 'go'), 'pkg', 'mod'),
  'k8s.io/pod-security-admission@v0.37.2/test/testdata',
);
const ROOTS = [
  { name: 'shared data', root: join(SHARED_DATA, 'pod-security'), cases: 712 },
  { name: 'the Go module k8s.io/pod-security-admission v0.37.2', root: MODULE, cases: 4_537 },
];

/** What a file's name says of the control that must find the fault. */
const CONTROLS: Readonly<Record<string, string | readonly string[]>> = {
  allowprivilegeescalation: 'privilege escalation',
  apparmorprofile: 'AppArmor',
  capabilities_baseline: 'capabilities',
  capabilities_restricted: 'capabilities',
  hostnamespaces: 'host namespaces',
  hostpathvolumes: 'hostPath volumes',
  hostports: 'host ports',
  hostprobesandhostlifecycle: 'probe and lifecycle hosts',
  privileged: 'privileged containers',
  procmount: '/proc mount',
  procmount_restricted: '/proc mount',
  restrictedvolumes: ['volume types', 'hostPath volumes'],
  runasnonroot: 'running as non-root',
  runasuser: 'running as non-root user',
  seccompprofile_baseline: 'seccomp',
  seccompprofile_restricted: 'seccomp',
  selinuxoptions: 'SELinux',
  sysctls: 'sysctls',
  windowshostprocess: 'host process',
};

const policies = await openPolicies({ builtin: BUILTIN_BUNDLE, paths: [], opa: 'opa', shared: POLICIES });
afterAll(() => policies.close());

/** Controls of the standard that find a fault in the Pod of one file. */
async function controlsOf(file: string, level: string, version: string): Promise<string[]> {
  const object = parse(readFileSync(file, 'utf8'));
  const request = requestOf(object);
  const reading = readWorkload(object, request, LIMITS);
  if ('refused' in reading) throw new Error(`${file}: ${reading.refused}`);
  const settings = { ...DEFAULT_POLICY_SETTINGS, rules: { [RULE]: { params: { level, version } } } };
  const plan = planRules(policies.policies, settings, { stage: 'admission', images: [], namespace: null });
  const facts = { request, workload: reading.workload, images: [], known: [] };
  const [outcome] = await policies.evaluate(buildAdmissionInput(facts, plan, '2026-03-01T00:00:00Z'));
  if (outcome === undefined || 'failure' in outcome) throw new Error(`${file}: ${JSON.stringify(outcome)}`);
  const found = outcome.violations as { rule: string; evidence: { control: string } }[];
  return [...new Set(found.filter(({ rule }) => rule === RULE).map(({ evidence }) => evidence.control))];
}

describe.each(ROOTS.map((each) => ({ ...each, isThere: existsSync(each.root) })))(
  '$name',
  ({ root, cases, isThere }) => {
    const folders = !isThere
      ? []
      : ['baseline', 'restricted'].flatMap((level) =>
          readdirSync(join(root, level)).map((version) => ({ level, version })),
        );

    test.skipIf(!isThere)('every case is judged as its folder says, by the control that it is about', async () => {
      const wrong: string[] = [];
      let seen = 0;
      for (const { level, version } of folders) {
        for (const expected of ['pass', 'fail']) {
          const folder = join(root, level, version, expected);
          for (const name of readdirSync(folder)) {
            seen += 1;
            const controls = [CONTROLS[name.replace(/\d*\.yaml$/, '')] ?? []].flat();
            const found = await controlsOf(join(folder, name), level, version);
            const isRight =
              expected === 'pass' ? found.length === 0 : controls.some((control) => found.includes(control));
            if (!isRight) wrong.push(`${level}/${version}/${expected}/${name}: ${found.join(', ') || 'nothing found'}`);
          }
        }
      }
      expect(wrong).toEqual([]);
      expect(seen).toBe(cases);
    });
  },
);

test('latest is the newest version that is implemented, and what is newer is taken for it', async () => {
  const newest = /newest := (\d+)/.exec(readFileSync(join(POLICIES, 'pod-security', 'policy.rego'), 'utf8'))![1]!;
  const described = policies.policies[0]!.rules.find(({ id }) => id === RULE)?.params.version?.description;
  expect(described).toContain(`latest is v1.${newest}`);
});
