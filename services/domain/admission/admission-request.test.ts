import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, pod, podSpec, review } from '../../../test/support/admission-reviews.ts';
import { LIMITS, type Limits } from '../limits.ts';
import { readAdmissionRequest } from './admission-request.ts';

const read = (value: unknown, limits: Limits = LIMITS) => readAdmissionRequest(bytesOf(value), limits);
const refusal = (value: unknown, limits: Limits = LIMITS) => {
  const reading = read(value, limits);
  return 'refused' in reading ? reading.refused : 'it was read';
};

describe('a review', () => {
  test('is read as the API server wrote it', () => {
    expect(read(review(pod(), { subResource: 'ephemeralcontainers', operation: 'UPDATE', oldObject: pod() }))).toEqual({
      request: {
        uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
        operation: 'UPDATE',
        group: '',
        version: 'v1',
        kind: 'Pod',
        resource: 'pods',
        subresource: 'ephemeralcontainers',
        name: 'web',
        namespace: 'shop',
        user: { name: 'alice', groups: ['developers', 'system:authenticated'] },
        dryRun: false,
        object: pod(),
        oldObject: pod(),
      },
    });
  });
  test('may lack a name, a namespace, and at DELETE the object', () => {
    expect(read(review(null, { operation: 'DELETE', name: undefined, namespace: undefined }))).toMatchObject({
      request: { name: null, namespace: null, object: null },
    });
  });
  test.each<[string, unknown, string]>([
    ['a list', [], 'its kind is nothing'],
    ['another kind', { ...review(pod()), kind: 'Pod' }, 'its kind is "Pod"'],
    ['the old version', { ...review(pod()), apiVersion: 'admission.k8s.io/v1beta1' }, 'v1beta1'],
    ['no request', { ...review(pod()), request: [] }, 'it has no request'],
    ['a uid with line breaks', review(pod(), { uid: 'a\nb' }), 'its uid is "a\\nb"'],
    ['no uid', review(pod(), { uid: undefined }), 'its uid is nothing'],
    ['a long uid', review(pod(), { uid: 'a'.repeat(129) }), 'its uid is'],
    ['another operation', review(pod(), { operation: 'PATCH' }), 'its operation is "PATCH"'],
    ['no kind', review(pod(), { kind: {} }), 'what kind'],
    ['a path as name', review(pod(), { name: '../x' }), 'its name'],
    ['a list as namespace', review(pod(), { namespace: ['kube-system'] }), 'its name'],
    ['no object', review(null), 'it has no object to CREATE'],
    ['a text as object', review(pod(), { object: 'x' }), 'it has no object to CREATE'],
  ])('is refused: %s', (_, document, why) => expect(refusal(document)).toContain(why));
  test('has the name of its user to the letter', () => {
    const userInfo = { username: 'alice ', groups: [' admins', 7] };
    expect(read(review(pod(), { userInfo }))).toMatchObject({
      request: { user: { name: 'alice ', groups: [' admins'] } },
    });
    expect(read(review(pod(), { userInfo: undefined }))).toMatchObject({ request: { user: { name: '', groups: [] } } });
  });
  test('that is refused has its uid where it can be answered', () => {
    expect(read(review(pod(), { operation: 'PATCH' }))).toMatchObject({ uid: '705ab4f5-6393-11e8-b7cc-42010a800002' });
    expect(read(review(pod(), { uid: '<script>' }))).toMatchObject({ uid: null });
  });
  test('stays what it is, whatever its keys are called', () => {
    const text = JSON.stringify(review(pod())).replace('"metadata"', '"__proto__":{"polluted":true},"metadata"');
    expect(readAdmissionRequest(new TextEncoder().encode(text), LIMITS)).toHaveProperty('request');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('limits, at and past them', () => {
  const body = review(pod());
  const depth = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
  test('reviewBytes', () => {
    const size = bytesOf(body).length;
    expect(refusal(body, { ...LIMITS, reviewBytes: size })).toBe('it was read');
    expect(refusal(body, { ...LIMITS, reviewBytes: size - 1 })).toContain('reviewBytes');
  });
  test('reviewNesting', () => {
    expect(refusal(body, { ...LIMITS, reviewNesting: depth(body) })).toBe('it was read');
    expect(refusal(body, { ...LIMITS, reviewNesting: depth(body) - 1 })).toContain('reviewNesting');
  });
  test('reviewValues', () => {
    const many = (count: number) => review(pod(podSpec({ tolerations: Array.from({ length: count }, () => 1) })));
    expect(refusal(many(10), { ...LIMITS, reviewValues: 200 })).toBe('it was read');
    expect(refusal(many(200), { ...LIMITS, reviewValues: 200 })).toContain('reviewValues');
  });
});

test('no value makes it throw', () => {
  fc.assert(
    fc.property(fc.anything(), fc.nat(40), (value, place) => {
      let seen = 0;
      const text = JSON.stringify(review(pod()), (_, old: unknown) => (seen++ === place ? json(value) : old));
      const reading = readAdmissionRequest(new TextEncoder().encode(text ?? 'null'), LIMITS);
      if ('refused' in reading) expect(reading.refused).not.toBe('');
      else expect(reading.request.uid).toMatch(/^[\w.:-]{1,128}$/);
    }),
    { numRuns: 1_000 },
  );
});

function json(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null');
  } catch {
    return null;
  }
}
