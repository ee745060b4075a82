import { admissionSettings } from '../../services/domain/admission/admission-settings.ts';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import type { ImageVerdict } from '../../services/domain/verdict/judged-image.ts';
import { DEFAULT_POLICY_SETTINGS } from '../../services/domain/verdict/plan.ts';
import type { Policy, PolicyOutcome, Rule } from '../../services/domain/verdict/policy.ts';
import type { PolicyInput } from '../../services/domain/verdict/policy-input.ts';
import type { RequestUser } from '../../services/pipeline/admission-ports.ts';
import type { BreakGlassGrant } from '../../services/pipeline/admission-store-ports.ts';
import {
  type AnswerDependencies,
  type AnsweredReview,
  answerReview,
  type ReviewCall,
} from '../../services/pipeline/answer-review.ts';
import { KnownImages } from '../../services/pipeline/known-images.ts';
import type { Timer } from '../../services/pipeline/timer.ts';
import type { PolicyEvaluator } from '../../services/pipeline/verdict-ports.ts';

export const NOW = Date.parse('2026-03-10T12:00:30Z');

/** As the servers' root makes it. */
function timer(ms: number): Timer {
  const over = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  late.catch(() => {});
  const running = setTimeout(() => {
    const error = new Error(`late after ${ms}`);
    over.abort(error);
    reject(error);
  }, ms);
  return { signal: over.signal, late, stop: () => clearTimeout(running) };
}

export function ruleOf(id: string, changes: Partial<Rule> = {}): Rule {
  const rule = {
    id,
    title: id,
    description: '',
    level: 'error',
    critical: true,
    mode: 'deny',
    needs: ['request'],
    params: {},
  };
  return { ...rule, ...changes } as Rule;
}

type Found = readonly object[];

/** Policies that find what a function says, each rule of them critical where nothing else is said. */
export function evaluatorOf(
  find: (input: PolicyInput) => Found | Promise<Found | { readonly failure: string }>,
  rules: readonly Rule[] = [ruleOf('root')],
): PolicyEvaluator & { readonly asked: PolicyInput[] } {
  const policy: Policy = { name: 'p', digest: 'sha256:p', builtin: true, rules };
  const asked: PolicyInput[] = [];
  return {
    asked,
    policies: [policy],
    evaluate: async (input): Promise<readonly PolicyOutcome[]> => {
      asked.push(input);
      const found = await find(input);
      return ['failure' in found ? { policy, failure: found.failure } : { policy, violations: found }];
    },
  };
}

export interface TestGateOptions {
  readonly evaluator?: PolicyEvaluator;
  readonly verdictOf?: (digest: string) => Promise<ImageVerdict | null>;
  readonly mayUser?: (user: RequestUser) => boolean;
  readonly labels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly labelledNamespaces?: readonly string[];
  readonly pods?: AnswerDependencies['pods'];
  readonly limits?: Partial<Limits>;
}

/** Everything behind the listener, with a store and a cluster in memory. */
export function testGate({ evaluator = evaluatorOf(() => []), ...options }: TestGateOptions = {}) {
  const answered: AnsweredReview[] = [];
  const grants: BreakGlassGrant[] = [];
  const scans: string[] = [];
  const limits = { ...LIMITS, ...options.limits };
  const state = { clock: NOW };
  const images = new KnownImages({
    store: {
      verdictOf: options.verdictOf ?? (async () => null),
      failingSince: async () => null,
      remember: async () => {},
      tagDigest: async () => null,
    },
    registrationOf: () => 'ours',
    requestScan: ({ repository }) => scans.push(repository),
    timer,
    onLookup: () => {},
  });
  const dependencies: AnswerDependencies = {
    judging: () => ({
      evaluator,
      policy: DEFAULT_POLICY_SETTINGS,
      settings: admissionSettings.parse({ labelledNamespaces: options.labelledNamespaces ?? [] }),
    }),
    images,
    pods: options.pods ?? { find: async () => null },
    namespaceLabels: (name) => options.labels?.[name] ?? null,
    breakGlass: {
      reviewer: { mayUser: async (user) => options.mayUser?.(user) ?? false },
      grants: {
        grant: async (grant) => void grants.push(grant),
        granted: async (ownerUid, templateDigest) =>
          grants.findLast((each) => each.ownerUid === ownerUid && each.templateDigest === templateDigest) ?? null,
      },
      sha256: (bytes) => Buffer.from(bytes).toString('base64'),
      limits,
    },
    limits,
    clock: () => state.clock,
    now: () => performance.now(),
    timer,
    onAnswered: (review) => answered.push(review),
  };
  const ask = async (body: Uint8Array, call: Partial<ReviewCall> & { readonly ms?: number } = {}) => {
    const { ms = 30_000, ...rest } = call;
    const given = { path: 'critical', body, authenticated: true, deadline: performance.now() + ms, ...rest } as const;
    return (await answerReview(given, dependencies)).response;
  };
  return { ask, answered, grants, scans, state, images };
}
