import type { Report } from '../report/report.ts';
import { SEVERITIES } from '../verdict/gate.ts';
import type { ImageVerdict, JudgedImage } from '../verdict/judged-image.ts';
import type { WorkloadImage } from './workload.ts';

/** Violations that are kept of one verdict, and how many of each rule at least where there are that many. */
const KEPT_VIOLATIONS = 50;
const KEPT_OF_EACH_RULE = 3;
const KEPT_REASONS = 5;
const KEPT_TEXT = 300;

/** What admission knows of one image. */
export interface KnownImage {
  readonly verdict: ImageVerdict;
  /** Where the digest was admitted to the namespace before and its verdict was no fail then: when it became one. */
  readonly failingSince: string | null;
}

/** What is kept of a report for admission; null where it names no digest, or nothing judged it. */
export function imageVerdictOf({ target, verdict, vulnerabilities, createdAt }: Report): ImageVerdict | null {
  if (target.digest === null || verdict === undefined) return null;
  const judged = vulnerabilities?.filter((row) => row.suppressed === undefined && row.status !== 'unknown');
  const counts = judged && {
    total: bySeverity(judged),
    fixable: bySeverity(judged.filter(({ fixedVersion }) => fixedVersion !== null)),
    knownExploited: judged.filter(({ kev }) => kev !== null).length,
  };
  const counting = verdict.violations.filter(
    ({ mode, exempt }) => exempt === null && (mode === 'deny' || mode === 'warn'),
  );
  return {
    digest: target.digest,
    decision: verdict.decision,
    counts: counts ?? null,
    violations: keptViolations(counting),
    violationCount: counting.length,
    reasons: verdict.reasons
      .filter(({ decides }) => decides === verdict.decision)
      .slice(0, KEPT_REASONS)
      .map(({ message }) => message.slice(0, KEPT_TEXT)),
    scannedAt: createdAt,
  };
}

/** Of an index: what all its images come to, as if they were one; a node may run any of them. An image that was not judged leaves it unknown. */
export function mergedVerdict(digest: string, parts: readonly (ImageVerdict | null)[]): ImageVerdict | null {
  const judged = parts.filter((part) => part !== null);
  const [first, ...others] = judged;
  if (first === undefined) return null;
  if (others.length === 0 && parts.length === 1) return { ...first, digest };
  const decisions = judged.map(({ decision }) => decision);
  const allJudged = judged.length === parts.length;
  const messages = new Map(judged.flatMap(({ violations }) => violations).map((each) => [JSON.stringify(each), each]));
  return {
    digest,
    decision: decisions.includes('fail') ? 'fail' : decisions.includes('unknown') || !allJudged ? 'unknown' : 'pass',
    counts: mergedCounts(judged.map(({ counts }) => counts)),
    violations: [...messages.values()]
      .toSorted((a, b) => Number(a.mode === 'warn') - Number(b.mode === 'warn'))
      .slice(0, KEPT_VIOLATIONS),
    violationCount: Math.max(...judged.map(({ violationCount }) => violationCount)),
    reasons: [
      ...(allJudged ? [] : ['an image of the index was not judged']),
      ...new Set(judged.flatMap(({ reasons }) => reasons)),
    ].slice(0, KEPT_REASONS),
    scannedAt: judged.map(({ scannedAt }) => scannedAt).reduce((a, b) => (Date.parse(a) <= Date.parse(b) ? a : b)),
  };
}

/** The most that any has: images of one index share most of their packages, and a sum would count them again and again. */
function mergedCounts(parts: readonly ImageVerdict['counts'][]): ImageVerdict['counts'] {
  const known = parts.filter((part) => part !== null);
  const [first, ...others] = known;
  if (first === undefined || known.length < parts.length) return null;
  const most = (a: typeof first.total, b: typeof first.total) => {
    return Object.fromEntries(SEVERITIES.map((level) => [level, Math.max(a[level], b[level])])) as typeof first.total;
  };
  return others.reduce(
    (a, b) => ({
      total: most(a.total, b.total),
      fixable: most(a.fixable, b.fixable),
      knownExploited: Math.max(a.knownExploited, b.knownExploited),
    }),
    first,
  );
}

type Counting = NonNullable<Report['verdict']>['violations'];

/** The first of each rule, then as many as there is room for; what denies before what warns. */
function keptViolations(violations: Counting): ImageVerdict['violations'] {
  const ofRule = new Map<string, number>();
  const ranked = violations.map((violation) => {
    const before = ofRule.get(violation.rule) ?? 0;
    ofRule.set(violation.rule, before + 1);
    return { violation, rank: (before < KEPT_OF_EACH_RULE ? 0 : 2) + (violation.mode === 'deny' ? 0 : 1) };
  });
  return ranked
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, KEPT_VIOLATIONS)
    .map(({ violation: { rule, level, mode, message } }) => {
      return { rule, level, mode: mode === 'deny' ? 'deny' : 'warn', message: message.slice(0, KEPT_TEXT) };
    });
}

function bySeverity(rows: readonly { readonly severity: string }[]) {
  const count = (severity: string) => rows.filter((row) => row.severity === severity).length;
  return Object.fromEntries(SEVERITIES.map((severity) => [severity, count(severity)])) as Record<
    (typeof SEVERITIES)[number],
    number
  >;
}

/** The image as rules see it. A verdict of another digest than the reference names is none. */
export function judgedImage(
  { text, reference, problem, usedBy }: WorkloadImage,
  known: KnownImage | null,
): JudgedImage {
  const { registry = null, repository = null, tag = null, digest = null } = reference ?? {};
  const isOther = digest !== null && known !== null && known.verdict.digest !== digest;
  return {
    text,
    registry,
    repository,
    tag,
    digest,
    problem,
    usedBy: [...usedBy],
    verdict: isOther ? null : (known?.verdict ?? null),
    binding: digest !== null,
  };
}
