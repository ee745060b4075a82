import picomatch from 'picomatch';
import type { Mode, Policy, Rule } from './policy.ts';
import type { PolicyInput } from './policy-input.ts';
import type { Match, PolicyException, PolicySettings } from './settings.ts';
import { STAGES, type Stage } from './stage.ts';

/** What is judged, as scopes of settings and exceptions name it. */
export interface Subject {
  readonly stage: Stage;
  /** The names of each of its images: the reference as it was given, with and without prefix; the digest. */
  readonly images: readonly (readonly string[])[];
  readonly namespace: string | null;
}

export interface PlannedRule {
  readonly mode: Mode;
  readonly params: Readonly<Record<string, PolicyInput['params'][string][string]>>;
}

export const DEFAULT_POLICY_SETTINGS: PolicySettings = { builtin: true, rules: {}, scopes: [], exceptions: [] };

/** The stages at which a rule is asked; where it names none, those that have what it needs. */
export function stagesOf({ stages, needs }: Rule): readonly Stage[] {
  if (stages !== undefined) return stages;
  const isOf = (part: string) => needs.some((path) => path === part || path.startsWith(`${part}.`));
  if (isOf('report')) return ['build', 'ship'];
  return ['images', 'request', 'workload'].some(isOf) ? ['admission'] : STAGES;
}

/**
 * Mode and parameters of every rule for one subject: the rule's own, then those of `rules`, then those of each scope that matches, in
 * their order. Parameters are merged one by one. A rule of other stages is off, whatever settings say.
 */
export function planRules(
  policies: readonly Policy[],
  settings: PolicySettings,
  subject: Subject,
): ReadonlyMap<string, PlannedRule> {
  const scopes = settings.scopes.filter((scope) => matches(scope.match, subject));
  const tables = [settings.rules, ...scopes.map((scope) => scope.rules)];
  const plan = new Map<string, PlannedRule>();
  for (const rule of policies.flatMap((policy) => policy.rules)) {
    const defaults = Object.entries(rule.params).map(([name, schema]) => [name, schema.default] as const);
    const planned = { mode: rule.mode, params: Object.fromEntries(defaults) };
    for (const table of tables) {
      const own = Object.hasOwn(table, rule.id) ? table[rule.id] : undefined;
      planned.mode = own?.mode ?? planned.mode;
      planned.params = { ...planned.params, ...own?.params };
    }
    plan.set(rule.id, stagesOf(rule).includes(subject.stage) ? planned : { ...planned, mode: 'off' });
  }
  return plan;
}

/** The parameters of the rules that are asked, as policies get them: a rule that is off has none, and is not evaluated. */
export function paramsOf(plan: ReadonlyMap<string, PlannedRule>): Readonly<Record<string, PlannedRule['params']>> {
  return Object.fromEntries([...plan].flatMap(([rule, { mode, params }]) => (mode === 'off' ? [] : [[rule, params]])));
}

/** Whether everything that the match names holds of the subject. Of several images it must hold of each: one must not speak for others. */
export function matches(match: Match | undefined, { stage, images, namespace }: Subject): boolean {
  if (match?.stages !== undefined && !match.stages.includes(stage)) return false;
  if (match?.images !== undefined) {
    const globs = match.images;
    const isNamed = (names: readonly string[]) =>
      names.some((name) => globs.some((glob) => picomatch.isMatch(name, glob)));
    if (images.length === 0 || !images.every(isNamed)) return false;
  }
  if (match?.namespaces !== undefined) {
    return namespace !== null && match.namespaces.some((glob) => picomatch.isMatch(namespace, glob));
  }
  return true;
}

/** `now` as an RFC 3339 moment. An exception holds through its last day, UTC. */
export function isExpired({ expires }: PolicyException, now: string): boolean {
  return new Date(now).toISOString().slice(0, 10) > expires;
}
