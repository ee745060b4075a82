import type { Report, ReportVerdict } from '../report/report.ts';
import { type Baseline, purlName } from './gate.ts';
import { isExpired, matches, type PlannedRule, type Subject } from './plan.ts';
import type { PolicyOutcome, Rule } from './policy.ts';
import type { PolicyInput } from './policy-input.ts';
import type { PolicyException } from './settings.ts';
import { type Finding, readFindings } from './violations.ts';

export interface DecisionInput {
  readonly outcomes: readonly PolicyOutcome[];
  /** Of every rule of every policy. */
  readonly plan: ReadonlyMap<string, PlannedRule>;
  readonly exceptions: readonly PolicyException[];
  readonly subject: Subject;
  /** What the policies saw. */
  readonly input: PolicyInput;
  readonly gaps: Report['completeness']['gaps'];
  /** Violations that are there already; null: all count. */
  readonly baseline: Baseline | null;
}

type Violation = ReportVerdict['violations'][number];
type Reason = ReportVerdict['reasons'][number];
type Exemption = Violation['exempt'];

/**
 * fail if any deny holds; else unknown if a blocking gap exists, a policy gave no answer that can be read, a rule that denies cannot tell,
 * or its input is absent, or nothing judges; else pass. What does not count stays in the list and says why.
 */
export function decide(decision: DecisionInput): Omit<ReportVerdict, 'gate'> {
  const { outcomes, plan, gaps, input } = decision;
  const rules = outcomes.flatMap(({ policy }) => policy.rules);
  const failures: Reason[] = [];
  const findings: Finding[] = [];
  for (const outcome of outcomes) {
    const read = readFindings(outcome);
    if ('findings' in read) findings.push(...read.findings);
    else
      failures.push(
        reason('policy-failed', 'unknown', `the policy ${outcome.policy.name} gave no answer: ${read.failure}`),
      );
  }
  const expired = new Map<PolicyException, number>();
  const violations = findings.flatMap((finding): Violation[] => {
    const mode = plan.get(finding.rule)?.mode ?? 'deny';
    if (mode === 'off') return [];
    return [{ ...finding, mode, evidence: { ...finding.evidence }, exempt: exemption(finding, decision, expired) }];
  });
  const reasons = [
    ...(outcomes.length === 0 ? [reason('no-policy', 'unknown', 'no policy judges this: name one with --policy')] : []),
    ...failures,
    ...violationReasons(violations),
    ...rules.flatMap((rule) => absentInput(rule, plan.get(rule.id)?.mode ?? 'deny', input)),
    ...gapReasons(gaps),
    ...[...expired].map(([{ rule, owner, expires }, count]) => {
      return reason(
        'exception-expired',
        null,
        `the exception of ${owner} from ${rule} ended on ${expires}; what it covered (${count}) counts again`,
      );
    }),
    ...(outcomes.some(({ policy }) => policy.builtin)
      ? []
      : [reason('builtin-off', null, 'the built-in policies are off')]),
  ];
  return {
    decision: decisionOf(reasons),
    violations,
    reasons,
    policies: outcomes.map(({ policy }) => {
      return { name: policy.name, digest: policy.digest, builtin: policy.builtin, rules: policy.rules.length };
    }),
  };
}

function decisionOf(reasons: readonly Reason[]): ReportVerdict['decision'] {
  if (reasons.some(({ decides }) => decides === 'fail')) return 'fail';
  return reasons.some(({ decides }) => decides === 'unknown') ? 'unknown' : 'pass';
}

/** Counts by exception what one that has expired would have covered. */
function exemption(
  finding: Finding,
  { exceptions, subject, input, baseline }: DecisionInput,
  expired: Map<PolicyException, number>,
): Exemption {
  const found = subjectOfFinding(subject, finding);
  const covering = exceptions.filter(
    (each) => each.rule === finding.rule && matches(each.match, found) && covers(each, finding),
  );
  const holding = covering.find((each) => !isExpired(each, input.now));
  if (holding !== undefined) {
    const { reason: why, owner, expires } = holding;
    return { by: 'exception', reason: why, owner, expires };
  }
  for (const each of covering) expired.set(each, (expired.get(each) ?? 0) + 1);
  if (finding.level === 'undecided' || !baseline?.has(finding)) return null;
  return { by: 'baseline', reason: 'it is in the older report', owner: null, expires: null };
}

/** Of several images a finding may name the one that it is of. */
function subjectOfFinding(subject: Subject, { evidence: { image } }: Finding): Subject {
  const named = subject.images.find((names) => typeof image === 'string' && names.includes(image));
  return named === undefined ? subject : { ...subject, images: [named] };
}

function covers({ packages }: PolicyException, { evidence }: Finding): boolean {
  if (packages === undefined) return true;
  return typeof evidence.purl === 'string' && packages.includes(purlName(evidence.purl));
}

/** One reason a rule and kind: what decides, and what does not and why. */
function violationReasons(violations: readonly Violation[]): Reason[] {
  const groups = Map.groupBy(violations, ({ rule, level, mode, exempt }) => {
    return JSON.stringify([rule, level === 'undecided', mode, exempt?.by ?? null]);
  });
  return [...groups.values()].map((group) => {
    const { rule, level, mode, exempt, message } = group[0]!;
    const more = group.length === 1 ? '' : `, and ${group.length - 1} more`;
    const denies = mode === 'deny' && exempt === null;
    const why = exempt === null ? (mode === 'deny' ? '' : ` (${mode} only)`) : ` (exempt: ${exempt.by})`;
    const text = `${rule}${why}: ${message}${more}`;
    if (level === 'undecided') return reason('undecided', denies ? 'unknown' : null, text);
    return reason('violated', denies ? 'fail' : null, text);
  });
}

function absentInput(rule: Rule, mode: PlannedRule['mode'], input: PolicyInput): Reason[] {
  const absent = mode === 'off' ? [] : rule.needs.filter((path) => !isPresent(input, path));
  return absent.map((path) => {
    const hint = path === 'report.vulnerabilities' ? ': no advisory database was asked' : '';
    return reason(
      'input-absent',
      mode === 'deny' ? 'unknown' : null,
      `${rule.id} needs ${path}, which is not there${hint}`,
    );
  });
}

function isPresent(input: PolicyInput, path: string): boolean {
  let value: unknown = input;
  for (const key of path.split('.')) value = Object(value)[key];
  return value !== undefined && value !== null;
}

function gapReasons(gaps: DecisionInput['gaps']): Reason[] {
  const blocking = Map.groupBy(
    gaps.filter((gap) => gap.class === 'blocking'),
    ({ code }) => code,
  );
  return [...blocking].map(([code, [first, ...others]]) => {
    const more = others.length === 0 ? '' : `, and ${others.length} more`;
    return reason('gap', 'unknown', `${code}: ${first!.message}${more}`);
  });
}

function reason(code: Reason['code'], decides: Reason['decides'], message: string): Reason {
  return { code, decides, message };
}
