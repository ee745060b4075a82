import { describe, expect, test } from 'vitest';
import { type Json, pod, podSpec, requestOf, workloadOfKind } from '../../../test/support/admission-reviews.ts';
import { LIMITS } from '../limits.ts';
import { leniencyOf } from './leniency.ts';
import { readWorkload } from './workload.ts';

function leniency(object: Json, changes: Json = {}) {
  const request = requestOf(object, changes);
  const reading = readWorkload(object, request, LIMITS);
  if ('refused' in reading) throw new Error(reading.refused);
  return leniencyOf(request, reading.workload, LIMITS);
}
const update = (before: Json, after: Json) => leniency(after, { operation: 'UPDATE', oldObject: before });

const deployment = workloadOfKind('Deployment');
const spec = podSpec({ tolerations: [], serviceAccountName: 'a' });

describe('an update', () => {
  test('of what no rule judges is unchanged', () => {
    expect(update(deployment, { ...deployment, spec: { ...(deployment.spec as Json), replicas: 9 } })).toBe(
      'unchanged',
    );
    expect(update(pod(spec), pod(spec, { labels: { a: 'b' }, annotations: { c: 'd' } }))).toBe('unchanged');
    expect(update(pod(spec), pod({ ...spec, tolerations: [{ key: 'x' }] }))).toBe('unchanged');
    expect(update(pod(spec), { ...pod(spec), status: { phase: 'Running' } })).toBe('unchanged');
  });
  test('with its keys in another order is unchanged', () => {
    expect(update(pod(spec), pod(Object.fromEntries(Object.entries(spec).toReversed())))).toBe('unchanged');
  });
  test.each<[string, Json, Json]>([
    ['an image', spec, podSpec({ tolerations: [], serviceAccountName: 'a' }, { image: 'other' })],
    ['one more container', spec, { ...spec, ephemeralContainers: [{ name: 'x', image: 'y' }] }],
    [
      'a container that moves to another list',
      { ...spec, initContainers: [{ name: 'x' }] },
      { ...spec, ephemeralContainers: [{ name: 'x' }] },
    ],
    ['a field that is gone', spec, podSpec({ tolerations: [] })],
    ['a field that is there now', spec, { ...spec, hostPID: false }],
  ])('of what rules judge is judged: %s', (_, before, after) => expect(update(pod(before), pod(after))).toBeNull());
  test('of a profile in an annotation is judged', () => {
    const annotations = { 'container.apparmor.security.beta.kubernetes.io/app': 'unconfined' };
    expect(update(pod(spec), pod(spec, { annotations }))).toBeNull();
  });
  test('of what is being deleted is admitted', () => {
    const metadata = { deletionTimestamp: '2026-03-01T00:00:00Z' };
    expect(update(pod(spec, metadata), pod(podSpec({}, { image: 'x' }), metadata))).toBe('deleting');
    expect(leniency(pod(spec, metadata))).toBeNull();
    expect(update(pod(spec), pod(podSpec({}, { image: 'x' }), metadata))).toBeNull();
  });
  test('of a Role is judged by its rules', () => {
    const role = (rules: Json[], metadata: Json = {}) => {
      return {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'r', namespace: 'n', ...metadata },
        rules,
      };
    };
    expect(update(role([{ verbs: ['get'] }]), role([{ verbs: ['get'] }], { labels: { a: 'b' } }))).toBe('unchanged');
    expect(update(role([{ verbs: ['get'] }]), role([{ verbs: ['*'] }]))).toBeNull();
    // It is in force until its finalizers let it go, and those may be taken off.
    const deleting = { deletionTimestamp: '2026-03-01T00:00:00Z', finalizers: ['a/b'] };
    expect(update(role([{ verbs: ['get'] }], deleting), role([{ verbs: ['*'] }], deleting))).toBeNull();
    expect(update(role([], deleting), role([], { ...deleting, finalizers: [] }))).toBe('unchanged');
  });
});

describe('a mirror pod', () => {
  const mirror = pod(spec, {
    annotations: { 'kubernetes.io/config.mirror': 'x' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', controller: true }],
  });
  const userInfo = { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
  test('is the copy that a node writes of its own Pod', () => expect(leniency(mirror, { userInfo })).toBe('mirror'));
  test.each<[string, Json, Json]>([
    ['from somebody else', mirror, {}],
    [
      'from somebody who is only called so',
      mirror,
      { userInfo: { username: 'system:node:n1', groups: ['developers'] } },
    ],
    ['without a node as its owner', pod(spec, { annotations: { 'kubernetes.io/config.mirror': 'x' } }), { userInfo }],
    ['without the annotation', pod(spec, { ownerReferences: (mirror.metadata as Json).ownerReferences }), { userInfo }],
  ])('is none: %s', (_, object, changes) => expect(leniency(object, changes)).toBeNull());
});
