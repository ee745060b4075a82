import type { Report, ReportDocument } from '../domain/report/report.ts';
import { suppress } from '../domain/vulnerabilities/suppress.ts';
import { matchVulnerabilities } from '../pipeline/match-vulnerabilities.ts';
import type { MatchingOptions } from './matching-options.ts';
import { readSuppressions, type Suppressions } from './read-suppressions.ts';
import type { OpenedDatabase, Session } from './session.ts';

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
  const judge = (report: Report) => match(report, database, options, suppressions);
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

function match(
  report: Report,
  database: OpenedDatabase | null,
  { severitySource }: MatchingOptions,
  { exceptions, vex, digests }: Suppressions,
): Report {
  const started = performance.now();
  const matched = matchVulnerabilities(report, database, severitySource && { severitySources: severitySource });
  const judged = suppress(matched, exceptions, vex);
  const timings = { ...report.timings, matchMs: performance.now() - started };
  return { ...judged, inputs: { ...judged.inputs, ...digests }, timings };
}
