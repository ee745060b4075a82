import { expect, test } from 'vitest';
import { LIMITS } from '../limits.ts';
import type { PolicyOutcome } from './policy.ts';
import { readFindings } from './violations.ts';

const answer = (count: number) => {
  const violations = Array.from({ length: count }, () => ({ rule: 'r', message: 'm' }));
  const policy = { name: 'p', rules: [{ id: 'r', level: 'error' }] };
  return readFindings({ policy, violations } as unknown as PolicyOutcome);
};

test('as many violations as policyViolations allows, and one more', () => {
  expect(answer(LIMITS.policyViolations)).toMatchObject({ findings: expect.any(Array) });
  expect(answer(LIMITS.policyViolations + 1)).toEqual({ failure: expect.stringContaining('(policyViolations)') });
});
