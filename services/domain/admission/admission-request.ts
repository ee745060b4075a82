import { type JsonObject, shown, stringMap, stringOr } from '../image/json.ts';
import type { Limits } from '../limits.ts';
import { exceededJsonLimit } from '../sbom/json-bounds.ts';
import { listOrEmpty, objectOrNull, parseForeignJson, textOrNull } from '../vulnerabilities/feeds/foreign-json.ts';

/*
 * The request of an AdmissionReview (admission.k8s.io/v1): https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 * Its sender may be anybody who reaches the port, and the objects in it are written by whoever may create one.
 */

export const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;

export interface Requester {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: (typeof OPERATIONS)[number];
  /** `apps`; the core group is empty. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** As in URLs: `pods`. */
  readonly resource: string;
  /** `ephemeralcontainers`, `exec`; null: the object itself. */
  readonly subresource: string | null;
  /** Null where the API server is yet to choose one. */
  readonly name: string | null;
  /** Null: not in a namespace. Of a Namespace itself its own name. */
  readonly namespace: string | null;
  readonly user: Requester;
  readonly dryRun: boolean;
  /** What is asked for; null at DELETE. Of CONNECT the options: PodExecOptions and the like. */
  readonly object: JsonObject | null;
  /** What is there; at UPDATE and DELETE. */
  readonly oldObject: JsonObject | null;
}

/** The request; or in one clause why there is none, with the uid where it can be answered. */
export type RequestReading =
  | { readonly request: AdmissionRequest }
  | { readonly refused: string; readonly uid: string | null };

const API_VERSION = 'admission.k8s.io/v1';
/** RFC 1123 names, those of roles with colons; longer than any that Kubernetes allows. */
const NAME = /^[^\s\p{Cc}/]{1,253}$/u;
const UID = /^[\w.:-]{1,128}$/;

/** The request in one body. Never throws. */
export function readAdmissionRequest(body: Uint8Array, limits: Limits): RequestReading {
  if (body.length > limits.reviewBytes) return refuse(`it is longer than reviewBytes (${limits.reviewBytes})`);
  const bounds = { nesting: limits.reviewNesting, values: limits.reviewValues };
  const exceeded = exceededJsonLimit(body, bounds);
  if (exceeded === 'nesting') return refuse(`it is nested deeper than reviewNesting (${bounds.nesting})`);
  if (exceeded === 'values') return refuse(`it has more than reviewValues (${bounds.values}) values`);
  const value = parseForeignJson(body);
  if (value === undefined) return refuse('it is no JSON in UTF-8');
  const review = objectOrNull(value);
  if (review?.kind !== 'AdmissionReview') return refuse(`its kind is ${shown(review?.kind)}, not AdmissionReview`);
  if (review.apiVersion !== API_VERSION)
    return refuse(`its apiVersion is ${shown(review.apiVersion)}, not ${API_VERSION}`);
  const request = objectOrNull(review.request);
  return request === null ? refuse('it has no request') : readRequest(request);
}

function refuse(refused: string, uid: string | null = null): RequestReading {
  return { refused, uid };
}

function readRequest(request: JsonObject): RequestReading {
  const { uid } = request;
  if (typeof uid !== 'string' || !UID.test(uid)) return refuse(`its uid is ${shown(uid)}`);
  const operation = OPERATIONS.find((each) => each === request.operation);
  if (operation === undefined) return refuse(`its operation is ${shown(request.operation)}`, uid);
  const type = objectOrNull(request.kind);
  const resource = objectOrNull(request.resource);
  const [kind, version, plural] = [textOrNull(type?.kind), textOrNull(type?.version), textOrNull(resource?.resource)];
  if (kind === null || version === null || plural === null) return refuse('it does not say what kind it is of', uid);
  const name = nameOrNull(request.name);
  const namespace = nameOrNull(request.namespace);
  const subresource = nameOrNull(request.subResource);
  if (name === undefined || namespace === undefined || subresource === undefined) {
    return refuse('its name, namespace or subResource is none', uid);
  }
  const user = objectOrNull(request.userInfo);
  const object = objectOrNull(request.object);
  if (object === null && operation !== 'DELETE') return refuse(`it has no object to ${operation}`, uid);
  return {
    request: {
      uid,
      operation,
      group: textOrNull(type?.group) ?? '',
      version,
      kind,
      resource: plural,
      subresource,
      name,
      namespace,
      user: {
        // To the letter: who is called "alice " is not alice.
        name: stringOr(user?.username, ''),
        groups: listOrEmpty(user?.groups).filter((group) => typeof group === 'string'),
      },
      dryRun: request.dryRun === true,
      object,
      oldObject: objectOrNull(request.oldObject),
    },
  };
}

/** Null where none is given; undefined where it is none. */
function nameOrNull(value: unknown): string | null | undefined {
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'string' && NAME.test(value) ? value : undefined;
}

/** Texts of `metadata.labels`, `metadata.annotations`; what is no text is none for Kubernetes either. */
export function metadataMap(
  object: JsonObject | null,
  field: 'labels' | 'annotations',
): Readonly<Record<string, string>> {
  return stringMap(objectOrNull(object?.metadata)?.[field]);
}
