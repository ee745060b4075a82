import { FactsBudget } from '../../domain/layers/facts.ts';
import type { LimitName, Limits } from '../../domain/limits.ts';
import type { LayerReading } from '../../pipeline/layer-ports.ts';
import type { Failure } from './lane.ts';

/** What all layers say is held together: of a layer that is too much for that, nothing is. */
export class HeldFacts {
  readonly #budget: FactsBudget;
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#budget = new FactsBudget(limits);
    this.#limits = limits;
  }

  bounded(reading: LayerReading): LayerReading {
    const limit = this.#budget.take(reading.parts);
    if (limit === null) return reading;
    return { parts: new Map(), digest: reading.digest, failure: saysTooMuch(limit, this.#limits) };
  }
}

export function saysTooMuch(limit: LimitName, limits: Limits): Failure {
  const message = `what was found in the layers takes more than ${limits[limit]} bytes (${limit}); this one was left out`;
  return { code: 'limit-reached', message };
}
