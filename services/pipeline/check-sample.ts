import { type Sample, sampleInput } from '../domain/verdict/sample.ts';
import { readFindings } from '../domain/verdict/violations.ts';
import type { PolicyEvaluator } from './verdict-ports.ts';

/** What a policy says of a sample against what the sample expects of its rule; null where they agree. */
export async function checkSample(sample: Sample, evaluator: PolicyEvaluator): Promise<string | null> {
  const rule = evaluator.policies.flatMap(({ rules }) => rules).find(({ id }) => id === sample.rule);
  if (rule === undefined) return `there is no rule ${sample.rule}`;
  const outcomes = await evaluator.evaluate(sampleInput(sample, evaluator.policies));
  const found: string[] = [];
  for (const read of outcomes.map(readFindings)) {
    if ('failure' in read) return `the policy failed: ${read.failure}`;
    found.push(
      ...read.findings.filter((each) => each.rule === rule.id).map(({ level, message }) => `${level}: ${message}`),
    );
  }
  const wanted = sample.violations.map(({ level = rule.level, message }) => `${level}: ${message}`);
  const [a, b] = [wanted, found].map((lines) => lines.toSorted().join('\n'));
  return a === b ? null : `expected:\n${a || '(nothing)'}\nfound:\n${b || '(nothing)'}`;
}
