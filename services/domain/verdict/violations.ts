import { LIMITS } from '../limits.ts';
import { LEVELS } from './level.ts';
import type { PolicyOutcome } from './policy.ts';

/** One result of one rule, read. `undecided`: the rule itself says that it cannot tell. */
export interface Finding {
  readonly policy: string;
  readonly rule: string;
  readonly level: (typeof LEVELS)[number] | 'undecided';
  readonly message: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** What a bundle answered, read; or why that is no answer. One ill-typed result spoils all: nobody knows what else is wrong. */
export function readFindings(outcome: PolicyOutcome): { findings: readonly Finding[] } | { failure: string } {
  if ('failure' in outcome) return outcome;
  const { policy, violations } = outcome;
  if (violations === undefined) return { failure: 'plimsoll/violations is undefined' };
  if (!Array.isArray(violations)) return { failure: 'plimsoll/violations is no set' };
  if (violations.length > LIMITS.policyViolations) {
    return { failure: `it found more than ${LIMITS.policyViolations} violations (policyViolations)` };
  }
  const rules = new Map(policy.rules.map((rule) => [rule.id, rule]));
  const findings: Finding[] = [];
  for (const [i, violation] of violations.entries()) {
    const bad = (what: string) => ({ failure: `violation ${i} has ${what}` });
    if (!isObject(violation)) return bad('the wrong type: it is no object');
    const { rule: id, message, evidence = {}, level, ...unknown } = violation;
    const rule = typeof id === 'string' ? rules.get(id) : undefined;
    if (rule === undefined) return bad(`a rule that its bundle does not name: ${JSON.stringify(id)}`);
    if (typeof message !== 'string' || message === '') return bad(`no message (rule ${rule.id})`);
    if (!isObject(evidence)) return bad(`evidence that is no object (rule ${rule.id})`);
    const found = level === undefined ? rule.level : [...LEVELS, 'undecided' as const].find((each) => each === level);
    if (found === undefined) return bad(`the level ${JSON.stringify(level)} (rule ${rule.id})`);
    const [extra] = Object.keys(unknown);
    if (extra !== undefined) return bad(`an unknown key "${extra}" (rule ${rule.id})`);
    findings.push({ policy: policy.name, rule: rule.id, level: found, message, evidence });
  }
  return { findings };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
