import { describe, expect, test } from 'vitest';
import { admissionSettings } from '../admission/admission-settings.ts';
import { comparePolicies, type JudgedBy } from './compare-policies.ts';
import { DEFAULT_POLICY_SETTINGS } from './plan.ts';
import type { Mode, Rule } from './policy.ts';
import type { PolicySettings } from './settings.ts';

const rule = (id: string, mode: Mode, more: Partial<Rule> = {}): Rule => {
  return {
    id,
    title: id,
    description: '',
    level: 'error',
    critical: false,
    mode,
    needs: ['workload'],
    params: {},
    ...more,
  };
};
const by = (rules: readonly Rule[], policy: Partial<PolicySettings> = {}, settings: object = {}): JudgedBy => ({
  policies: [{ name: 'own', digest: 'sha256:0', builtin: false, rules }],
  policy: { ...DEFAULT_POLICY_SETTINGS, ...policy },
  settings: admissionSettings.parse(settings),
});
const exception = { rule: 'a', reason: 'r', owner: 'o', expires: '2026-01-01' };
const scope = (mode: Mode) => ({ name: 'lab', match: { namespaces: ['lab'] }, rules: { a: { mode } } });
const a = (mode: Mode, more: Partial<Rule> = {}) => by([rule('a', mode, more)]);

describe('policies are weaker', () => {
  test.each<[string, JudgedBy, JudgedBy, string[]]>([
    ['without a rule that denied', a('deny'), by([]), ['a is gone']],
    ['without a rule that warned', a('warn'), by([]), ['a is gone']],
    ['with a rule that only warns', a('deny'), a('warn'), ['a: deny became warn']],
    [
      'with settings that say so',
      a('deny'),
      by([rule('a', 'deny')], { rules: { a: { mode: 'off' } } }),
      ['a: deny became off'],
    ],
    ['with a rule that is critical no more', a('deny', { critical: true }), a('deny'), ['a: is critical no more']],
    [
      'with a namespace that is exempt',
      a('deny'),
      by([rule('a', 'deny')], {}, { exemptNamespaces: ['kube-system', 'x'] }),
      ['exemptNamespaces: x is new'],
    ],
    [
      'with a namespace that may be',
      a('deny'),
      by([rule('a', 'deny')], {}, { labelledNamespaces: ['x'] }),
      ['labelledNamespaces: x is new'],
    ],
    [
      'with a scope that softens',
      a('deny'),
      by([rule('a', 'deny')], { scopes: [scope('warn')] }),
      ['scope lab: a is warn'],
    ],
    ['with an exception', a('deny'), by([rule('a', 'deny')], { exceptions: [exception] }), ['exception of o from a']],
  ])('%s', (_name, before, after, weaker) => {
    expect(comparePolicies(before, after).weaker).toEqual(weaker);
  });
});

describe('policies are not weaker', () => {
  test.each<[string, JudgedBy, JudgedBy]>([
    ['as they were', a('deny'), a('deny')],
    ['with a further rule', a('deny'), by([rule('a', 'deny'), rule('b', 'deny')])],
    ['with a rule that denies now', a('warn'), a('deny')],
    ['without a rule that was off', a('off'), by([])],
    ['with a scope that hardens', a('warn'), by([rule('a', 'warn')], { scopes: [scope('deny')] })],
    ['with fewer exempt namespaces', a('deny'), by([rule('a', 'deny')], {}, { exemptNamespaces: [] })],
    [
      'with exceptions that were there',
      by([rule('a', 'deny')], { exceptions: [exception] }),
      by([rule('a', 'deny')], { exceptions: [exception] }),
    ],
  ])('%s', (_name, before, after) => {
    expect(comparePolicies(before, after).weaker).toEqual([]);
  });
});

test('what changes is told', () => {
  const params = { days: { description: '', default: 9 } };
  expect(
    comparePolicies(by([rule('a', 'warn'), rule('b', 'deny')]), by([rule('a', 'deny', { params }), rule('c', 'deny')])),
  ).toMatchObject({
    added: ['c'],
    removed: ['b'],
    changed: ['a: warn became deny', 'a: other parameters'],
  });
});
