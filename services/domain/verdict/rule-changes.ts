import { planRules, stagesOf } from './plan.ts';
import type { Mode, Policy, Rule } from './policy.ts';
import type { PolicySettings } from './settings.ts';
import { STAGES, type Stage } from './stage.ts';

/** A rule and its modes: everywhere, and in each scope of the settings that says otherwise. */
export interface RuleModes {
  readonly policy: Policy;
  readonly rule: Rule;
  readonly mode: Mode;
  readonly scopes: readonly { readonly name: string; readonly mode: Mode }[];
}

/** The modes of every rule, in the order of policies and rules. */
export function ruleModes(policies: readonly Policy[], settings: PolicySettings): RuleModes[] {
  // At other stages than its own a rule is off, whatever its mode.
  const modesIn = (scopes: PolicySettings['scopes']) => {
    const planAt = (stage: Stage) =>
      planRules(policies, { ...settings, scopes }, { stage, images: [], namespace: null });
    const plans = new Map(STAGES.map((stage) => [stage, planAt(stage)]));
    return (rule: Rule): Mode => plans.get(stagesOf(rule)[0]!)!.get(rule.id)!.mode;
  };
  const everywhere = modesIn([]);
  const scoped = settings.scopes.map((scope) => ({ name: scope.name, modeOf: modesIn([{ ...scope, match: {} }]) }));
  return policies.flatMap((policy) =>
    policy.rules.map((rule) => {
      const mode = everywhere(rule);
      const scopes = scoped.map(({ name, modeOf }) => ({ name, mode: modeOf(rule) }));
      return { policy, rule, mode, scopes: scopes.filter((scope) => scope.mode !== mode) };
    }),
  );
}

/** What became of a rule, everywhere (`scope` null) or in a scope of the settings. Null: there is no such rule. */
export interface RuleChange {
  readonly rule: string;
  readonly scope: string | null;
  readonly before: Mode | null;
  readonly after: Mode | null;
  /** It is there before and after, with another level, other parameters or other needs. */
  readonly redefined: boolean;
}

/**
 * What changes for whoever is judged where these policies take the place of those. What a rule finds is in its code: of that
 * nothing is said. Sorted by rule, then as the settings list their scopes.
 */
export function ruleChanges(
  before: readonly Policy[],
  after: readonly Policy[],
  settings: PolicySettings,
): readonly RuleChange[] {
  const old = new Map(ruleModes(before, settings).map((each) => [each.rule.id, each]));
  const now = new Map(ruleModes(after, settings).map((each) => [each.rule.id, each]));
  const ids = [...new Set([...old.keys(), ...now.keys()])].toSorted();
  const scopes = [null, ...settings.scopes.map(({ name }) => name)];
  return ids.flatMap((rule) => {
    const [one, other] = [old.get(rule), now.get(rule)];
    const redefined = one !== undefined && other !== undefined && isOther(one.rule, other.rule);
    const rows = scopes.map((scope) => {
      return { rule, scope, before: modeIn(one, scope), after: modeIn(other, scope), redefined };
    });
    const [everywhere, ...scoped] = rows as [RuleChange, ...RuleChange[]];
    const isSame = (row: RuleChange): boolean => row.before === everywhere.before && row.after === everywhere.after;
    return [everywhere, ...scoped.filter((row) => !isSame(row))].filter(
      (row) => row.before !== row.after || (redefined && row.scope === null),
    );
  });
}

/** A rule that denied and denies no more. */
export function isWeaker({ before, after }: RuleChange): boolean {
  return before === 'deny' && after !== 'deny';
}

function modeIn(modes: RuleModes | undefined, scope: string | null): Mode | null {
  if (modes === undefined) return null;
  return modes.scopes.find(({ name }) => name === scope)?.mode ?? modes.mode;
}

function isOther(one: Rule, other: Rule): boolean {
  const judged = ({ level, critical, needs, params }: Rule) => JSON.stringify([level, critical, needs, params]);
  return judged(one) !== judged(other);
}
