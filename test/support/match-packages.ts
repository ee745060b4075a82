import type { Report, ReportPackage } from '../../services/domain/report/report.ts';
import type { AdvisoryDatabase } from '../../services/pipeline/advisory-ports.ts';
import { matchVulnerabilities } from '../../services/pipeline/match-vulnerabilities.ts';
import { sampleReport } from './sample-report.ts';

/** The report of an image of one layer that holds exactly these packages, judged by a database. */
export function matchPackages(
  packages: readonly ReportPackage[],
  os: { readonly id: string; readonly versionId: string | null } | null,
  database: AdvisoryDatabase,
): Report {
  const report = sampleReport();
  const found = os === null ? null : { ...os, prettyName: null, eol: null };
  const image = { ...report.image, os: found, repositories: [], layers: [] };
  return matchVulnerabilities({ ...report, image, packages: [...packages] }, database);
}
