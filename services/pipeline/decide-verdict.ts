import { PlimsollError } from '../domain/errors.ts';
import type { Report } from '../domain/report/report.ts';
import { buildPolicyInput, subjectOf } from '../domain/verdict/build-input.ts';
import { decide } from '../domain/verdict/decide.ts';
import { type Baseline, baselineOf, type Gate } from '../domain/verdict/gate.ts';
import { planRules } from '../domain/verdict/plan.ts';
import type { PolicyInput } from '../domain/verdict/policy-input.ts';
import type { PolicySettings } from '../domain/verdict/settings.ts';
import type { Stage } from '../domain/verdict/stage.ts';
import { readFindings } from '../domain/verdict/violations.ts';
import type { SeverityLevel } from '../domain/vulnerabilities/advisory.ts';
import type { Sha256 } from './layer-ports.ts';
import type { PolicyEvaluator } from './verdict-ports.ts';

export interface VerdictOptions {
  readonly stage: Stage;
  readonly settings: PolicySettings;
  /** Digest of the file that the settings came from. */
  readonly settingsDigest: string | null;
  readonly gate: Gate;
  /** Instead of the rules on fixable ones: fail at this severity. */
  readonly failOn: SeverityLevel | null;
  /** Only what is not in the older report counts: of several, in that of the same platform. */
  readonly against: { readonly reports: readonly Report[]; readonly digest: string } | null;
}

/** report → policies → verdict: the report with its verdict, and with the digests of what it was judged by. */
export async function decideVerdict(
  report: Report,
  evaluator: PolicyEvaluator,
  options: VerdictOptions,
  sha256: Sha256,
): Promise<Report> {
  const { policies } = evaluator;
  const { stage, gate, against, failOn } = options;
  const settings = failOn === null ? options.settings : failingOn(failOn, options.settings, evaluator);
  const subject = subjectOf(report, stage);
  const plan = planRules(policies, settings, subject);
  const inputOf = (each: Report): PolicyInput => buildPolicyInput(each, stage, plan, gate);
  const input = inputOf(report);
  const outcomes = await evaluator.evaluate(input);
  let baseline: Baseline | null = null;
  const before = against === null ? null : olderOf(against.reports, report);
  if (before !== null) {
    const older = await evaluator.evaluate(inputOf(before));
    const found = older.map(readFindings).flatMap((read) => ('findings' in read ? read.findings : []));
    baseline = baselineOf(before, found, report);
  }
  const decided = decide({
    outcomes,
    plan,
    exceptions: settings.exceptions,
    subject,
    input,
    gaps: report.completeness.gaps,
    baseline,
  });
  const { severities, ignoreUnfixed } = gate;
  return {
    ...report,
    inputs: { ...report.inputs, policy: policyDigest(evaluator, sha256), config: options.settingsDigest },
    verdict: { ...decided, gate: { failOn, severities, ignoreUnfixed, against: against?.digest ?? null } },
  };
}

/** The older report that today's is held against; null where its platform is new, so that all of it counts. */
function olderOf(reports: readonly Report[], today: Report): Report | null {
  if (reports.length === 1) return reports[0]!;
  return reports.find(({ target }) => target.platform === today.target.platform) ?? null;
}

/** The digest of the one policy; of several, of their list. */
export function policyDigest({ policies }: PolicyEvaluator, sha256: Sha256): string | null {
  const digests = policies.map(({ digest }) => digest).toSorted();
  if (digests.length <= 1) return digests[0] ?? null;
  return `sha256:${sha256(new TextEncoder().encode(digests.join('\n')))}`;
}

const THRESHOLD_RULE = 'severity_threshold';
const FIXABLE_RULE = 'fixable_vulnerability';

/** A scope that comes last: what the command line says stands above the file. */
function failingOn(severity: SeverityLevel, settings: PolicySettings, { policies }: PolicyEvaluator): PolicySettings {
  if (!policies.some(({ builtin }) => builtin)) {
    throw new PlimsollError('USAGE', '--fail-on sets the built-in rules, and policy.builtin is false');
  }
  const rules = { [THRESHOLD_RULE]: { mode: 'deny', params: { severity } }, [FIXABLE_RULE]: { mode: 'off' } } as const;
  return { ...settings, scopes: [...settings.scopes, { name: '--fail-on', match: {}, rules }] };
}
