import type { Analyzer } from '../domain/packages/ecosystem.ts';
import type { Report } from '../domain/report/report.ts';
import { serializeReport } from '../domain/report/serialize.ts';
import { isExpired } from '../domain/verdict/plan.ts';
import { parsePurl } from '../domain/vulnerabilities/purl-pattern.ts';
import { policyDigest } from './decide-verdict.ts';
import type { JudgeRequest, Suppressions } from './judge-document.ts';
import type { Sha256 } from './layer-ports.ts';
import type { JudgedImage, JudgedWith } from './store-ports.ts';

/** A judged report as it is stored: `readBy` as readersDigest gives it. */
export function judgedImage(
  report: Report,
  digest: string,
  readBy: string,
  by: JudgedWith | null,
  sha256: Sha256,
): JudgedImage {
  if (report.verdict === undefined) throw new Error('a report was judged, and has no verdict');
  const document = serializeReport(report);
  return {
    digest,
    report,
    readBy,
    judgedWith: by,
    judgedBy: digestOf(JSON.stringify([readBy, report.inputs]), sha256),
    decision: report.verdict.decision,
    counts: countBySeverity(report),
    document,
    documentDigest: digestOf(document, sha256),
    packageNames: report.packages.map(({ purl }) => packageName(purl)),
  };
}

/**
 * What every report is judged with from here on: `given` are the exceptions and VEX of files, without those of the store, whose
 * changes have jobs of their own. What has expired by `now` is left out, so that it is something else on the day after. Null
 * where there is no advisory database: nothing is then known.
 */
export function judgedWith(
  { matching, judging, given }: JudgeRequest & { readonly given: Suppressions },
  now: string,
  version: string,
  sha256: Sha256,
): JudgedWith | null {
  const database = matching?.database?.describe() ?? null;
  if (database === null) return null;
  const policy = judging && {
    digest: policyDigest(judging.evaluator, sha256),
    settings: judging.options.settingsDigest,
    exceptions: judging.options.settings.exceptions.map((each) => !isExpired(each, now)),
  };
  const inForce = given.exceptions.map(({ name }) => name);
  return {
    digest: digestOf(JSON.stringify([version, database.digest, given.digests, inForce, policy]), sha256),
    databaseBuiltAt: database.builtAt,
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
