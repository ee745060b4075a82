import type { Analyzer } from '../domain/packages/ecosystem.ts';
import type { Report } from '../domain/report/report.ts';
import { serializeReport } from '../domain/report/serialize.ts';
import { parsePurl } from '../domain/vulnerabilities/purl-pattern.ts';
import type { Sha256 } from './ports.ts';
import type { JudgedImage } from './store-ports.ts';

/** A judged report as it is stored: `readBy` as readersDigest gives it. */
export function judgedImage(report: Report, digest: string, readBy: string, sha256: Sha256): JudgedImage {
  if (report.verdict === undefined) throw new Error('a report was judged, and has no verdict');
  const document = serializeReport(report);
  return {
    digest,
    report,
    readBy,
    judgedBy: digestOf(JSON.stringify([readBy, report.inputs]), sha256),
    decision: report.verdict.decision,
    counts: countBySeverity(report),
    document,
    documentDigest: digestOf(document, sha256),
    packageNames: report.packages.map(({ purl }) => packageName(purl)),
  };
}

/** `sha256:HEX` of what reads images: this version, and its analyzers with theirs. */
export function readersDigest(version: string, analyzers: readonly Analyzer[], sha256: Sha256): string {
  const readBy = analyzers.map((analyzer) => `${analyzer.id}@${analyzer.version}`).toSorted();
  return digestOf(JSON.stringify([version, readBy]), sha256);
}

/** `pkg:type/namespace/name` of a package URL, in its canonical spelling; null: it is none. */
export function packageName(purl: string): string | null {
  const parsed = parsePurl(purl);
  if (parsed === null) return null;
  return ['pkg:', parsed.type, '/', parsed.namespace ? `${parsed.namespace}/` : '', parsed.name].join('');
}

function countBySeverity({ vulnerabilities = [] }: Report): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { severity, suppressed } of vulnerabilities) {
    if (suppressed === undefined) counts[severity] = (counts[severity] ?? 0) + 1;
  }
  return counts;
}

function digestOf(text: string, sha256: Sha256): string {
  return `sha256:${sha256(new TextEncoder().encode(text))}`;
}
