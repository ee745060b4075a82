import type { JsonObject } from '../image/json.ts';
import type { Limits } from '../limits.ts';
import { listOrEmpty, objectOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import { type AdmissionRequest, metadataMap } from './admission-request.ts';
import { readWorkload, type Workload } from './workload.ts';

/**
 * Why a request is admitted whatever rules find, which then is a warning: to deny it would help nobody. unchanged: what is
 * judged is as it was, so that a label, a status or a scale of what runs anyway is none of the rules' business. deleting:
 * finalizers must be able to end it. mirror: the kubelet runs the static Pod already.
 */
export type Leniency = 'unchanged' | 'deleting' | 'mirror';

/** `workload` is the normal form of the request's object. */
export function leniencyOf(request: AdmissionRequest, workload: Workload, limits: Limits): Leniency | null {
  const { operation, oldObject } = request;
  if (operation === 'CREATE') return isMirrorPod(request) ? 'mirror' : null;
  if (operation !== 'UPDATE' || oldObject === null) return null;
  // What is there says so: what is asked for may say anything. A Role or a Service that is being deleted is in force until it is gone.
  const isDeleting = isText(objectOrNull(oldObject.metadata)?.deletionTimestamp);
  if (isDeleting && workload.pod !== null) return 'deleting';
  const old = readWorkload(oldObject, request, limits);
  return 'workload' in old && isSame(judged(old.workload), judged(workload)) ? 'unchanged' : null;
}

/**
 * The API's copy of a static Pod. Only a node writes one; anybody else's annotation is just that.
 * https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-config-mirror
 */
function isMirrorPod({ kind, group, object, user }: AdmissionRequest): boolean {
  if (
    group !== '' ||
    kind !== 'Pod' ||
    !Object.hasOwn(metadataMap(object, 'annotations'), 'kubernetes.io/config.mirror')
  )
    return false;
  const owners = listOrEmpty(objectOrNull(object?.metadata)?.ownerReferences).map(objectOrNull);
  const isOfNode = owners.some(
    (owner) => owner?.kind === 'Node' && owner.apiVersion === 'v1' && owner.controller === true,
  );
  return isOfNode && user.name.startsWith('system:node:') && user.groups.includes('system:nodes');
}

/** Labels choose whom a Service or a rule of sessions means, and change nothing of what runs. */
function judged({ pod, containers, object }: Workload): unknown {
  const metadata = objectOrNull(object?.metadata);
  return {
    pod: pod === null ? null : { annotations: pod.annotations, spec: withoutScheduling(pod.spec) },
    containers: containers.map(({ path, spec }) => ({ path, spec })),
    object: object === null ? null : { ...object, metadata: { name: metadata?.name ?? null } },
  };
}

/** What a running Pod may still have changed: https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement */
function withoutScheduling({
  tolerations: _t,
  activeDeadlineSeconds: _a,
  nodeName: _n,
  ...spec
}: JsonObject): JsonObject {
  return spec;
}

/** Whether two JSON values are the same; objects in any order of their keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, i) => isSame(each, b[i]));
  }
  const [entries, others] = [Object.entries(a), b as JsonObject];
  if (entries.length !== Object.keys(b).length) return false;
  return entries.every(([key, value]) => Object.hasOwn(others, key) && isSame(value, others[key]));
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
