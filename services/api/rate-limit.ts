/** Callers that are remembered at once; past it the whole memory is dropped, in favour of the callers. */
const CALLERS = 50_000;

/** So many requests a minute for each caller, bursts of as many included. */
export class RateLimit {
  readonly #perMinute: number;
  readonly #left = new Map<string, { tokens: number; at: number }>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Seconds that the caller has to wait; 0: go on. `now` in milliseconds. */
  take(caller: string, now: number): number {
    const found = this.#left.get(caller);
    const earned = found === undefined ? 0 : (Math.max(0, now - found.at) * this.#perMinute) / 60_000;
    const tokens = found === undefined ? this.#perMinute : Math.min(this.#perMinute, found.tokens + earned);
    if (tokens < 1) {
      this.#left.set(caller, { tokens, at: now });
      return Math.ceil(((1 - tokens) * 60) / this.#perMinute);
    }
    if (this.#left.size >= CALLERS) this.#left.clear();
    this.#left.set(caller, { tokens: tokens - 1, at: now });
    return 0;
  }
}
