import type { Admission, AdmissionViolation } from './admission.ts';
import type { AdmissionRequest } from './admission-request.ts';
import type { AdmissionSettings } from './admission-settings.ts';

/** Of one denial and of one list of warnings; the rest are counted, and stand in the record. */
const SHOWN = 20;
/** Past these the API server cuts warnings itself (apiserver, pkg/endpoints/filters/warning.go). */
const WARNING_LENGTH = 256;
const WARNINGS_LENGTH = 4_096;
const ANNOTATION_LENGTH = 1_024;
const MESSAGE_LENGTH = 1_024;

/** admission.k8s.io/v1 */
export interface ReviewResponse {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
    readonly warnings?: readonly string[];
    /** The API server puts the name of the webhook before each. */
    readonly auditAnnotations?: Readonly<Record<string, string>>;
  };
}

/** What the API server is answered. */
export function reviewResponse(
  request: AdmissionRequest,
  admission: Admission,
  settings: AdmissionSettings,
): ReviewResponse {
  const warnings = warningsOf(admission);
  const { allowed } = admission;
  return envelope({
    uid: request.uid,
    allowed,
    ...(!allowed && { status: { code: 403, reason: 'Forbidden', message: denialOf(request, admission, settings) } }),
    ...(warnings.length > 0 && { warnings }),
    auditAnnotations: annotationsOf(admission),
  });
}

/** A request that cannot be read, or whose deadline passed: denied, or admitted with a warning. `why` is one clause. */
export function failureResponse(uid: string, allowed: boolean, why: string): ReviewResponse {
  const message = oneLine(`Plimsoll could not judge this request: ${why}`, MESSAGE_LENGTH);
  return envelope({
    uid,
    allowed,
    ...(allowed
      ? { warnings: [oneLine(message, WARNING_LENGTH)] }
      : { status: { code: 403, reason: 'Forbidden', message } }),
    auditAnnotations: { failure: oneLine(why, ANNOTATION_LENGTH) },
  });
}

function envelope(response: ReviewResponse['response']): ReviewResponse {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}

/** One line for each reason, and in the end how to get an exception. */
function denialOf(request: AdmissionRequest, admission: Admission, { exceptionHelp }: AdmissionSettings): string {
  const denied = admission.violations.filter(({ effect }) => effect === 'denied').map(line);
  const lines = [...denied, ...admission.unknown, ...admission.failures];
  const more = lines.length > SHOWN ? [`… and ${lines.length - SHOWN} more`] : [];
  const shown = [...lines.slice(0, SHOWN), ...more].map((text) => `- ${oneLine(text, MESSAGE_LENGTH)}`);
  return [`Plimsoll denies ${describe(request)}:`, ...shown, `Exceptions: ${exceptionHelp}`].join('\n');
}

/** `Deployment shop/web`, `exec in Pod shop/web-0`. */
export function describe({ kind, namespace, name, operation, subresource }: AdmissionRequest): string {
  const named = [namespace === name ? null : namespace, name ?? '(no name yet)']
    .filter((part) => part !== null)
    .join('/');
  return operation === 'CONNECT' ? `${subresource ?? 'connect'} in Pod ${named}` : `${kind} ${named}`;
}

const WHY: Readonly<Record<NonNullable<AdmissionViolation['leniency']>, string>> = {
  unchanged: 'admitted since this update changes nothing of it',
  deleting: 'admitted since it is being deleted',
  mirror: 'admitted since the kubelet runs this static Pod already',
  'break-glass': 'admitted by break-glass, which is recorded',
  grace: 'admitted for now since it was admitted here before',
};

function warningsOf({ violations, unknown, failures, leniency, allowed }: Admission): string[] {
  const why = (reason: AdmissionViolation['leniency']) => (reason === null ? '' : ` (${WHY[reason]})`);
  const warned = violations.filter(({ effect }) => effect === 'warned');
  const lines = [...warned.toSorted((a, b) => Number(a.leniency === null) - Number(b.leniency === null))].map(
    (violation) => `${line(violation)}${why(violation.leniency)}`,
  );
  if (allowed) lines.push(...[...unknown, ...failures].map((text) => `${text}${why(leniency)}`));
  const cut = lines.map((text) => oneLine(text, WARNING_LENGTH));
  const kept: string[] = [];
  let length = 64;
  for (const text of cut) {
    length += text.length;
    if (kept.length === SHOWN || length > WARNINGS_LENGTH) break;
    kept.push(text);
  }
  return kept.length < cut.length ? [...kept, `… and ${cut.length - kept.length} more`] : kept;
}

function annotationsOf({
  decision,
  violations,
  leniency,
  unjudged,
  failures,
  unknown,
}: Admission): Record<string, string> {
  const rules = (effect: AdmissionViolation['effect']) => {
    return [...new Set(violations.filter((each) => each.effect === effect).map(({ rule }) => rule))].join(',');
  };
  const entries = {
    decision: unjudged === null ? decision : 'unjudged',
    denied: rules('denied'),
    warned: rules('warned'),
    recorded: rules('recorded'),
    leniency: leniency ?? unjudged ?? '',
    failure: [...failures, ...unknown].join('; '),
  };
  return Object.fromEntries(
    Object.entries(entries).flatMap(([key, text]) => (text === '' ? [] : [[key, oneLine(text, ANNOTATION_LENGTH)]])),
  );
}

function line({ rule, message, level }: AdmissionViolation): string {
  return `${rule}: ${level === 'undecided' ? 'cannot tell: ' : ''}${message}`;
}

/** Warnings travel in HTTP headers, and all of it in terminals: no control characters, nothing too long. */
function oneLine(text: string, length: number): string {
  const clean = text.replace(/[\s\p{C}]+/gu, ' ').trim();
  return clean.length > length ? `${clean.slice(0, length - 1).trimEnd()}…` : clean;
}
