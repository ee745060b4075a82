import { messageOf } from '../errors.ts';
import { type JsonObject, shown } from '../image/json.ts';
import { type ImageReference, parseReference } from '../image/reference.ts';
import type { Limits } from '../limits.ts';
import { listOrEmpty, objectOrNull, textOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import { metadataMap } from './admission-request.ts';

/** Whatever a Kubernetes object would run, in one form: a Pod and all that makes Pods are judged alike. */
export interface Workload {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | null;
  /** Null where the API server is yet to choose one. */
  readonly name: string | null;
  /** The controller that made it. */
  readonly owner: { readonly kind: string; readonly name: string } | null;
  /** What it runs; null where it runs nothing. */
  readonly pod: PodTemplate | null;
  readonly containers: readonly Container[];
  /** The object itself where it runs nothing (a Role, a Service), without status and metadata but name and labels. */
  readonly object: JsonObject | null;
}

export interface PodTemplate {
  /** Where its spec stands in the object: `spec.template.spec`. */
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Only those that change what a container may do (`JUDGED_ANNOTATIONS`). */
  readonly annotations: Readonly<Record<string, string>>;
  /** Without the lists of containers, which stand in `containers`. */
  readonly spec: JsonObject;
}

export const CONTAINER_ROLES = ['container', 'init', 'sidecar', 'ephemeral'] as const;

export interface Container {
  readonly name: string;
  /** sidecar: an init container that is restarted always. */
  readonly role: (typeof CONTAINER_ROLES)[number];
  /** As it is written; null where none is named. */
  readonly image: string | null;
  /** Where it stands in the object: `spec.template.spec.containers[0]`. */
  readonly path: string;
  readonly spec: JsonObject;
}

/** One image, with all that would run or mount it. */
export interface WorkloadImage {
  /** As it is written. */
  readonly text: string;
  /** Null where it names no image; then `problem` says why. */
  readonly reference: ImageReference | null;
  readonly problem: string | null;
  /** Names of containers, and of volumes as `volume NAME`. */
  readonly usedBy: readonly string[];
}

/** Where the pod template of each kind lies. Kinds that are not here run nothing. */
const TEMPLATE_PATHS: Readonly<Record<string, readonly string[]>> = {
  '/Pod': [],
  '/PodTemplate': ['template'],
  '/ReplicationController': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
  'batch/Job': ['spec', 'template'],
};

/** Kinds, with their groups, of which Pods come. */
export const POD_KINDS: readonly string[] = Object.keys(TEMPLATE_PATHS);

/** Profiles that were annotations before they were fields; a name that ends in / stands for all that begin so. */
const JUDGED_ANNOTATIONS = [
  'container.apparmor.security.beta.kubernetes.io/',
  'container.seccomp.security.alpha.kubernetes.io/',
  'seccomp.security.alpha.kubernetes.io/pod',
];

const CONTAINER_LISTS = { initContainers: 'init', containers: 'container', ephemeralContainers: 'ephemeral' } as const;

/** A workload that was read, or in one clause why it cannot be judged. */
export type WorkloadReading = { readonly workload: Workload } | { readonly refused: string };

export interface ObjectIdentity {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string | null;
}

/** Never throws. Kubernetes refuses what is of no type that it knows; what it might not is refused here. */
export function readWorkload(object: JsonObject, identity: ObjectIdentity, limits: Limits): WorkloadReading {
  const { group, version, kind, namespace, name } = identity;
  const path = Object.hasOwn(TEMPLATE_PATHS, `${group}/${kind}`) ? TEMPLATE_PATHS[`${group}/${kind}`]! : null;
  const common = {
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    namespace,
    name,
    owner: ownerOf(object),
  };
  if (path === null) return { workload: { ...common, pod: null, containers: [], object: withoutNoise(object) } };
  const template = path.reduce<JsonObject | null>((value, key) => objectOrNull(value?.[key]), object);
  const spec = objectOrNull(template?.spec);
  const place = [...path, 'spec'].join('.');
  if (template === null || spec === null) return { refused: `${place} is ${shown(template?.spec)}, not an object` };
  const containers = readContainers(spec, place, limits);
  if ('refused' in containers) return containers;
  const { containers: _c, initContainers: _i, ephemeralContainers: _e, ...rest } = spec;
  const labels = metadataMap(template, 'labels');
  const pod = { path: place, labels, annotations: judgedAnnotations(template), spec: rest };
  return { workload: { ...common, pod, containers: containers.read, object: null } };
}

function readContainers(
  spec: JsonObject,
  place: string,
  limits: Limits,
): { readonly read: readonly Container[] } | { readonly refused: string } {
  const read: Container[] = [];
  for (const [field, role] of Object.entries(CONTAINER_LISTS)) {
    const list = spec[field] ?? [];
    if (!Array.isArray(list)) return { refused: `${place}.${field} is ${shown(list)}, not a list` };
    for (const [index, value] of list.entries()) {
      const path = `${place}.${field}[${index}]`;
      const container = objectOrNull(value);
      if (container === null) return { refused: `${path} is ${shown(value)}, not an object` };
      const { name, image = null, restartPolicy } = container;
      if (typeof name !== 'string') return { refused: `${path}.name is ${shown(name)}, not a text` };
      if (image !== null && typeof image !== 'string')
        return { refused: `${path}.image is ${shown(image)}, not a text` };
      const isSidecar = role === 'init' && restartPolicy === 'Always';
      read.push({
        name,
        role: isSidecar ? 'sidecar' : role,
        image: image === '' ? null : image,
        path,
        spec: container,
      });
    }
    if (read.length > limits.reviewContainers) {
      return { refused: `it has more than reviewContainers (${limits.reviewContainers}) containers` };
    }
  }
  return { read };
}

/** Images of containers and of volumes, each once, as they are first named. */
export function imagesOf({ pod, containers }: Workload): readonly WorkloadImage[] {
  const uses = new Map<string, string[]>();
  const use = (text: string, by: string): void => {
    const known = uses.get(text);
    if (known === undefined) uses.set(text, [by]);
    else known.push(by);
  };
  for (const { image, name } of containers) if (image !== null) use(image, name);
  for (const volume of listOrEmpty(pod?.spec.volumes).map(objectOrNull)) {
    const reference = objectOrNull(volume?.image)?.reference;
    if (typeof reference === 'string' && reference !== '') use(reference, `volume ${textOrNull(volume?.name) ?? ''}`);
  }
  return [...uses].map(([text, usedBy]) => ({ text, ...parsed(text), usedBy }));
}

function parsed(text: string): Pick<WorkloadImage, 'reference' | 'problem'> {
  try {
    return { reference: parseReference(text), problem: null };
  } catch (error) {
    return { reference: null, problem: messageOf(error) };
  }
}

function ownerOf(object: JsonObject): Workload['owner'] {
  const owners = listOrEmpty(objectOrNull(object.metadata)?.ownerReferences).map(objectOrNull);
  const controller = owners.find((owner) => owner?.controller === true);
  const [kind, name] = [textOrNull(controller?.kind), textOrNull(controller?.name)];
  return kind === null || name === null ? null : { kind, name };
}

function judgedAnnotations(template: JsonObject): Readonly<Record<string, string>> {
  const judged = Object.entries(metadataMap(template, 'annotations')).filter(([name]) => {
    return JUDGED_ANNOTATIONS.some((known) => (known.endsWith('/') ? name.startsWith(known) : name === known));
  });
  return Object.fromEntries(judged);
}

function withoutNoise({ status: _status, metadata, ...rest }: JsonObject): JsonObject {
  const { name = null } = objectOrNull(metadata) ?? {};
  return { ...rest, metadata: { name, labels: metadataMap({ metadata }, 'labels') } };
}
