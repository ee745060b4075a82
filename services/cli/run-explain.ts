import { PlimsollError } from '../domain/errors.ts';
import type { Report } from '../domain/report/report.ts';
import { jsonText } from '../domain/report/serialize.ts';
import { explainVulnerability } from '../pipeline/explain-vulnerability.ts';
import { scanTarget } from '../pipeline/scan-target.ts';
import type { MatchingOptions } from './matching-options.ts';
import { writeOutputs } from './output.ts';
import { readGivenVex } from './read-suppressions.ts';
import { renderExplanation } from './render-explanation.ts';
import type { ScanOptions } from './scan-options.ts';
import { explanationJson } from './serialize-explanation.ts';
import type { Session } from './session.ts';
import { withMatching } from './with-matching.ts';
import { withScan } from './with-scan.ts';

export interface ExplainCommandOptions extends ScanOptions, MatchingOptions {
  readonly package?: string;
  readonly json?: boolean;
}

/** `plimsoll explain`: scans as `scan` does, and shows how it came to one vulnerability. */
export async function runExplain(
  session: Session,
  target: string,
  id: string,
  options: ExplainCommandOptions,
): Promise<void> {
  const document = await withMatching(session, options, () => withScan(session, target, options, scanTarget));
  const database = await session.openDatabase(options.db ?? null);
  if (database === null) {
    const message =
      'There is no advisory database to explain by; get one with "plimsoll db update", or name one with --db.';
    throw new PlimsollError('DATABASE_NOT_FOUND', message);
  }
  try {
    const given = await readGivenVex(options);
    const explain = (report: Report) => explainVulnerability(report, database, id, options.package ?? null, given);
    const reports = 'reports' in document ? document.reports : [document];
    const render = (): string => {
      if (!options.json) return reports.map((report) => renderExplanation(report, explain(report))).join('\n');
      const explanations = reports.map((report) => explanationJson(report, explain(report)));
      return jsonText('reports' in document ? { schemaVersion: '1', explanations } : explanations[0]);
    };
    await writeOutputs([{ format: options.json ? 'json' : 'table', file: null }], render, session.stdout);
  } finally {
    await database.close();
  }
}
