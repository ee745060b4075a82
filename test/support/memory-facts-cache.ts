import type { FactsCache, FactsKey } from '../../services/pipeline/layer-ports.ts';

/** The smallest facts cache that keeps the contract. */
export class MemoryFactsCache implements FactsCache {
  readonly #entries = new Map<string, Uint8Array>();

  async get(key: FactsKey): Promise<Uint8Array | null> {
    return this.#entries.get(JSON.stringify([key.digest, key.part]))?.slice() ?? null;
  }

  async put(key: FactsKey, facts: Uint8Array): Promise<void> {
    this.#entries.set(JSON.stringify([key.digest, key.part]), facts.slice());
  }
}
