import { describe, expect, test } from 'vitest';
import { type Json, pod, podSpec, requestOf, workloadOfKind } from '../../../test/support/admission-reviews.ts';
import { LIMITS } from '../limits.ts';
import { BREAK_GLASS_REASON, BREAK_GLASS_UNTIL, breakGlassOf, identityOf, templateText } from './break-glass.ts';
import { readWorkload } from './workload.ts';

const NOW = '2026-03-10T12:00:00.000Z';
const asked = (annotations: Record<string, string>) => breakGlassOf(requestOf(pod(podSpec(), { annotations })), NOW);

describe('what an object asks for', () => {
  test('is nothing without annotations', () => expect(asked({ other: 'x' })).toBeNull());

  test('is a reason and an end', () => {
    const annotations = { [BREAK_GLASS_REASON]: ' outage ', [BREAK_GLASS_UNTIL]: '2026-03-10T14:30:00+01:00' };
    expect(asked(annotations)).toEqual({ asked: { reason: 'outage', expiresAt: '2026-03-10T13:30:00.000Z' } });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['no reason', { [BREAK_GLASS_UNTIL]: '2026-03-10T13:00:00Z' }, /reason/],
    ['an empty reason', { [BREAK_GLASS_REASON]: ' ', [BREAK_GLASS_UNTIL]: '2026-03-10T13:00:00Z' }, /reason/],
    [
      'a reason without end',
      { [BREAK_GLASS_REASON]: 'x'.repeat(501), [BREAK_GLASS_UNTIL]: '2026-03-10T13:00:00Z' },
      /reason/,
    ],
    ['no end', { [BREAK_GLASS_REASON]: 'outage' }, /moment/],
    ['an end without zone', { [BREAK_GLASS_REASON]: 'outage', [BREAK_GLASS_UNTIL]: '2026-03-10T13:00:00' }, /moment/],
    ['no moment', { [BREAK_GLASS_REASON]: 'outage', [BREAK_GLASS_UNTIL]: 'tomorrow' }, /moment/],
    ['an end that has come', { [BREAK_GLASS_REASON]: 'outage', [BREAK_GLASS_UNTIL]: NOW }, /ended/],
    ['more than a day', { [BREAK_GLASS_REASON]: 'outage', [BREAK_GLASS_UNTIL]: '2026-03-11T12:00:01Z' }, /24 hours/],
  ])('with %s is refused', (_name, annotations, why) => {
    expect(asked(annotations)).toEqual({ refused: expect.stringMatching(why) });
  });

  test('may last a whole day', () => {
    expect(asked({ [BREAK_GLASS_REASON]: 'outage', [BREAK_GLASS_UNTIL]: '2026-03-11T12:00:00Z' })).toHaveProperty(
      'asked',
    );
  });
});

test('an object is known by its UID and that of its controller', () => {
  const ownerReferences = [{ uid: 'other' }, { uid: 'owner', controller: true }];
  expect(identityOf(requestOf(pod(podSpec(), { uid: 'own', ownerReferences })))).toEqual({
    uid: 'own',
    ownerUid: 'owner',
  });
  expect(identityOf(requestOf(pod()))).toEqual({ uid: null, ownerUid: null });
});

function textOf(object: Json): string | null {
  const request = requestOf(object);
  const reading = readWorkload(request.object!, request, LIMITS);
  if ('refused' in reading) throw new Error(reading.refused);
  return templateText(reading.workload);
}

describe('what would run', () => {
  const spec = podSpec({ securityContext: { runAsUser: 0 }, volumes: [{ name: 'data', hostPath: { path: '/data' } }] });
  const container = (spec.containers as Json[])[0]!;

  test('is the same of a Deployment, its ReplicaSet, and a Pod with all that controllers and API servers add', () => {
    const token = { name: 'kube-api-access-x2x4z', projected: { sources: [] } };
    const mount = { name: 'kube-api-access-x2x4z', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
    const running = {
      ...spec,
      nodeName: 'node-1',
      serviceAccountName: 'default',
      serviceAccount: 'default',
      priority: 0,
      tolerations: [{ key: 'node.kubernetes.io/not-ready' }],
      volumes: [...(spec.volumes as Json[]), token],
      containers: [{ ...container, imagePullPolicy: 'Always', resources: {}, volumeMounts: [mount] }],
    };
    const text = textOf(workloadOfKind('Deployment', spec));
    expect(text).not.toBeNull();
    expect(textOf(workloadOfKind('ReplicaSet', spec))).toBe(text);
    expect(textOf(pod(running))).toBe(text);
  });

  test.each<[string, Json, Json]>([
    ['another image', {}, { image: 'registry.example/other:1' }],
    ['another command', {}, { command: ['sh'] }],
    ['other environment', {}, { env: [{ name: 'LD_PRELOAD', value: '/x.so' }] }],
    ['more rights', {}, { securityContext: { privileged: true } }],
    ["the host's network", { hostNetwork: true }, {}],
    ['another service account', { serviceAccountName: 'admin' }, {}],
    ['a further volume', { volumes: [...(spec.volumes as Json[]), { name: 'x', hostPath: { path: '/' } }] }, {}],
    [
      'a volume called as a token is',
      { volumes: [...(spec.volumes as Json[]), { name: 'kube-api-access-x', hostPath: { path: '/' } }] },
      {},
    ],
    ['a further container', { containers: [container, { name: 'b', image: 'registry.example/b:1' }] }, {}],
    ['an init container', { initContainers: [{ name: 'b', image: 'registry.example/b:1' }] }, {}],
  ])('is another with %s', (_name, changes, inContainer) => {
    const changed = { ...spec, containers: [{ ...container, ...inContainer }], ...changes };
    expect(textOf(pod(changed))).not.toBe(textOf(pod(spec)));
  });

  test('is nothing of what runs nothing', () => {
    expect(
      textOf({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'x', namespace: 'shop' }, spec: {} }),
    ).toBeNull();
  });
});
