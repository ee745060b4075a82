import { type Admission, unjudged } from '../domain/admission/admission.ts';
import { sessionOf } from '../domain/admission/admission-input.ts';
import { type AdmissionRequest, readAdmissionRequest } from '../domain/admission/admission-request.ts';
import type { AdmissionSettings } from '../domain/admission/admission-settings.ts';
import { identityOf } from '../domain/admission/break-glass.ts';
import { exemptLabelRefusal, isLabelledExempt } from '../domain/admission/exempt-label.ts';
import type { KnownImage } from '../domain/admission/judged-images.ts';
import { failureResponse, type ReviewResponse, reviewResponse } from '../domain/admission/review-response.ts';
import type { WorkloadImage } from '../domain/admission/workload.ts';
import { messageOf, PlimsollError } from '../domain/errors.ts';
import type { Limits } from '../domain/limits.ts';
import type { PolicySettings } from '../domain/verdict/settings.ts';
import type { AdmissionAnswer, AdmissionRecord } from './admission-store-ports.ts';
import { type BreakGlass, type BreakGlassDependencies, breakGlass } from './break-glass.ts';
import { judgeReview, type PodLookup } from './judge-review.ts';
import type { KnownImages } from './known-images.ts';
import type { Timer } from './timer.ts';
import type { PolicyEvaluator } from './verdict-ports.ts';

/** `critical` asks critical rules and denies where it cannot; the other asks the rest, and admits with a warning. */
export type ValidatingPath = 'critical' | 'validate';

/** What judges now: a reload swaps all of it at one moment. */
export interface JudgingGeneration {
  readonly evaluator: PolicyEvaluator;
  readonly policy: PolicySettings;
  readonly settings: AdmissionSettings;
}

/** Why a path gave its failure answer. */
export type FailureReason = 'deadline' | 'unreadable' | 'store' | 'policy' | 'internal';

/** One review that was answered, for whoever counts, records and tells of it. */
export interface AnsweredReview {
  readonly path: ValidatingPath;
  readonly answer: AdmissionAnswer;
  readonly ms: number;
  /** null: it could not be read. */
  readonly request: AdmissionRequest | null;
  readonly admission: Admission | null;
  readonly failure: { readonly reason: FailureReason; readonly message: string } | null;
  readonly breakGlass: BreakGlass;
  /** null where it could not be read; at a dry run nothing is kept. */
  readonly record: AdmissionRecord | null;
  /** Digests that were let in and whose verdict is no fail. */
  readonly admitted: readonly string[];
}

export interface AnswerDependencies {
  readonly judging: () => JudgingGeneration;
  readonly images: KnownImages;
  readonly pods: PodLookup;
  /** Labels of a namespace; null: nobody knows them. */
  readonly namespaceLabels: (name: string) => Readonly<Record<string, string>> | null;
  /** null: there is no API server to ask who may. */
  readonly breakGlass: BreakGlassDependencies | null;
  readonly limits: Limits;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Milliseconds of the same clock as deadlines. */
  readonly now: () => number;
  readonly timer: (ms: number) => Timer;
  readonly onAnswered: (review: AnsweredReview) => void;
}

export interface ReviewCall {
  readonly path: ValidatingPath;
  readonly body: Uint8Array;
  readonly authenticated: boolean;
  /** In milliseconds of `now`. */
  readonly deadline: number;
}

/**
 * body → request → judged → answered, by its deadline: what is not judged by then, or cannot be, has the answer of its path. Raises DELIVERY_INVALID
 * where there is nothing to answer to.
 */
export async function answerReview(call: ReviewCall, dependencies: AnswerDependencies): Promise<ReviewResponse> {
  const { limits, now, onAnswered, timer, judging } = dependencies;
  const startedAt = now();
  const reading = readAdmissionRequest(call.body, limits);
  if ('refused' in reading) return answerUnreadable(reading, call, onAnswered);
  const { request } = reading;
  const { settings } = judging();
  const { signal, late, stop } = timer(Math.max(0, call.deadline - startedAt));
  const seen: Seen = { images: [], known: [] };
  const finish = (outcome: Outcome): ReviewResponse => {
    const ms = now() - startedAt;
    onAnswered(answered(call, request, outcome, seen, dependencies.clock(), ms));
    if ('failure' in outcome) return failureResponse(request.uid, call.path !== 'critical', outcome.failure.message);
    return reviewResponse(request, outcome.admission, settings);
  };
  try {
    return finish(await Promise.race([judge(call.path, request, seen, signal, dependencies), late]));
  } catch (error) {
    const unreadable = !signal.aborted && error instanceof PlimsollError && OF_THE_OBJECT.includes(error.code);
    // As with a review that cannot be read: who wrote the object must not gain by it.
    if (unreadable) return finish({ admission: refused(messageOf(error)), breakGlass: null });
    return finish({ failure: failureOf(error, signal) });
  } finally {
    stop();
  }
}

/** What one record keeps of what a review names without end. */
const RECORDED_VIOLATIONS = 100;
const RECORDED_IMAGES = 100;
const RECORDED_TEXT = 500;

/** What was found while judging, as far as it went. */
interface Seen {
  images: readonly WorkloadImage[];
  known: readonly (KnownImage | null)[];
}

/** Raised where the object itself is of no shape that can be judged. */
const OF_THE_OBJECT: readonly string[] = ['LIMIT_EXCEEDED', 'OBJECT_INVALID'];

type Outcome =
  | { readonly admission: Admission; readonly breakGlass: BreakGlass }
  | { readonly failure: NonNullable<AnsweredReview['failure']> };

async function judge(
  path: ValidatingPath,
  asked: AdmissionRequest,
  seen: Seen,
  signal: AbortSignal,
  dependencies: AnswerDependencies,
): Promise<Outcome> {
  const { judging, images, pods, namespaceLabels, limits } = dependencies;
  const { evaluator, policy, settings } = judging();
  const { namespace } = asked;
  const guarded = exemptLabelRefusal(asked, settings.labelledNamespaces);
  if (guarded !== null) return { admission: refused(guarded), breakGlass: null };
  if (namespace !== null && settings.labelledNamespaces.includes(namespace) && isExempt(namespaceLabels(namespace))) {
    return { admission: unjudged(`the namespace ${namespace} is exempt by its label`), breakGlass: null };
  }
  const request = withoutGivenName(asked);
  // Within a minute the same is judged the same, and once.
  const now = new Date(Math.floor(dependencies.clock() / 60_000) * 60_000).toISOString();
  const context = {
    rules: path === 'critical' ? 'critical' : 'other',
    policy,
    settings,
    evaluator,
    images: {
      find: async (wanted: readonly WorkloadImage[], of: string | null) => {
        seen.images = wanted;
        seen.known = await images.find(wanted, of, { quiet: asked.dryRun });
        return seen.known;
      },
    },
    pods,
    onFailure: path === 'critical' ? 'deny' : 'allow',
    now,
    limits,
  } as const;
  const admission = await judgeReview(request, { ...context, breakGlass: false });
  if (admission.allowed || dependencies.breakGlass === null) return { admission, breakGlass: null };
  const opened = await breakGlass(asked, new Date(dependencies.clock()).toISOString(), signal, dependencies.breakGlass);
  if (opened === null) return { admission, breakGlass: null };
  if ('refused' in opened) {
    return { admission: { ...admission, unknown: [...admission.unknown, opened.refused] }, breakGlass: opened };
  }
  return { admission: await judgeReview(request, { ...context, breakGlass: true }), breakGlass: opened };
}

function isExempt(labels: Readonly<Record<string, string>> | null): boolean {
  return labels !== null && isLabelledExempt(labels);
}

function refused(why: string): Admission {
  return { ...unjudged(why), allowed: false, decision: 'fail', unjudged: null, unknown: [why] };
}

/** Pods that a controller makes have a name of chance each; to rules all Pods of one template are one. */
function withoutGivenName(request: AdmissionRequest): AdmissionRequest {
  const isOwned = request.operation !== 'CONNECT' && request.kind === 'Pod' && identityOf(request).ownerUid !== null;
  return isOwned ? { ...request, name: null } : request;
}

function failureOf(error: unknown, signal: AbortSignal): NonNullable<AnsweredReview['failure']> {
  if (signal.aborted) return { reason: 'deadline', message: 'it took longer than the API server waits' };
  const code = error instanceof PlimsollError ? error.code : 'INTERNAL';
  if (code === 'STORE_UNUSABLE') return { reason: 'store', message: messageOf(error) };
  return { reason: 'internal', message: messageOf(error) };
}

function answerUnreadable(
  { refused: why, uid }: { readonly refused: string; readonly uid: string | null },
  { path, body }: ReviewCall,
  onAnswered: AnswerDependencies['onAnswered'],
): ReviewResponse {
  const failure = { reason: 'unreadable', message: `the review cannot be read: ${why}` } as const;
  onAnswered({
    path,
    answer: 'failed',
    ms: 0,
    request: null,
    admission: null,
    failure,
    breakGlass: null,
    record: null,
    admitted: [],
  });
  const known = uid ?? uidOfHead(body);
  if (known === null) throw new PlimsollError('DELIVERY_INVALID', `No AdmissionReview: ${why}`);
  // What asks for admission has a hand in it: were it let in, it would be a way round every rule.
  return failureResponse(known, false, failure.message);
}

/** Of a review that is past a limit: API servers write the uid first. */
function uidOfHead(body: Uint8Array): string | null {
  const head = new TextDecoder().decode(body.subarray(0, 512));
  return (
    /^\{"kind":"AdmissionReview","apiVersion":"admission\.k8s\.io\/v1","request":\{"uid":"([\w.:-]{1,128})"/.exec(
      head,
    )?.[1] ?? null
  );
}

function answered(
  { path, authenticated }: ReviewCall,
  request: AdmissionRequest,
  outcome: Outcome,
  { images, known }: Seen,
  at: number,
  ms: number,
): AnsweredReview {
  const admission = 'admission' in outcome ? outcome.admission : null;
  const opened = 'admission' in outcome ? outcome.breakGlass : null;
  const failure = 'failure' in outcome ? outcome.failure : policyFailure(outcome.admission);
  const allowed = admission?.allowed ?? path !== 'critical';
  const isWarned =
    admission?.violations.some(({ effect }) => effect === 'warned') === true || admission?.leniency != null;
  const grant = opened !== null && 'grant' in opened ? opened.grant : null;
  const { uid, operation, kind, group, subresource, namespace, name, user } = request;
  const answer = admission === null ? 'failed' : !allowed ? 'denied' : isWarned ? 'warned' : 'allowed';
  const record: AdmissionRecord = {
    at: new Date(at).toISOString(),
    uid,
    path,
    caller: authenticated ? 'api-server' : 'unauthenticated caller',
    operation,
    kind: `${kind}${group === '' ? '' : `.${group}`}${subresource === null ? '' : `/${subresource}`}`,
    namespace,
    name,
    user: user.name,
    answer,
    why: failure?.message ?? admission?.unjudged ?? admission?.leniency ?? (admission?.unknown.join('; ') || null),
    violations: (admission?.violations ?? [])
      .slice(0, RECORDED_VIOLATIONS)
      .map(({ rule, level, mode, effect, message }) => {
        return { rule, level, mode, effect, message: message.slice(0, RECORDED_TEXT) };
      }),
    images: images.slice(0, RECORDED_IMAGES).map(({ text, reference }, index) => ({
      text: text.slice(0, RECORDED_TEXT),
      digest: known[index]?.verdict.digest ?? reference?.digest ?? null,
      decision: known[index]?.verdict.decision ?? null,
    })),
    session: sessionOf(request),
    breakGlass: grant === null ? null : { user: grant.user, reason: grant.reason, expiresAt: grant.expiresAt },
    ms: Math.round(ms),
  };
  const passing = known.flatMap((each) =>
    each === null || each.verdict.decision === 'fail' ? [] : [each.verdict.digest],
  );
  const isKept = !request.dryRun;
  return {
    path,
    answer,
    ms,
    request,
    admission,
    failure,
    breakGlass: opened,
    record: isKept ? record : null,
    admitted: isKept && allowed && admission !== null && namespace !== null ? [...new Set(passing)] : [],
  };
}

function policyFailure({ failures }: Admission): AnsweredReview['failure'] {
  return failures.length === 0 ? null : { reason: 'policy', message: failures.join('; ') };
}
