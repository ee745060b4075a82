import type { Report, ReportDocument } from '../domain/report/report.ts';
import { matchVulnerabilities } from '../pipeline/match-vulnerabilities.ts';
import type { MatchingOptions } from './matching-options.ts';
import type { OpenedDatabase, Session } from './session.ts';

/**
 * Reads with `read`, then judges the packages of every report. The database is opened first: a scan must not end in a
 * misspelt --db.
 */
export async function withMatching(
  session: Session,
  options: MatchingOptions,
  read: () => Promise<ReportDocument>,
): Promise<ReportDocument> {
  const database = await session.openDatabase(options.db ?? null);
  try {
    const document = await read();
    return 'reports' in document
      ? { ...document, reports: document.reports.map((report) => match(report, database, options)) }
      : match(document, database, options);
  } finally {
    await database?.close();
  }
}

function match(report: Report, database: OpenedDatabase | null, { severitySource }: MatchingOptions): Report {
  const started = performance.now();
  const matched = matchVulnerabilities(report, database, severitySource && { severitySources: severitySource });
  return { ...matched, timings: { ...report.timings, matchMs: performance.now() - started } };
}
