import { PlimsollError } from '../domain/errors.ts';
import type { Policy } from '../domain/verdict/policy.ts';
import { isWeaker, type RuleChange, ruleChanges } from '../domain/verdict/rule-changes.ts';
import type { Job } from './job-ports.ts';
import type { BundleFiles, NewPolicyChange, PolicyChange, PolicyStore, StoredBundle } from './policy-ports.ts';
import type { ServerJudge } from './server-judge.ts';
import type { JudgementTerms, TermsReader } from './terms.ts';

export interface ChangePoliciesDependencies {
  readonly policies: PolicyStore;
  readonly terms: TermsReader;
  readonly judge: ServerJudge;
}

export interface PolicyRequest {
  readonly digest: string;
  /** A rule that denies may be dropped, or be put into a mode that does not. */
  readonly allowWeaker: boolean;
  readonly by: string;
}

type Changed = { readonly change: PolicyChange; readonly job: Job };

/** Loads a bundle, starts it once beside the policies of the settings, and keeps it. Raises POLICY_INVALID, SETTINGS_INVALID. */
export async function uploadBundle(
  files: BundleFiles,
  by: string,
  { policies, judge }: ChangePoliciesDependencies,
): Promise<StoredBundle> {
  const checked = await judge.check([files]);
  return await policies.addBundle(files, checked.at(-1)!, by);
}

/** Puts a bundle in the place of the one of its name that judges. Raises NOT_FOUND, CONFLICT, POLICY_INVALID, SETTINGS_INVALID. */
export async function activateBundle(
  request: PolicyRequest,
  dependencies: ChangePoliciesDependencies,
): Promise<Changed> {
  const bundle = await existing(request.digest, dependencies);
  return await change('activate', bundle.name, request, dependencies, async (current) => {
    if (current === bundle.digest) throw new PlimsollError('CONFLICT', `${bundle.digest} judges already.`);
    return bundle.digest;
  });
}

/** No bundle of its name judges any more. Raises what activateBundle raises. */
export async function deactivateBundle(
  request: PolicyRequest,
  dependencies: ChangePoliciesDependencies,
): Promise<Changed> {
  const { name } = await existing(request.digest, dependencies);
  return await change('deactivate', name, request, dependencies, async (current) => {
    expectJudging(request, current);
    return null;
  });
}

/** Puts back what the last change of its name took away: another bundle, or none. Raises what activateBundle raises. */
export async function rollBackBundle(
  request: PolicyRequest,
  dependencies: ChangePoliciesDependencies,
): Promise<Changed> {
  const { name } = await existing(request.digest, dependencies);
  return await change('roll-back', name, request, dependencies, async (current) => {
    expectJudging(request, current);
    const { items } = await dependencies.policies.policyChanges(name, { limit: 1, after: null });
    return items[0]?.previous ?? null;
  });
}

async function existing(digest: string, { policies }: ChangePoliciesDependencies): Promise<StoredBundle> {
  const found = await policies.bundle(digest);
  if (found !== null) return found;
  throw new PlimsollError('NOT_FOUND', `There is no bundle ${digest}; upload it first.`);
}

function expectJudging({ digest }: PolicyRequest, current: string | null): void {
  if (current === digest) return;
  throw new PlimsollError('CONFLICT', `${digest} does not judge now (${current ?? 'no bundle of its name'} does).`);
}

async function change(
  action: NewPolicyChange['action'],
  name: string,
  { allowWeaker, by }: PolicyRequest,
  { policies, terms, judge }: ChangePoliciesDependencies,
  successor: (current: string | null) => Promise<string | null>,
): Promise<Changed> {
  for (;;) {
    const { revision, bundles } = await terms.terms();
    const previous = bundles.find((each) => each.name === name)?.digest ?? null;
    const digest = await successor(previous);
    const rest = bundles.filter((each) => each.name !== name);
    const files = await Promise.all(rest.map((each) => each.files()));
    if (digest !== null) files.push(await policies.files(digest));
    const after = await judge.check(files);
    const rules = ruleChanges(await before(judge, bundles, allowWeaker), after, judge.settings);
    const weaker = rules.filter(isWeaker);
    if (weaker.length > 0 && !allowWeaker) {
      const message = `Rules that deny would deny no more: ${weaker.map(spoken).join(', ')}. If that is meant, say "allowWeaker": true.`;
      throw new PlimsollError('CONFLICT', message);
    }
    const made = { action, name, digest, previous, rules, weaker: weaker.length > 0 };
    const changed = await policies.changePolicies(made, by, revision);
    if (changed !== null) return changed;
    // Something else of the terms was changed meanwhile: what was compared is no longer what holds.
  }
}

/** What judges now. Where that cannot even be loaded, whoever allows less may put something in its place. */
async function before(
  judge: ServerJudge,
  bundles: JudgementTerms['bundles'],
  allowWeaker: boolean,
): Promise<readonly Policy[]> {
  try {
    return await judge.policies(bundles);
  } catch (error) {
    if (allowWeaker) return [];
    throw error;
  }
}

function spoken({ rule, scope, after }: RuleChange): string {
  return `${rule}${scope === null ? '' : ` in ${scope}`} (${after ?? 'dropped'})`;
}
