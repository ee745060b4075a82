import type { Report, ReportPackage, Vulnerability } from '../domain/report/report.ts';
import type { DatabaseChanges } from '../domain/vulnerabilities/database-change.ts';
import type { AdvisoryDatabase } from './advisory-ports.ts';
import { matchVulnerabilities } from './match-vulnerabilities.ts';

/** What a change of the advisory database means for one report. */
export interface JudgementChange {
  /** Packages that had to be matched again; where there are none, nothing changed. */
  readonly touched: readonly ReportPackage[];
  readonly added: readonly Vulnerability[];
  readonly removed: readonly Vulnerability[];
  /** Rows of which something else is said: fix, status, severity, KEV, EPSS … */
  readonly changed: readonly { readonly before: Vulnerability; readonly after: Vulnerability }[];
}

/**
 * Matches what a change is about with the database before it and the one after it. Exceptions and VEX play no part: they
 * suppress rows, and both sides alike.
 */
export function compareJudgements(
  report: Report,
  changes: DatabaseChanges,
  before: AdvisoryDatabase,
  after: AdvisoryDatabase,
): JudgementChange {
  const touched = changes.touched(report);
  if (touched.length === 0) return { touched, added: [], removed: [], changed: [] };
  const only = new Set(touched.map(({ id }) => id));
  const [old, now] = [before, after].map((database) => rowsById(matchVulnerabilities(report, database, { only })));
  return {
    touched,
    added: [...now!].flatMap(([key, row]) => (old!.has(key) ? [] : row)),
    removed: [...old!].flatMap(([key, row]) => (now!.has(key) ? [] : row)),
    changed: [...now!].flatMap(([key, row]) => {
      const other = old!.get(key);
      return other === undefined || JSON.stringify(other) === JSON.stringify(row) ? [] : { before: other, after: row };
    }),
  };
}

function rowsById({ vulnerabilities = [] }: Report): ReadonlyMap<string, Vulnerability> {
  return new Map(vulnerabilities.map((row) => [`${row.packageId}\0${row.id}`, row]));
}
