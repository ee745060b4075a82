import type { Report, ReportDocument } from '../domain/report/report.ts';
import type { MatchingOptions } from './matching-options.ts';
import { readSuppressions } from './read-suppressions.ts';
import type { Session } from './session.ts';

/**
 * Reads with `read`, then judges the packages of every report. What can be refused is opened and read first: a scan must
 * not end in a misspelt --db or an expired exception.
 */
export async function withMatching(
  session: Session,
  options: MatchingOptions,
  read: () => Promise<ReportDocument>,
): Promise<ReportDocument> {
  if (isUnjudged(options)) return await read();
  const suppressions = await readSuppressions(options, new Date());
  const database = await session.openDatabase(options.db ?? null);
  // On demand: who asks for packages only should not wait for it.
  const { matchVulnerabilities } = await import('../pipeline/match-vulnerabilities.ts');
  const { suppress } = await import('../domain/vulnerabilities/suppress.ts');
  const judge = (report: Report): Report => {
    const started = performance.now();
    const { severitySource } = options;
    const { exceptions, vex, digests } = suppressions;
    const matched = matchVulnerabilities(report, database, severitySource && { severitySources: severitySource });
    const judged = suppress(matched, exceptions, vex);
    const timings = { ...report.timings, matchMs: performance.now() - started };
    return { ...judged, inputs: { ...judged.inputs, ...digests }, timings };
  };
  try {
    const document = await read();
    return 'reports' in document ? { ...document, reports: document.reports.map(judge) } : judge(document);
  } finally {
    await database?.close();
  }
}

/** `--db none` asks what is in there and nothing else: neither vulnerabilities nor a verdict. */
export function isUnjudged({ db }: MatchingOptions): boolean {
  return db === 'none';
}
