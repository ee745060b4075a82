/** What of a feed is not in the database, and why. `malformed` is a fault of the feed, `out-of-scope` a choice of ours. */
export interface Refusal {
  readonly kind: 'malformed' | 'out-of-scope';
  /** One of a few sentences of ours, never foreign text: refusals are counted by it. */
  readonly reason: string;
  readonly count: number;
  /** Where it was met first: record ids or file names. */
  readonly examples: readonly string[];
}

const EXAMPLES = 3;
const EXAMPLE_LENGTH = 120;

/** Counts what is left out, in memory that does not grow with the feed. */
export class RefusalCounter {
  readonly #refusals = new Map<string, { kind: Refusal['kind']; reason: string; count: number; examples: string[] }>();

  malformed(reason: string, where: string): void {
    this.#add('malformed', reason, 1, [where]);
  }

  outOfScope(reason: string, where: string): void {
    this.#add('out-of-scope', reason, 1, [where]);
  }

  merge(refusals: readonly Refusal[]): void {
    for (const { kind, reason, count, examples } of refusals) this.#add(kind, reason, count, examples);
  }

  /** Sorted by kind and reason. */
  list(): readonly Refusal[] {
    return [...this.#refusals.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, refusal]) => refusal);
  }

  #add(kind: Refusal['kind'], reason: string, count: number, examples: readonly string[]): void {
    const key = `${kind}\0${reason}`;
    const refusal = this.#refusals.get(key) ?? { kind, reason, count: 0, examples: [] };
    refusal.count += count;
    const room = EXAMPLES - refusal.examples.length;
    refusal.examples.push(...examples.slice(0, room).map((example) => example.slice(0, EXAMPLE_LENGTH)));
    this.#refusals.set(key, refusal);
  }
}
