import { LRUCache } from 'lru-cache';
import type { Policy, PolicyOutcome } from '../domain/verdict/policy.ts';
import type { PolicyInput } from '../domain/verdict/policy-input.ts';
import type { Sha256 } from './layer-ports.ts';
import type { PolicyEvaluator } from './verdict-ports.ts';

const OUTCOMES = 20_000;
const WAITING = 500;
/** In violations and entries. */
const OUTCOMES_SIZE = 400_000;

/**
 * Asks the policies about one input once: most reviews are of Pods of one template. What they answer depends on the input alone, and all of
 * it is the key, so that nothing kept is ever out of date; other policies have a cache of their own. A failure is not kept.
 */
export class CachedEvaluator implements PolicyEvaluator {
  readonly #evaluator: PolicyEvaluator;
  readonly #sha256: Sha256;
  readonly #onLookup: (result: 'hit' | 'miss') => void;
  readonly #kept = new LRUCache<string, readonly PolicyOutcome[]>({
    max: OUTCOMES,
    maxSize: OUTCOMES_SIZE,
    sizeCalculation: (outcomes) => outcomes.reduce((sum, outcome) => sum + sizeOf(outcome), 1),
  });
  readonly #asked = new Map<string, Promise<readonly PolicyOutcome[]>>();

  constructor(evaluator: PolicyEvaluator, sha256: Sha256, onLookup: (result: 'hit' | 'miss') => void) {
    this.#evaluator = evaluator;
    this.#sha256 = sha256;
    this.#onLookup = onLookup;
  }

  get policies(): readonly Policy[] {
    return this.#evaluator.policies;
  }

  async evaluate(input: PolicyInput): Promise<readonly PolicyOutcome[]> {
    const key = this.#sha256(new TextEncoder().encode(JSON.stringify(input)));
    const known = this.#kept.get(key) ?? this.#asked.get(key);
    this.#onLookup(known === undefined ? 'miss' : 'hit');
    if (known !== undefined) return await known;
    // A policy that never ends in time must not make a queue without end of reviews that nobody waits for.
    if (this.#asked.size >= WAITING)
      return this.policies.map((policy) => ({ policy, failure: 'too many reviews wait for it' }));
    const asked = this.#evaluator.evaluate(input);
    this.#asked.set(key, asked);
    try {
      const outcomes = await asked;
      if (outcomes.every((outcome) => 'violations' in outcome)) this.#kept.set(key, outcomes);
      return outcomes;
    } finally {
      this.#asked.delete(key);
    }
  }
}

function sizeOf(outcome: PolicyOutcome): number {
  return 'violations' in outcome && Array.isArray(outcome.violations) ? outcome.violations.length : 0;
}
