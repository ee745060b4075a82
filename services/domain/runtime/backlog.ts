import { SEVERITIES, type Severity } from './severity.ts';

/** A record as sinks take it. */
export interface RecordLine {
  /** JSON, without a line break. */
  readonly text: string;
  readonly severity: Severity;
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly kind: string;
}

/** How many of each severity there was no room for. */
export type LostLines = Readonly<Record<Severity, number>>;

const NOTHING_LOST: LostLines = { low: 0, medium: 0, high: 0 };

/** Lines that a sink has not taken yet, in memory. Where there are too many, the oldest of the lowest severity go, and are counted. */
export class Backlog {
  readonly #mostBytes: number;
  readonly #queues: Readonly<Record<Severity, (RecordLine & { readonly order: number })[]>> = {
    low: [],
    medium: [],
    high: [],
  };
  #order = 0;
  #bytes = 0;
  #lost: Record<Severity, number> = { ...NOTHING_LOST };

  /** `mostBytes`: of text, in UTF-16 units, which is at least what it takes in memory. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get isEmpty(): boolean {
    return SEVERITIES.every((severity) => this.#queues[severity].length === 0);
  }

  offer(lines: readonly RecordLine[]): void {
    for (const line of lines) {
      this.#queues[line.severity].push({ ...line, order: this.#order++ });
      this.#bytes += line.text.length;
      while (this.#bytes > this.#mostBytes) this.#drop();
    }
  }

  /** Of what waits the oldest, in the order of their coming; at least one where there is one. They stay until `remove`. */
  peek(mostLines: number, mostBytes: number): RecordLine[] {
    const at: Record<Severity, number> = { low: 0, medium: 0, high: 0 };
    const found: RecordLine[] = [];
    for (let bytes = 0; found.length < mostLines; ) {
      const [severity, line] = SEVERITIES.map((each) => [each, this.#queues[each][at[each]]] as const).reduce(
        (oldest, each) =>
          each[1] !== undefined && (oldest[1] === undefined || each[1].order < oldest[1].order) ? each : oldest,
      );
      if (line === undefined || (found.length > 0 && bytes + line.text.length > mostBytes)) break;
      at[severity] += 1;
      bytes += line.text.length;
      found.push(line);
    }
    return found;
  }

  /** Those of `lines`, as `peek` gave them, that have not been dropped meanwhile. */
  remove(lines: readonly RecordLine[]): void {
    const gone = new Set(lines);
    for (const severity of SEVERITIES) {
      const queue = this.#queues[severity];
      const kept = queue.findIndex((line) => !gone.has(line));
      for (const line of queue.splice(0, kept < 0 ? queue.length : kept)) this.#bytes -= line.text.length;
    }
  }

  /** What was dropped since this was asked before. */
  takeLost(): LostLines {
    const lost = this.#lost;
    this.#lost = { ...NOTHING_LOST };
    return lost;
  }

  #drop(): void {
    const severity = SEVERITIES.find((each) => this.#queues[each].length > 0)!;
    this.#bytes -= this.#queues[severity].shift()!.text.length;
    this.#lost[severity] += 1;
  }
}
