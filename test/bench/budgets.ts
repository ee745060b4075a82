import { peakBytes, ratio, type Series, wallMs } from './rounds.ts';
import { bytes, duration } from './wording.ts';

/** What a scan of an image of about 2 GB may take: ratios of wall time, milliseconds, bytes. */
export const BUDGETS = {
  cold: { byTrivy: 0.6, byDecompression: 1.5, byThreads: 1.5, peakBytes: 300e6 },
  dockerArchive: { byTrivy: 1 },
  second: { wallMs: 400, byTrivy: 0.5 },
  manyFiles: { wallMs: 60_000, peakBytes: 500e6 },
  version: { wallMs: 100 },
  database: { peakBytes: 1e9 },
  matching: { packagesMs: 50, imagesMs: 10_000 },
} as const;

export interface Verdict {
  readonly outcome: 'PASS' | 'OVER' | 'FAILED' | 'skipped';
  readonly what: string;
  readonly measured: string;
}

/** `other`: a series, or why there is none. */
export function heldByRatio(what: string, one: Series, other: Series | string, limit: number): Verdict {
  const budget = `${what} ≤ ${limit} ×`;
  if (typeof other === 'string') return skipped(budget, other);
  const { ofMedians, pairwise } = ratio(one, other);
  const measured = `${ofMedians.toFixed(2)} × (pairwise ${pairwise.toFixed(2)} ×)`;
  return { outcome: ofMedians <= limit ? 'PASS' : 'OVER', what: budget, measured };
}

export function heldByTime(what: string, series: Series, limitMs: number): Verdict {
  return heldTo(what, wallMs(series), limitMs);
}

export function heldTo(what: string, ms: number, limitMs: number): Verdict {
  return {
    outcome: ms <= limitMs ? 'PASS' : 'OVER',
    what: `${what} ≤ ${duration(limitMs)}`,
    measured: duration(ms),
  };
}

export function heldByPeak(what: string, series: Series, limitBytes: number): Verdict {
  const budget = `${what} ≤ ${bytes(limitBytes)}`;
  const peak = peakBytes(series);
  if (peak === null) return skipped(budget, 'no GNU time in PATH (apt-get install time)');
  return { outcome: peak <= limitBytes ? 'PASS' : 'OVER', what: budget, measured: bytes(peak) };
}

export function skipped(what: string, reason: string): Verdict {
  return { outcome: 'skipped', what, measured: reason };
}
