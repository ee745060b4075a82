/** Ratios of pairs that were measured one after the other. */
export interface PairedRatio {
  readonly median: number;
  /** 95 % interval of the median. */
  readonly low: number;
  readonly high: number;
}

/**
 * The median of the ratios with its interval by order statistics (the sign test): of 20 sorted ratios the 6th and the 15th,
 * which hold it in 95.9 % of all cases, whatever the ratios are distributed like. RangeError below 6 pairs, of which there is none.
 */
export function pairedRatio(ratios: readonly number[]): PairedRatio {
  const sorted = ratios.toSorted((a, b) => a - b);
  const count = sorted.length;
  let tail = 0;
  let rank = 0;
  // P(X < rank) of a binomial with one half, until both tails would exceed 5 %.
  for (let term = 0.5 ** count; 2 * (tail + term) <= 0.05; rank++) {
    tail += term;
    term *= (count - rank) / (rank + 1);
  }
  if (rank === 0) throw new RangeError(`${count} pairs are too few for an interval of 95 %`);
  const middle = count >> 1;
  const median = count % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, low: sorted[rank - 1]!, high: sorted[count - rank]! };
}

export type BudgetOutcome = 'PASS' | 'OVER' | 'inconclusive';

/** Within only where the whole interval is; what straddles the budget is no pass. */
export function againstBudget({ low, high }: PairedRatio, budget: number): BudgetOutcome {
  if (high <= budget) return 'PASS';
  return low > budget ? 'OVER' : 'inconclusive';
}
