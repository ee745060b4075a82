import type { Report } from '../domain/report/report.ts';
import type { ExplainedStatement, Explanation, PackageExplanation } from '../pipeline/explain-vulnerability.ts';

/** The explanation for machines: every record with what it states, in the words of the report. */
export function explanationJson({ target }: Report, explanation: Explanation): object {
  const { id, packages, asked, enrichment, feeds, withoutFeed } = explanation;
  return {
    schemaVersion: '1',
    id,
    target,
    asked,
    kev: enrichment?.kev ?? null,
    epss: enrichment?.epss ?? null,
    rejected: enrichment?.rejected ?? false,
    feeds,
    withoutFeed,
    packages: packages.map(packageJson),
  };
}

function packageJson({ item, namespaces, judge, owner, state, statements, row, vex }: PackageExplanation): object {
  return {
    packageId: item.id,
    purl: item.purl,
    layer: item.layer,
    namespaces,
    judge,
    ownedBy: owner?.id ?? null,
    state: judge !== 'feeds' ? 'not-judged' : statements.length === 0 ? 'no-record' : state,
    vulnerability: row,
    vex,
    records: statements.map(recordJson),
  };
}

function recordJson({ statement, deciding, comparisons }: ExplainedStatement): object {
  const { advisory, entry, version, refusal, standing, doubts } = statement;
  return {
    id: advisory.id,
    source: advisory.source,
    url: advisory.url,
    ecosystem: entry.ecosystem,
    name: entry.name,
    nameOf: entry.nameOf,
    status: entry.status,
    vendorStatus: entry.vendorStatus,
    version,
    standing: standing?.state ?? null,
    reason: refusal ?? (standing?.state === 'unknown' ? standing.reason : null),
    decided: deciding,
    comparisons,
    doubts,
  };
}
