import { randomUUID } from 'node:crypto';

/** One AdmissionReview to send, and what must come back. */
export interface MixedReview {
  readonly kind: 'repeat' | 'new' | 'update';
  readonly path: '/admission/validate/critical' | '/admission/validate';
  readonly uid: string;
  readonly body: Buffer;
  readonly allowed: boolean;
}

export interface MixOptions {
  /** Images with a good verdict, and one with a bad one: references by digest. */
  readonly good: readonly string[];
  readonly bad: string;
  /** Shares of 100: the rest are updates. */
  readonly repeats: number;
  readonly fresh: number;
}

/** Bytes of each body: what a Pod with its managed fields takes. */
const BODY_BYTES = 6_000;
/** Pod templates that come again and again. */
const TEMPLATES = 50;
const NAMESPACES = 20;

/** Of each template and of each new Pod one in this many is one that must be denied. */
const DENIED_EACH = 5;

/**
 * Reviews as a busy cluster sends them (DESIGN: 70 % repeats of 50 pod templates, 20 % new, 10 % updates), each with the
 * verdict that is right: wrong ones are counted by whoever sends them.
 */
export function* mixedReviews({ good, bad, repeats, fresh }: MixOptions): Generator<MixedReview, never> {
  const templates = Array.from({ length: TEMPLATES }, (_, index) => podOf(index, `template-${index}`, good, bad));
  for (let count = 0; ; count++) {
    const share = (count * 37) % 100;
    const chosen = templates[count % TEMPLATES]!;
    if (share < repeats) yield review('repeat', count, chosen, null);
    else if (share < repeats + fresh)
      yield review('new', count, podOf(count, `new-${count}-${randomUUID()}`, good, bad), null);
    else yield review('update', count, { ...chosen, labels: { round: String(count) } }, chosen);
  }
}

interface MixedPod {
  readonly denied: 'by its image' | 'by privilege' | null;
  readonly namespace: string;
  /** The ReplicaSet that it is of: all of one template are. */
  readonly owner: object;
  readonly spec: object;
  readonly labels: Readonly<Record<string, string>>;
}

function podOf(index: number, name: string, good: readonly string[], bad: string): MixedPod {
  const isOdd = index % (2 * DENIED_EACH) !== 0;
  const denied = index % DENIED_EACH !== 0 ? null : isOdd ? 'by privilege' : 'by its image';
  const [byImage, byPrivilege] = [denied === 'by its image', denied === 'by privilege'];
  const container = (image: string, number: number) => ({
    name: `c${number}`,
    image,
    env: [{ name: 'NAME', value: name }],
    resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '128Mi' } },
    securityContext: {
      allowPrivilegeEscalation: byPrivilege,
      ...(byPrivilege && { privileged: true }),
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  });
  return {
    denied,
    namespace: `team-${index % NAMESPACES}`,
    owner: {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name,
      uid: randomUUID(),
      controller: true,
      blockOwnerDeletion: true,
    },
    labels: { app: name },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1_000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        container(good[index % good.length]!, 0),
        container(byImage ? bad : good[(index + 1) % good.length]!, 1),
      ],
    },
  };
}

function review(kind: MixedReview['kind'], count: number, pod: MixedPod, old: MixedPod | null): MixedReview {
  const uid = randomUUID();
  const { namespace } = pod;
  const objectOf = ({ spec, labels, owner }: MixedPod, padding: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `pod-${count}`,
      namespace,
      uid: randomUUID(),
      labels,
      ownerReferences: [owner],
      annotations: { 'example.com/padding': padding },
    },
    spec,
  });
  const whole = (padding: string): Buffer =>
    Buffer.from(
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        request: {
          uid,
          kind: { group: '', version: 'v1', kind: 'Pod' },
          resource: { group: '', version: 'v1', resource: 'pods' },
          requestKind: { group: '', version: 'v1', kind: 'Pod' },
          requestResource: { group: '', version: 'v1', resource: 'pods' },
          name: `pod-${count}`,
          namespace,
          operation: old === null ? 'CREATE' : 'UPDATE',
          userInfo: {
            username: 'system:serviceaccount:kube-system:replicaset-controller',
            groups: ['system:serviceaccounts'],
          },
          object: objectOf(pod, padding),
          oldObject: old === null ? null : objectOf(old, ''),
          dryRun: false,
          options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
        },
      }),
    );
  const body = whole('x'.repeat(Math.max(0, BODY_BYTES - whole('').length)));
  // Each bad Pod goes to the path that has the rule which denies it, the good ones to both in turn.
  const isCritical = pod.denied === null ? count % 2 === 0 : pod.denied === 'by privilege';
  const path = isCritical ? '/admission/validate/critical' : '/admission/validate';
  // What is as it was is admitted, whatever rules find in it.
  return { kind, path, uid, body, allowed: old !== null || pod.denied === null };
}
