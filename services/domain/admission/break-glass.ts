import type { JsonObject } from '../image/json.ts';
import { listOrEmpty, objectOrNull, textOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import { type AdmissionRequest, metadataMap } from './admission-request.ts';
import type { Workload } from './workload.ts';

/** Why, in words; and until when, RFC 3339. Both stand on the object that is to be let in, whoever it makes Pods for. */
export const BREAK_GLASS_REASON = 'admission.plimsoll.io/break-glass-reason';
export const BREAK_GLASS_UNTIL = 'admission.plimsoll.io/break-glass-until';

const LONGEST_MS = 24 * 3_600_000;
const REASON_LENGTH = 500;

export type BreakGlassReading =
  | { readonly asked: { readonly reason: string; readonly expiresAt: string } }
  | { readonly refused: string };

/** What the object asks for; null: nothing. `now` is RFC 3339. */
export function breakGlassOf({ object }: AdmissionRequest, now: string): BreakGlassReading | null {
  const annotations = metadataMap(object, 'annotations');
  const reason = annotations[BREAK_GLASS_REASON];
  const until = annotations[BREAK_GLASS_UNTIL];
  if (reason === undefined && until === undefined) return null;
  if (reason === undefined || reason.trim() === '' || reason.length > REASON_LENGTH) {
    return { refused: `break-glass needs a reason of up to ${REASON_LENGTH} characters (${BREAK_GLASS_REASON})` };
  }
  const end =
    until !== undefined && /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(until) ? Date.parse(until) : Number.NaN;
  if (Number.isNaN(end))
    return { refused: `break-glass needs a moment at which it ends, RFC 3339 (${BREAK_GLASS_UNTIL})` };
  const left = end - Date.parse(now);
  if (left <= 0) return { refused: `break-glass ended at ${until}` };
  if (left > LONGEST_MS) return { refused: 'break-glass lasts 24 hours at the longest' };
  return { asked: { reason: reason.trim(), expiresAt: new Date(end).toISOString() } };
}

/** The object's own UID, and that of the controller that made it; null: there is none. */
export function identityOf({ object }: AdmissionRequest): {
  readonly uid: string | null;
  readonly ownerUid: string | null;
} {
  const metadata = objectOrNull(object?.metadata);
  const owners = listOrEmpty(metadata?.ownerReferences).map(objectOrNull);
  const controller = owners.find((owner) => owner?.controller === true);
  return { uid: textOrNull(metadata?.uid) || null, ownerUid: textOrNull(controller?.uid) || null };
}

/** What controllers and the API server add to a Pod, or choose for it, beside what its template says. */
const CHOSEN_FOR_PODS = [
  'affinity',
  'enableServiceLinks',
  'hostname',
  'imagePullSecrets',
  'nodeName',
  'nodeSelector',
  'preemptionPolicy',
  'priority',
  'priorityClassName',
  'schedulerName',
  'serviceAccount',
  'subdomain',
  'tolerations',
  'volumes',
];
const CHOSEN_FOR_CONTAINERS = ['imagePullPolicy', 'resources', 'volumeMounts'];
/** Where the token of the service account is mounted by itself. */
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * What a workload would run, as one text that is the same for a template and for each Pod that a controller makes of it, and another where
 * anything that a container may do is another.
 */
export function templateText({ pod, containers }: Workload): string | null {
  if (pod === null) return null;
  const { serviceAccountName = 'default', ...spec } = without(pod.spec, CHOSEN_FOR_PODS);
  const volumes = listOrEmpty(pod.spec.volumes).filter((volume) => !isAddedVolume(objectOrNull(volume)));
  return canonical({
    spec: { ...spec, serviceAccountName: serviceAccountName || 'default', volumes },
    annotations: pod.annotations,
    containers: containers.map(({ role, spec: container }) => {
      const mounts = listOrEmpty(container.volumeMounts).filter(
        (mount) => objectOrNull(mount)?.mountPath !== TOKEN_PATH,
      );
      return { role, ...without(container, CHOSEN_FOR_CONTAINERS), volumeMounts: mounts };
    }),
  });
}

/** The token of the service account, and the claims of a StatefulSet: nothing else, whatever they are called. */
function isAddedVolume(volume: JsonObject | null): boolean {
  const { name, ...source } = volume ?? {};
  const [kind, ...more] = Object.keys(source);
  if (more.length > 0) return false;
  return kind === 'persistentVolumeClaim' || (kind === 'projected' && String(name).startsWith('kube-api-access-'));
}

function without(object: JsonObject, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** JSON with the keys of each object in order, and without what is empty: an API server leaves such out or fills it in. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    const entries = Object.entries(each).filter(([, inner]) => !isEmpty(inner));
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
}
