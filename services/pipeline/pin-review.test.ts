import { describe, expect, test } from 'vitest';
import { bytesOf, type Json, pod, review, workloadOfKind } from '../../test/support/admission-reviews.ts';
import { admissionSettings } from '../domain/admission/admission-settings.ts';
import { LIMITS } from '../domain/limits.ts';
import { pinReview } from './pin-review.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

async function pinned(object: Json, changes: Json = {}, digestOf: (text: string) => string | null = () => DIGEST) {
  const { response } = await pinReview(
    { body: bytesOf(review(object, changes)), deadline: 1_000 },
    {
      digestOf: async ({ repository }) => digestOf(repository),
      settings: () => admissionSettings.parse({}),
      limits: LIMITS,
      now: () => 0,
      timer: () => ({ signal: new AbortController().signal, late: new Promise(() => {}), stop: () => {} }),
    },
  );
  const { patch, patchType, warnings, allowed } = response;
  return {
    allowed,
    patchType,
    warnings,
    patch: patch === undefined ? null : JSON.parse(Buffer.from(patch, 'base64').toString()),
  };
}

describe('tags of a Pod', () => {
  test('become digests wherever they stand, and stay beside them', async () => {
    const { patch, patchType } = await pinned(
      pod({
        initContainers: [{ name: 'i', image: 'r.example/init:1' }],
        containers: [
          { name: 'a', image: 'nginx' },
          { name: 'b', image: `r.example/pinned:1@${DIGEST}` },
        ],
        volumes: [
          { name: 'x', emptyDir: {} },
          { name: 'v', image: { reference: 'r.example/data:2' } },
        ],
      }),
    );
    expect(patchType).toBe('JSONPatch');
    expect(patch).toEqual([
      { op: 'replace', path: '/spec/initContainers/0/image', value: `r.example/init:1@${DIGEST}` },
      { op: 'replace', path: '/spec/containers/0/image', value: `docker.io/library/nginx:latest@${DIGEST}` },
      { op: 'replace', path: '/spec/volumes/1/image/reference', value: `r.example/data:2@${DIGEST}` },
    ]);
  });

  test('of which nobody told stay', async () => {
    const containers = [
      { name: 'a', image: 'r.example/known:1' },
      { name: 'b', image: 'r.example/other:1' },
    ];
    const { patch } = await pinned(pod({ containers }), {}, (text) => (text === 'known' ? DIGEST : null));
    expect(patch).toEqual([{ op: 'replace', path: '/spec/containers/0/image', value: `r.example/known:1@${DIGEST}` }]);
  });

  test.each<[string, Json, Json]>([
    ['an update', pod(), { operation: 'UPDATE', oldObject: pod() }],
    ['an exempt namespace', pod(), { namespace: 'kube-system' }],
    ['another kind', workloadOfKind('Deployment'), {}],
    ['what names no image', pod({ containers: [{ name: 'a', image: 'NO IMAGE' }, { name: 'b' }, 'text'] }), {}],
  ])('stay in %s', async (_name, object, changes) => {
    expect(await pinned(object, changes)).toEqual({
      allowed: true,
      patchType: undefined,
      warnings: undefined,
      patch: null,
    });
  });

  test('stay where the store does not say, and the user is told', async () => {
    const { allowed, patch, warnings } = await pinned(pod(), {}, () => {
      throw new Error('the store does not answer');
    });
    expect({ allowed, patch, warnings }).toEqual({
      allowed: true,
      patch: null,
      warnings: ['Plimsoll replaced no tags: the store does not answer'],
    });
  });
});
