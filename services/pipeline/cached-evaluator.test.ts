import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Policy, PolicyOutcome } from '../domain/verdict/policy.ts';
import type { PolicyInput } from '../domain/verdict/policy-input.ts';
import { CachedEvaluator } from './cached-evaluator.ts';

const policy: Policy = { name: 'p', digest: 'd', builtin: true, rules: [] };
const inputOf = (value: unknown) => ({ workload: value }) as unknown as PolicyInput;
const sha256 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function cached(answer: (input: PolicyInput) => Promise<readonly PolicyOutcome[]>) {
  const asked: PolicyInput[] = [];
  const lookups: string[] = [];
  const evaluator = {
    policies: [policy],
    evaluate: (input: PolicyInput) => {
      asked.push(input);
      return answer(input);
    },
  };
  return { asked, lookups, cache: new CachedEvaluator(evaluator, sha256, (result) => lookups.push(result)) };
}

describe('evaluations', () => {
  test('of the same input are one, also at one moment', async () => {
    const { cache, asked, lookups } = cached(async () => [{ policy, violations: [] }]);
    await Promise.all([cache.evaluate(inputOf('a')), cache.evaluate(inputOf('a'))]);
    await cache.evaluate(inputOf('a'));
    await cache.evaluate(inputOf('b'));
    expect(asked).toHaveLength(2);
    expect(lookups).toEqual(['miss', 'hit', 'hit', 'miss']);
  });

  test('that failed are asked for again', async () => {
    let calls = 0;
    const { cache } = cached(async () => [
      calls++ === 0 ? { policy, failure: 'too slow' } : { policy, violations: [] },
    ]);
    expect(await cache.evaluate(inputOf('a'))).toEqual([{ policy, failure: 'too slow' }]);
    expect(await cache.evaluate(inputOf('a'))).toEqual([{ policy, violations: [] }]);
  });

  test('wait in no queue without end', async () => {
    const { cache, asked } = cached(() => new Promise(() => {}));
    for (let i = 0; i < 500; i++) void cache.evaluate(inputOf(i));
    expect(await cache.evaluate(inputOf('one more'))).toEqual([
      { policy, failure: expect.stringContaining('too many') },
    ]);
    expect(asked).toHaveLength(500);
  });

  test('are never those of another input', async () => {
    const { cache } = cached(async (input) => [{ policy, violations: [input] }]);
    await fc.assert(
      fc.asyncProperty(fc.json(), async (json) => {
        const input = inputOf(JSON.parse(json));
        for (let i = 0; i < 2; i++) {
          const [outcome] = await cache.evaluate(input);
          expect(JSON.stringify(outcome)).toBe(JSON.stringify({ policy, violations: [input] }));
        }
      }),
    );
  });
});
