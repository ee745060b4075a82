import { LIMITS } from '../domain/limits.ts';
import type { Report, ReportDocument } from '../domain/report/report.ts';
import type { VulnerabilityException } from '../domain/vulnerabilities/exceptions.ts';
import { type GivenVex, suppress } from '../domain/vulnerabilities/suppress.ts';
import { foundIn } from '../domain/vulnerabilities/vex/found-vex.ts';
import type { AdvisoryDatabase } from './advisory-ports.ts';
import { decideVerdict, type VerdictOptions } from './decide-verdict.ts';
import { judgeVex } from './judge-vex.ts';
import type { Sha256 } from './layer-ports.ts';
import { matchVulnerabilities } from './match-vulnerabilities.ts';
import { type Trace, UNTRACED } from './trace.ts';
import type { BundleVerifier, PolicyEvaluator } from './verdict-ports.ts';

/** What was given to suppress vulnerabilities, and the digests of it. */
export interface Suppressions {
  readonly exceptions: readonly VulnerabilityException[];
  readonly vex: readonly GivenVex[];
  readonly digests: Pick<Report['inputs'], 'exceptions' | 'vex'>;
}

/** What packages are matched with. Without a database nothing is known, and a blocking gap says so. */
export interface Matching {
  readonly database: AdvisoryDatabase | null;
  readonly suppressions: Suppressions;
  /** Opened where VEX came with what is judged. */
  readonly bundleVerifier: () => Promise<BundleVerifier>;
  /** See MatchOptions. */
  readonly severitySources?: readonly string[] | undefined;
}

export interface Judging {
  readonly evaluator: PolicyEvaluator;
  readonly options: VerdictOptions;
}

/** The steps behind a scan. One that is null is left out, and its part of the report stays as it was. */
export interface JudgeRequest {
  readonly matching: Matching | null;
  readonly judging: Judging | null;
}

export interface JudgeDependencies {
  readonly sha256: Sha256;
  /** A stopwatch in milliseconds. */
  readonly clock: { elapsed(): number };
  readonly trace?: Trace;
}

/**
 * packages → vulnerabilities → suppressed → verdict, for every report of the document. The one way to a judged report: a
 * command, a worker and a rescan from stored facts give the same.
 */
export async function judgeDocument(
  document: ReportDocument,
  request: JudgeRequest,
  dependencies: JudgeDependencies,
): Promise<ReportDocument> {
  if (!('reports' in document)) return await judgeReport(document, request, dependencies);
  const reports: Report[] = [];
  for (const report of document.reports) reports.push(await judgeReport(report, request, dependencies));
  return { ...document, reports };
}

async function judgeReport(
  report: Report,
  { matching, judging }: JudgeRequest,
  { sha256, clock, trace = UNTRACED }: JudgeDependencies,
): Promise<Report> {
  const packages = { 'plimsoll.packages': report.packages.length };
  const matched =
    matching === null
      ? report
      : await trace.span('match vulnerabilities', packages, () => match(report, matching, clock));
  if (judging === null) return matched;
  return await trace.span('decide verdict', {}, () =>
    decideVerdict(matched, judging.evaluator, judging.options, sha256),
  );
}

async function match(report: Report, matching: Matching, clock: JudgeDependencies['clock']): Promise<Report> {
  const started = clock.elapsed();
  const { database, severitySources, suppressions } = matching;
  const { exceptions, vex, digests } = suppressions;
  const matched = matchVulnerabilities(report, database, severitySources && { severitySources });
  const hasVex = report.findings.some((finding) => foundIn(finding) !== null);
  const found = hasVex ? judgeVex(report, await matching.bundleVerifier(), LIMITS) : [];
  const judged = suppress(matched, exceptions, vex, found);
  const timings = { ...report.timings, matchMs: clock.elapsed() - started };
  return { ...judged, inputs: { ...judged.inputs, ...digests }, timings };
}
