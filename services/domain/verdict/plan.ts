import picomatch from 'picomatch';
import type { Mode, Policy } from './policy.ts';
import type { PolicyInput, Stage } from './policy-input.ts';
import type { Match, PolicyException, PolicySettings } from './settings.ts';

/** What is judged, as scopes of settings and exceptions name it. */
export interface Subject {
  readonly stage: Stage;
  /** Its names: the reference as it was given, with and without prefix; the digest. */
  readonly images: readonly string[];
  readonly namespace: string | null;
}

export interface PlannedRule {
  readonly mode: Mode;
  readonly params: Readonly<Record<string, PolicyInput['params'][string][string]>>;
}

export const DEFAULT_POLICY_SETTINGS: PolicySettings = { builtin: true, rules: {}, scopes: [], exceptions: [] };

/**
 * Mode and parameters of every rule for one subject: the rule's own, then those of `rules`, then those of each scope that matches, in
 * their order. Parameters are merged one by one.
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
    plan.set(rule.id, planned);
  }
  return plan;
}

/** Whether everything that the match names holds of the subject. */
export function matches(match: Match | undefined, { stage, images, namespace }: Subject): boolean {
  if (match?.stages !== undefined && !match.stages.includes(stage)) return false;
  if (
    match?.images !== undefined &&
    !match.images.some((glob) => images.some((image) => picomatch.isMatch(image, glob)))
  )
    return false;
  if (match?.namespaces !== undefined) {
    return namespace !== null && match.namespaces.some((glob) => picomatch.isMatch(namespace, glob));
  }
  return true;
}

/** `now` as an RFC 3339 moment. An exception holds through its last day, UTC. */
export function isExpired({ expires }: PolicyException, now: string): boolean {
  return new Date(now).toISOString().slice(0, 10) > expires;
}
