/** So many in a minute, spread evenly, as many at once at the most. Times in milliseconds. */
export class TokenBucket {
  readonly #perMinute: number;
  #left: number;
  #at: number;

  constructor(perMinute: number, now: number) {
    this.#perMinute = perMinute;
    this.#left = perMinute;
    this.#at = now;
  }

  /** False: there have been enough. A clock that goes back gives nothing. */
  take(now: number): boolean {
    const passed = Math.max(0, now - this.#at);
    this.#left = Math.min(this.#perMinute, this.#left + (passed * this.#perMinute) / 60_000);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
