import type { Report } from '../report/report.ts';
import { type DecisionInput, decide } from '../verdict/decide.ts';
import type { AdmissionFacts } from './admission-input.ts';
import type { AdmissionSettings } from './admission-settings.ts';
import type { Leniency } from './leniency.ts';

type Violation = NonNullable<Report['verdict']>['violations'][number];

/** denied: it is why the request is. warned: the user is told. recorded: it stands in the record only. */
export interface AdmissionViolation extends Violation {
  readonly effect: 'denied' | 'warned' | 'recorded';
  /** Why one of a rule in mode deny is not denied. */
  readonly leniency: Leniency | 'break-glass' | 'grace' | null;
}

/** What one review came to. */
export interface Admission {
  readonly allowed: boolean;
  /** What rules came to, whatever was admitted nevertheless. */
  readonly decision: 'pass' | 'fail' | 'unknown';
  readonly violations: readonly AdmissionViolation[];
  /** Why nobody can tell: rules in mode deny whose input is absent, no policy at all. */
  readonly unknown: readonly string[];
  /** Policies that gave no answer: the path's own answer to failure holds. */
  readonly failures: readonly string[];
  /** Why it is admitted though rules would deny it; null: it is not, or nothing would. */
  readonly leniency: Leniency | 'break-glass' | null;
  /** Why it was not judged at all. */
  readonly unjudged: string | null;
}

export interface AdmissionDecision {
  readonly facts: AdmissionFacts;
  readonly decision: Omit<DecisionInput, 'gaps' | 'baseline'>;
  readonly settings: AdmissionSettings;
  readonly leniency: Admission['leniency'];
  /** The answer where a policy gives none. */
  readonly onFailure: 'deny' | 'allow';
}

/** Denied where a rule that denies found something or cannot tell, and nothing makes the request one to be lenient with. */
export function decideAdmission({ facts, decision, settings, leniency, onFailure }: AdmissionDecision): Admission {
  const verdict = decide({ ...decision, gaps: [], baseline: null });
  const violations = verdict.violations.map((violation): AdmissionViolation => {
    if (violation.exempt !== null || violation.mode === 'audit')
      return { ...violation, effect: 'recorded', leniency: null };
    if (violation.mode === 'warn') return { ...violation, effect: 'warned', leniency: null };
    const lenient = leniency ?? (isInGrace(violation, facts, settings, decision.input.now) ? 'grace' : null);
    return { ...violation, effect: lenient === null ? 'denied' : 'warned', leniency: lenient };
  });
  const messagesOf = (...codes: string[]) => {
    return verdict.reasons
      .filter(({ code, decides }) => codes.includes(code) && decides !== null)
      .map(({ message }) => message);
  };
  const unknown = messagesOf('no-policy', 'input-absent');
  const failures = messagesOf('policy-failed');
  const isDenied =
    unknown.length > 0 ||
    violations.some(({ effect }) => effect === 'denied') ||
    (failures.length > 0 && onFailure === 'deny');
  const allowed = leniency !== null || !isDenied;
  return {
    allowed,
    decision: verdict.decision,
    violations,
    unknown,
    failures,
    leniency: verdict.decision === 'pass' ? null : leniency,
    unjudged: null,
  };
}

/** Admitted without a look. `why` is one clause. */
export function unjudged(why: string): Admission {
  return { allowed: true, decision: 'pass', violations: [], unknown: [], failures: [], leniency: null, unjudged: why };
}

/** A violation that goes by a verdict says whose (`evidence.digest`), and how long that digest has been worse is known. */
function isInGrace(
  { evidence }: Violation,
  { known }: AdmissionFacts,
  { graceDays }: AdmissionSettings,
  now: string,
): boolean {
  const { digest } = evidence;
  const since = known.find((each) => typeof digest === 'string' && each?.verdict.digest === digest)?.failingSince;
  return typeof since === 'string' && Date.parse(now) - Date.parse(since) < graceDays * 86_400_000;
}
