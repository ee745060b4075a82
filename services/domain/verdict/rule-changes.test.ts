import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY_SETTINGS } from './plan.ts';
import type { Mode, Policy, Rule } from './policy.ts';
import { isWeaker, ruleChanges, ruleModes } from './rule-changes.ts';
import type { PolicySettings } from './settings.ts';

const rule = (id: string, mode: Mode, more: Partial<Rule> = {}): Rule => {
  return { id, title: id, description: '', level: 'error', critical: false, mode, needs: [], params: {}, ...more };
};
const policy = (...rules: Rule[]): Policy => ({ name: 'own', digest: 'sha256:0', builtin: false, rules });
const scoped = (...scopes: PolicySettings['scopes']): PolicySettings => ({ ...DEFAULT_POLICY_SETTINGS, scopes });
const scope = (name: string, id: string, mode: Mode) => ({ name, match: {}, rules: { [id]: { mode } } });

const changes = (before: readonly Rule[], after: readonly Rule[], settings = DEFAULT_POLICY_SETTINGS) =>
  ruleChanges([policy(...before)], [policy(...after)], settings).map((each) => {
    return `${each.rule}${each.scope === null ? '' : `@${each.scope}`}: ${each.before} → ${each.after}${each.redefined ? ' redefined' : ''}${isWeaker(each) ? ' weaker' : ''}`;
  });

describe('what becomes of rules', () => {
  it('is nothing where nothing changes', () => {
    expect(changes([rule('a', 'deny')], [rule('a', 'deny', { title: 'other words' })])).toEqual([]);
  });

  it.each<[string, Rule[], Rule[], string[]]>([
    ['a new rule', [], [rule('a', 'deny')], ['a: null → deny']],
    ['a dropped rule that denied', [rule('a', 'deny')], [], ['a: deny → null weaker']],
    ['a dropped rule that warned', [rule('a', 'warn')], [], ['a: warn → null']],
    ['a rule that only warns now', [rule('a', 'deny')], [rule('a', 'warn')], ['a: deny → warn weaker']],
    [
      'a rule of admission that only warns now',
      [rule('a', 'deny', { needs: ['workload'] })],
      [rule('a', 'warn', { needs: ['workload'] })],
      ['a: deny → warn weaker'],
    ],
    ['a rule that is off now', [rule('a', 'deny')], [rule('a', 'off')], ['a: deny → off weaker']],
    ['a rule that denies now', [rule('a', 'audit')], [rule('a', 'deny')], ['a: audit → deny']],
    [
      'another parameter',
      [rule('a', 'deny')],
      [rule('a', 'deny', { params: { days: { description: '', default: 9 } } })],
      ['a: deny → deny redefined'],
    ],
    [
      "a name in another's place",
      [rule('b', 'deny')],
      [rule('a', 'deny')],
      ['a: null → deny', 'b: deny → null weaker'],
    ],
  ])('%s', (_name, before, after, expected) => expect(changes(before, after)).toEqual(expected));

  it('is what the settings make of it: a mode that they name stays', () => {
    const settings = { ...DEFAULT_POLICY_SETTINGS, rules: { a: { mode: 'deny' as const } } };
    expect(changes([rule('a', 'deny')], [rule('a', 'off')], settings)).toEqual([]);
    expect(changes([rule('a', 'warn')], [], settings)).toEqual(['a: deny → null weaker']);
  });

  it('is told of a scope where it differs there', () => {
    const settings = scoped(scope('prod', 'a', 'deny'), scope('lab', 'a', 'off'));
    expect(changes([rule('a', 'warn')], [], settings)).toEqual([
      'a: warn → null',
      'a@prod: deny → null weaker',
      'a@lab: off → null',
    ]);
    expect(changes([rule('a', 'deny')], [rule('a', 'warn')], settings)).toEqual(['a: deny → warn weaker']);
  });
});

it('lists each rule with its mode, and the scopes that say otherwise', () => {
  const settings = scoped(scope('prod', 'a', 'deny'), scope('lab', 'a', 'warn'));
  const [listed] = ruleModes([policy(rule('a', 'warn'))], settings);
  expect(listed).toMatchObject({ mode: 'warn', scopes: [{ name: 'prod', mode: 'deny' }] });
});
