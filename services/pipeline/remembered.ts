import { LRUCache } from 'lru-cache';

export interface RememberedOptions<Value extends object> {
  readonly max: number;
  /** Of all values together, as `sizeOf` measures them. */
  readonly maxSize: number;
  readonly sizeOf: (value: Value) => number;
  /** How long a value holds without being asked for again, in milliseconds. */
  readonly ttlOf: (value: Value) => number;
}

interface Asked<Value> {
  readonly answer: Promise<Value>;
  outdated: boolean;
}

/** `stale`: nobody answered, and this is what was known last. */
export type Lookup = 'hit' | 'miss' | 'stale';

/** How often a question is put anew because its answer was forgotten meanwhile. */
const ATTEMPTS = 5;

/** Answers of somebody who is slow, and may be away: each is asked for once, whoever waits for it; where there is none the last one holds. */
export class Remembered<Value extends object> {
  readonly #options: RememberedOptions<Value>;
  readonly #known: LRUCache<string, Value>;
  readonly #asked = new Map<string, Asked<Value>>();

  constructor(options: RememberedOptions<Value>) {
    this.#options = options;
    const { max, maxSize, sizeOf } = options;
    this.#known = new LRUCache({ max, maxSize, sizeCalculation: sizeOf, noDeleteOnStaleGet: true });
  }

  /** Raises what `ask` raises, where nothing is known. */
  async find(key: string, ask: () => Promise<Value>): Promise<{ readonly value: Value; readonly lookup: Lookup }> {
    const known = this.#known.get(key);
    if (known !== undefined) return { value: known, lookup: 'hit' };
    for (let attempt = 0; ; attempt++) {
      const asked = this.#asked.get(key) ?? this.#ask(key, ask);
      try {
        const value = await asked.answer;
        if (!asked.outdated || attempt >= ATTEMPTS) return { value, lookup: 'miss' };
      } catch (error) {
        const value = this.#known.get(key, { allowStale: true });
        if (value !== undefined) return { value, lookup: 'stale' };
        throw error;
      }
    }
  }

  /** What is known of the key, or of all keys (null), holds no more; nor does what is being asked for now. */
  forget(key: string | null): void {
    for (const [each, asked] of this.#asked) {
      if (key !== null && each !== key) continue;
      asked.outdated = true;
      this.#asked.delete(each);
    }
    if (key === null) this.#known.clear();
    else this.#known.delete(key);
  }

  keys(): readonly string[] {
    return [...this.#known.keys()];
  }

  #ask(key: string, ask: () => Promise<Value>): Asked<Value> {
    const asked: Asked<Value> = { answer: ask(), outdated: false };
    this.#asked.set(key, asked);
    const over = (): void => {
      if (this.#asked.get(key) === asked) this.#asked.delete(key);
    };
    asked.answer.then((value) => {
      over();
      if (!asked.outdated) this.#known.set(key, value, { ttl: this.#options.ttlOf(value) });
    }, over);
    return asked;
  }
}
