import { describe, expect, test } from 'vitest';
import { failureResponse } from './review-response.ts';

describe('a review that could not be judged', () => {
  test('is denied, or admitted with a warning, and says why', () => {
    expect(failureResponse('u', false, 'it took\ntoo long')).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: {
        uid: 'u',
        allowed: false,
        status: { code: 403, reason: 'Forbidden', message: 'Plimsoll could not judge this request: it took too long' },
        auditAnnotations: { failure: 'it took too long' },
      },
    });
    expect(failureResponse('u', true, 'x'.repeat(5_000)).response).toMatchObject({
      allowed: true,
      warnings: [expect.stringMatching(/^Plimsoll could not judge this request: x{216}…$/)],
    });
  });
});
