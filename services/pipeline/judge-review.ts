import { type Admission, decideAdmission, unjudged } from '../domain/admission/admission.ts';
import { admissionSubject, buildAdmissionInput } from '../domain/admission/admission-input.ts';
import type { AdmissionRequest } from '../domain/admission/admission-request.ts';
import type { AdmissionSettings } from '../domain/admission/admission-settings.ts';
import type { KnownImage } from '../domain/admission/judged-images.ts';
import { leniencyOf } from '../domain/admission/leniency.ts';
import { imagesOf, readWorkload, type Workload, type WorkloadImage } from '../domain/admission/workload.ts';
import { PlimsollError } from '../domain/errors.ts';
import type { JsonObject } from '../domain/image/json.ts';
import type { Limits } from '../domain/limits.ts';
import { type PlannedRule, planRules } from '../domain/verdict/plan.ts';
import type { Policy } from '../domain/verdict/policy.ts';
import type { PolicySettings } from '../domain/verdict/settings.ts';
import type { PolicyEvaluator } from './verdict-ports.ts';

/** What is known of images without a registry and without a scan. */
export interface ImageKnowledge {
  /** In the order of `images`; null where no verdict is known. Never raises. */
  find(images: readonly WorkloadImage[], namespace: string | null): Promise<readonly (KnownImage | null)[]>;
}

/** Pods that run. */
export interface PodLookup {
  /** The object; null where there is none, or nobody could tell in time. Never raises. */
  find(namespace: string, name: string): Promise<JsonObject | null>;
}

export interface ReviewContext {
  /** Which rules are asked: by their `critical`. */
  readonly rules: 'critical' | 'other' | 'all';
  readonly policy: PolicySettings;
  readonly settings: AdmissionSettings;
  readonly evaluator: PolicyEvaluator;
  readonly images: ImageKnowledge;
  readonly pods: PodLookup;
  /** What holds where a policy gives no answer. */
  readonly onFailure: 'deny' | 'allow';
  /** Somebody who may has opened this one workload: what would be denied is warned of. */
  readonly breakGlass: boolean;
  /** RFC 3339. */
  readonly now: string;
  readonly limits: Limits;
}

/**
 * request → workload → images → policies → admission. Webhook and command line come to the same. Raises LIMIT_EXCEEDED and
 * OBJECT_INVALID where the object cannot be judged: more containers than are looked at, or of no shape that Kubernetes has.
 */
export async function judgeReview(request: AdmissionRequest, context: ReviewContext): Promise<Admission> {
  const { policy, settings, evaluator, limits, now } = context;
  const { operation, namespace } = request;
  if (operation === 'DELETE') return unjudged('deleting is nothing to judge');
  if (namespace !== null && settings.exemptNamespaces.includes(namespace)) {
    return unjudged(`the namespace ${namespace} is exempt`);
  }
  const workload = await workloadOf(request, context);
  const images = workload === null || operation === 'CONNECT' ? [] : imagesOf(workload);
  const known = images.length === 0 ? [] : await context.images.find(images, namespace);
  const facts = { request, workload, images, known };
  const subject = admissionSubject(images, namespace);
  const plan = asked(context.rules, evaluator.policies, planRules(evaluator.policies, policy, subject));
  const input = buildAdmissionInput(facts, plan, now);
  const outcomes = await evaluator.evaluate(input);
  const leniency = workload === null ? null : leniencyOf(request, workload, limits);
  return decideAdmission({
    facts,
    decision: { outcomes, plan, exceptions: policy.exceptions, subject, input },
    settings,
    leniency: leniency ?? (context.breakGlass ? 'break-glass' : null),
    onFailure: context.onFailure,
  });
}

/** The object, or at CONNECT the Pod that it is about: the review carries only what is asked of it. */
async function workloadOf(request: AdmissionRequest, { pods, limits }: ReviewContext): Promise<Workload | null> {
  const { operation, object, namespace, name } = request;
  const pod = { group: '', version: 'v1', kind: 'Pod', namespace, name };
  if (operation !== 'CONNECT') return read(object!, request, limits);
  const found = namespace === null || name === null ? null : await pods.find(namespace, name);
  return found === null ? null : read(found, pod, limits);
}

function read(object: JsonObject, identity: Parameters<typeof readWorkload>[1], limits: Limits): Workload {
  const reading = readWorkload(object, identity, limits);
  if ('workload' in reading) return reading.workload;
  const isPastLimit = reading.refused.includes('reviewContainers');
  throw new PlimsollError(isPastLimit ? 'LIMIT_EXCEEDED' : 'OBJECT_INVALID', `It cannot be judged: ${reading.refused}`);
}

/** The plan with the rules that this path does not ask switched off. */
function asked(
  rules: ReviewContext['rules'],
  policies: readonly Policy[],
  plan: ReadonlyMap<string, PlannedRule>,
): ReadonlyMap<string, PlannedRule> {
  if (rules === 'all') return plan;
  const critical = new Set(policies.flatMap((each) => each.rules.filter((rule) => rule.critical).map(({ id }) => id)));
  const isAsked = (id: string) => critical.has(id) === (rules === 'critical');
  return new Map([...plan].map(([id, planned]) => [id, isAsked(id) ? planned : { ...planned, mode: 'off' }]));
}
