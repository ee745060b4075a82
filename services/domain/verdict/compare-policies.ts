import type { AdmissionSettings } from '../admission/admission-settings.ts';
import { type PlannedRule, planRules, type Subject } from './plan.ts';
import type { Mode, Policy } from './policy.ts';
import type { PolicySettings } from './settings.ts';

/** What judges: rules, their modes and parameters, and where nothing is judged. */
export interface JudgedBy {
  readonly policies: readonly Policy[];
  readonly policy: PolicySettings;
  readonly settings: AdmissionSettings;
}

export interface PolicyChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** One line each: what is another, and was. */
  readonly changed: readonly string[];
  /** What was enforced and is not, or less. */
  readonly weaker: readonly string[];
}

const STRENGTH: Readonly<Record<Mode, number>> = { deny: 3, warn: 2, audit: 1, off: 0 };

/** Rules as they hold where no scope says otherwise, and each scope for itself. */
export function comparePolicies(before: JudgedBy, after: JudgedBy): PolicyChange {
  const [old, now] = [rulesOf(before), rulesOf(after)];
  const changed: string[] = [];
  const weaker: string[] = [];
  for (const [id, was] of old) {
    const is = now.get(id);
    if (is === undefined) {
      if (STRENGTH[was.mode] >= STRENGTH.warn) weaker.push(`${id} is gone`);
      continue;
    }
    if (was.mode !== is.mode) changed.push(`${id}: ${was.mode} became ${is.mode}`);
    if (STRENGTH[is.mode] < STRENGTH[was.mode]) weaker.push(`${id}: ${was.mode} became ${is.mode}`);
    if (was.critical !== is.critical) changed.push(`${id}: ${is.critical ? 'is critical now' : 'is critical no more'}`);
    if (was.critical && !is.critical) weaker.push(`${id}: is critical no more`);
    if (was.text !== is.text) changed.push(`${id}: other parameters`);
  }
  weaker.push(...newlySoftened(before.policy, after.policy));
  for (const list of ['exemptNamespaces', 'labelledNamespaces'] as const) {
    const fresh = after.settings[list].filter((name) => !before.settings[list].includes(name));
    weaker.push(...fresh.map((name) => `${list}: ${name} is new`));
  }
  return {
    added: [...now.keys()].filter((id) => !old.has(id)),
    removed: [...old.keys()].filter((id) => !now.has(id)),
    changed,
    weaker,
  };
}

interface HeldRule {
  readonly mode: Mode;
  readonly critical: boolean;
  readonly text: string;
}

function rulesOf({ policies, policy }: JudgedBy): ReadonlyMap<string, HeldRule> {
  const subject: Subject = { stage: 'admission', images: [], namespace: null };
  const plan: ReadonlyMap<string, PlannedRule> = planRules(policies, { ...policy, scopes: [] }, subject);
  return new Map(
    policies
      .flatMap(({ rules }) => rules)
      .map(({ id, critical }) => {
        const { mode, params } = plan.get(id)!;
        return [id, { mode, critical, text: JSON.stringify(params) }];
      }),
  );
}

/** Scopes that set a rule to less than deny, and exceptions, that were not there before. */
function newlySoftened(before: PolicySettings, after: PolicySettings): string[] {
  const scopesOf = ({ scopes }: PolicySettings) =>
    scopes.flatMap(({ name, match, rules }) =>
      Object.entries(rules)
        .filter(([, { mode }]) => mode !== undefined && mode !== 'deny')
        .map(([id, { mode }]) => [JSON.stringify([match, id, mode]), `scope ${name}: ${id} is ${mode}`] as const),
    );
  const known = new Set(scopesOf(before).map(([key]) => key));
  const exceptions = new Set(before.exceptions.map((each) => JSON.stringify(each)));
  return [
    ...scopesOf(after).flatMap(([key, text]) => (known.has(key) ? [] : [text])),
    ...after.exceptions
      .filter((each) => !exceptions.has(JSON.stringify(each)))
      .map(({ rule, owner }) => `exception of ${owner} from ${rule}`),
  ];
}
