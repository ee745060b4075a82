import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAdmissionRequest } from '../../services/domain/admission/admission-request.ts';
import { leniencyOf } from '../../services/domain/admission/leniency.ts';
import { readManifests } from '../../services/domain/admission/manifests.ts';
import { imagesOf, readWorkload } from '../../services/domain/admission/workload.ts';
import { PlimsollError } from '../../services/domain/errors.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { bytesOf, pod, podSpec, review, workloadOfKind } from '../support/admission-reviews.ts';
import { mutated } from '../support/mutation.ts';

const SPEC = podSpec({
  hostPID: true,
  initContainers: [{ name: 'mesh', image: 'b', restartPolicy: 'Always' }],
  volumes: [{ name: 'model', image: { reference: 'd:1' } }],
});
const CORPUS = [
  review(pod(SPEC)),
  review(workloadOfKind('CronJob', SPEC), { operation: 'UPDATE', oldObject: workloadOfKind('CronJob', SPEC) }),
  review(
    { kind: 'PodExecOptions', apiVersion: 'v1', command: ['sh'] },
    { operation: 'CONNECT', subResource: 'exec', name: 'web', namespace: 'shop' },
  ),
].map(bytesOf);
const limits = { ...LIMITS, reviewContainers: 5 };

/** Whatever comes in: refused with a reason, or containers and images that hold to what is said of them. */
function check(bytes: Uint8Array): void {
  const reading = readAdmissionRequest(bytes, limits);
  if ('refused' in reading) {
    expect(reading.refused).not.toBe('');
    return;
  }
  const { request } = reading;
  expect(request.uid).toMatch(/^[\w.:-]{1,128}$/);
  if (request.object === null) return;
  const read = readWorkload(request.object, request, limits);
  if ('refused' in read) {
    expect(read.refused).not.toBe('');
    return;
  }
  const { workload } = read;
  expect(workload.containers.length).toBeLessThanOrEqual(5);
  for (const { name, image } of workload.containers)
    expect([typeof name, image === null || typeof image === 'string']).toEqual(['string', true]);
  for (const { reference, problem, usedBy } of imagesOf(workload)) {
    expect((reference === null) === (problem !== null)).toBe(true);
    expect(usedBy.length).toBeGreaterThan(0);
  }
  leniencyOf(request, workload, limits);
}

describe('reviews', () => {
  test('that are damaged', () => {
    fc.assert(fc.property(mutated(CORPUS), check), { numRuns: 6_000 });
  });
});

describe('manifests', () => {
  const texts = [pod(SPEC), { apiVersion: 'v1', kind: 'List', items: [pod(SPEC), workloadOfKind('Job')] }].map(bytesOf);
  test('that are damaged are read, or refused by their place', () => {
    fc.assert(
      fc.property(mutated(texts), (bytes) => {
        try {
          for (const { kind, apiVersion } of readManifests(new TextDecoder().decode(bytes), 'f.yaml', limits)) {
            expect([kind, apiVersion]).not.toContain('');
          }
        } catch (error) {
          if (!(error instanceof PlimsollError)) throw error;
          expect(error.message).toContain('f.yaml');
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
