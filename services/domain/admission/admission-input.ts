import type { JsonObject } from '../image/json.ts';
import { formatReference } from '../image/reference.ts';
import { type PlannedRule, paramsOf, type Subject } from '../verdict/plan.ts';
import type { PolicyInput } from '../verdict/policy-input.ts';
import { listOrEmpty, textOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import type { AdmissionRequest } from './admission-request.ts';
import { judgedImage, type KnownImage } from './judged-images.ts';
import type { Workload, WorkloadImage } from './workload.ts';

export interface AdmissionFacts {
  readonly request: AdmissionRequest;
  /** Null at CONNECT where nobody knows the Pod. */
  readonly workload: Workload | null;
  readonly images: readonly WorkloadImage[];
  /** What is known of each image, in their order. */
  readonly known: readonly (KnownImage | null)[];
}

/** What policies see. `now` is RFC 3339. */
export function buildAdmissionInput(
  { request, workload, images, known }: AdmissionFacts,
  plan: ReadonlyMap<string, PlannedRule>,
  now: string,
): PolicyInput {
  const { operation, resource, subresource, dryRun, user } = request;
  const input = {
    stage: 'admission',
    image: null,
    report: null,
    images: images.map((image, index) => judgedImage(image, known[index] ?? null)),
    workload,
    request: { operation, resource, subresource, dryRun, user, session: sessionOf(request) },
    now,
    params: paramsOf(plan),
  };
  // Requests are frozen values, and the schema's types are not.
  return input as unknown as PolicyInput;
}

/** What settings and exceptions may call it. What names no image has no name either: no exception holds of it. */
export function admissionSubject(images: readonly WorkloadImage[], namespace: string | null): Subject {
  const namesOf = ({ text, reference }: WorkloadImage): string[] => {
    if (reference === null) return [];
    const { registry, repository, digest } = reference;
    return [text, formatReference(reference), `${registry}/${repository}`, ...(digest === null ? [] : [digest])];
  };
  return { stage: 'admission', images: images.map(namesOf), namespace };
}

const SESSIONS = ['exec', 'attach', 'portforward'] as const;

/** https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/ PodExecOptions, PodAttachOptions, PodPortForwardOptions. */
export function sessionOf({ operation, subresource, object }: AdmissionRequest) {
  const verb = SESSIONS.find((each) => each === subresource);
  if (operation !== 'CONNECT' || verb === undefined) return null;
  const { container, command, stdin, tty, ports }: JsonObject = object ?? {};
  return {
    verb,
    container: textOrNull(container),
    command: listOrEmpty(command).filter((each) => typeof each === 'string'),
    stdin: stdin === true,
    tty: tty === true,
    ports: listOrEmpty(ports).filter(Number.isSafeInteger) as number[],
  };
}
