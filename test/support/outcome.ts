import { expect } from 'vitest';
import type { GapCode } from '../../services/domain/completeness.ts';
import { type ErrorCode, PlimsollError } from '../../services/domain/errors.ts';
import type { Report } from '../../services/domain/report/report.ts';

/**
 * How a scan of hostile input ended. There are three good ends: an error of ours, a report that says what it lacks, or
 * a report that lacks nothing.
 */
export type Outcome =
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly limit: unknown; readonly message: string }
  | { readonly kind: 'report'; readonly report: Report };

/** Anything else that is thrown is a crash. */
export async function outcomeOf(scanned: Promise<Report>): Promise<Outcome> {
  try {
    return { kind: 'report', report: await scanned };
  } catch (error) {
    if (!(error instanceof PlimsollError) || error.code === 'INTERNAL') throw error;
    return { kind: 'error', code: error.code, limit: error.details.limit, message: error.message };
  }
}

/** `name version`, of what is installed. */
export function packagesOf(report: Report): string[] {
  return report.packages.filter(({ hiddenBy }) => hiddenBy === null).map(({ name, version }) => `${name} ${version}`);
}

export function gapCodes(report: Report): GapCode[] {
  return [...new Set(report.completeness.gaps.map(({ code }) => code as GapCode))].sort();
}

/** One word for the table of a test: the error's code, 'complete', or the codes of all blocking gaps. */
export async function endOf(scanned: Promise<Report>): Promise<string> {
  const outcome = await outcomeOf(scanned);
  if (outcome.kind === 'error') return outcome.code;
  const { gaps, status } = outcome.report.completeness;
  const blocking = new Set(gaps.filter((gap) => gap.class === 'blocking').map(({ code }) => code));
  return status === 'complete' ? 'complete' : [...blocking].sort().join(' ');
}

/** Never clean by mistake: complete only with every package of the undamaged image. */
export async function expectHonest(scanned: Promise<Report>, whole: readonly string[], what: string): Promise<Outcome> {
  const outcome = await outcomeOf(scanned);
  if (outcome.kind === 'report' && outcome.report.completeness.status === 'complete') {
    expect(packagesOf(outcome.report), `${what}: complete, with fewer packages`).toEqual(whole);
  }
  return outcome;
}
