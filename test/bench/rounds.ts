import type { Command, Measurement, Stopwatch } from './measure.ts';

export interface Contestant {
  readonly name: string;
  readonly command: Command;
  /** Before each run, outside the measurement. */
  readonly prepare?: () => void;
  /** The rest run in every round; this one in so many of the first. */
  readonly runs?: number;
}

/** All measurements of one contestant, in the order of the rounds. */
export interface Series {
  readonly name: string;
  readonly runs: readonly Measurement[];
}

/** A B C, A B C, …: whatever else the machine does meets all of them alike. */
export async function alternate(
  contestants: readonly Contestant[],
  rounds: number,
  watch: Stopwatch,
): Promise<Map<string, Series>> {
  const measured = new Map(contestants.map(({ name }) => [name, [] as Measurement[]]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, command, prepare, runs = rounds } of contestants) {
      if (round >= runs) continue;
      prepare?.();
      measured.get(name)!.push(await watch.measure(command));
    }
  }
  return new Map([...measured].map(([name, runs]) => [name, { name, runs }]));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const wallMs = ({ runs }: Series): number => median(runs.map((run) => run.wallMs));

/** The highest peak of all runs, in bytes; null where it was not measured. */
export function peakBytes({ runs }: Series): number | null {
  return runs.reduce<number | null>(
    (peak, { usage }) => (usage === null ? null : Math.max(peak ?? 0, usage.peakBytes)),
    0,
  );
}

export interface Ratio {
  /** Median of the one by median of the other: what a budget is held against. */
  readonly ofMedians: number;
  /** Median of the ratios round by round: near the first unless the machine was busy with something else. */
  readonly pairwise: number;
}

export function ratio(one: Series, other: Series): Ratio {
  const pairs = one.runs.slice(0, other.runs.length);
  return {
    ofMedians: wallMs(one) / wallMs(other),
    pairwise: median(pairs.map((run, round) => run.wallMs / other.runs[round]!.wallMs)),
  };
}
