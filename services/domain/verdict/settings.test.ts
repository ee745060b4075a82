import { describe, expect, test } from 'vitest';
import { planRules, type Subject, stagesOf } from './plan.ts';
import type { Policy, Rule } from './policy.ts';
import { checkRules, readSettings } from './settings.ts';

const POLICY: Policy = {
  name: 'plimsoll',
  digest: `sha256:${'a'.repeat(64)}`,
  builtin: true,
  rules: [
    {
      id: 'age',
      title: 'Age',
      description: '',
      level: 'error',
      critical: false,
      mode: 'warn',
      needs: [],
      params: {
        days: { description: 'd', type: 'integer', minimum: 1, default: 10 },
        strict: { description: 's', type: 'boolean', default: false },
      },
    },
  ],
};
const EXCEPTION = { rule: 'age', reason: 'why', owner: 'me', expires: '2026-01-01' };

function read(document: unknown) {
  const settings = readSettings(document, 'policy.yaml');
  checkRules(settings, [POLICY], 'policy.yaml');
  return settings;
}

describe('settings', () => {
  test('nothing is everything by default', () => {
    expect(read({})).toEqual({
      vex: { keys: [], identities: [] },
      policy: { builtin: true, rules: {}, scopes: [], exceptions: [] },
      admission: {
        exemptNamespaces: ['kube-system'],
        graceDays: 7,
        labelledNamespaces: [],
        exceptionHelp: expect.stringContaining('policy.exceptions'),
      },
      engines: {},
    });
  });

  test.each([
    ['an unknown key', { polcy: {} }, 'polcy'],
    ['an unknown engine', { engines: { grype: {} } }, 'grype'],
    [
      'a relative path of an engine',
      { engines: { trivy: { path: 'bin/trivy' } } },
      'engines.trivy.path: it is no absolute path',
    ],
    ['a digest of an engine that is none', { engines: { trivy: { sha256: 'sha256:00' } } }, 'engines.trivy.sha256'],
    ['a setting that no engine has', { engines: { syft: { args: [] } } }, 'args'],
    ['an unknown key below', { policy: { rule: {} } }, 'rule'],
    ['a mode that does not exist', { policy: { rules: { age: { mode: 'block' } } } }, 'policy.rules.age.mode'],
    ['a rule that does not exist', { policy: { rules: { aeg: { mode: 'off' } } } }, 'there are age'],
    [
      'a rule that does not exist, in a scope',
      { policy: { scopes: [{ name: 's', match: {}, rules: { x: {} } }] } },
      's names the rule x',
    ],
    ['a parameter that does not exist', { policy: { rules: { age: { params: { dayz: 1 } } } } }, 'dayz'],
    ['a parameter that does not fit', { policy: { rules: { age: { params: { days: 0 } } } } }, 'days'],
    ['a parameter of another type', { policy: { rules: { age: { params: { days: '7' } } } } }, 'days'],
    ['an exception without expiry', { policy: { exceptions: [{ ...EXCEPTION, expires: undefined }] } }, 'expires'],
    [
      'an exception that ends on no day',
      { policy: { exceptions: [{ ...EXCEPTION, expires: '2026-02-30' }] } },
      'expires',
    ],
    ['an exception without owner', { policy: { exceptions: [{ ...EXCEPTION, owner: '' }] } }, 'owner'],
    ['an exception from no rule', { policy: { exceptions: [{ ...EXCEPTION, rule: 'nothing' }] } }, 'nothing'],
    ['a list', [], 'the whole'],
  ])('are refused with %s', (_, document, where) => {
    expect(() => read(document)).toThrow(where);
    expect(() => read(document)).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }));
  });
});

describe('the plan', () => {
  const subject: Subject = { stage: 'ship', images: [['registry.example/legacy/app:1']], namespace: 'shop' };
  const settings = read({
    policy: {
      rules: { age: { mode: 'deny', params: { days: 20 } } },
      scopes: [
        { name: 'legacy', match: { images: ['registry.example/legacy/*'] }, rules: { age: { params: { days: 99 } } } },
        { name: 'shop', match: { stages: ['ship'], namespaces: ['sh*'] }, rules: { age: { mode: 'audit' } } },
      ],
    },
  }).policy;
  const planFor = (changes: Partial<Subject>) => planRules([POLICY], settings, { ...subject, ...changes }).get('age');

  test('takes the rule, then the settings, then each scope that matches, parameter by parameter', () => {
    expect(planRules([POLICY], read({}).policy, subject).get('age')).toEqual({
      mode: 'warn',
      params: { days: 10, strict: false },
    });
    expect(planFor({ images: [['x']], stage: 'build' })).toEqual({ mode: 'deny', params: { days: 20, strict: false } });
    expect(planFor({ stage: 'build' })).toEqual({ mode: 'deny', params: { days: 99, strict: false } });
    expect(planFor({})).toEqual({ mode: 'audit', params: { days: 99, strict: false } });
    expect(planFor({ namespace: null })?.mode).toBe('deny');
    expect(planFor({ images: [['registry.example/legacy/deeper/app']] })?.params.days).toBe(20);
  });

  test('of several images a scope by image must match each, so that none speaks for another', () => {
    const settings = read({
      policy: { scopes: [{ name: 's', match: { images: ['legacy/*'] }, rules: { age: { mode: 'off' } } }] },
    }).policy;
    const modeOf = (images: string[][]) => {
      return planRules([POLICY], settings, { stage: 'admission', images, namespace: 'n' }).get('age')?.mode;
    };
    expect(modeOf([['legacy/a', 'sha256:1'], ['legacy/b']])).toBe('off');
    expect(modeOf([['legacy/a'], ['evil/b']])).toBe('warn');
    expect(modeOf([['legacy/a'], []])).toBe('warn');
    expect(modeOf([])).toBe('warn');
  });

  test('asks a rule only where there is what it needs, or where it says', () => {
    const ruleWith = (changes: Partial<Rule>): Rule => ({ ...POLICY.rules[0]!, ...changes });
    expect(stagesOf(ruleWith({ needs: ['report.vulnerabilities', 'request'] }))).toEqual(['build', 'ship']);
    expect(stagesOf(ruleWith({ needs: ['workload.pod'] }))).toEqual(['admission']);
    expect(stagesOf(ruleWith({ needs: ['images'] }))).toEqual(['admission']);
    expect(stagesOf(ruleWith({ needs: [] }))).toEqual(['build', 'ship', 'admission', 'runtime']);
    expect(stagesOf(ruleWith({ needs: ['request'], stages: ['runtime'] }))).toEqual(['runtime']);
    const policy = { ...POLICY, rules: [ruleWith({ needs: ['request'], mode: 'deny' })] };
    const settings = read({ policy: { rules: { age: { mode: 'deny' } } } }).policy;
    const modeAt = (stage: Subject['stage']) => planRules([policy], settings, { stage, images: [], namespace: null });
    expect(modeAt('build').get('age')?.mode).toBe('off');
    expect(modeAt('admission').get('age')?.mode).toBe('deny');
  });
});
