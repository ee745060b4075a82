/**
 * What a policy found, and one undecided finding for each rule that went by an answer that a builtin did not have: its findings are others
 * in one of the values that were made with an answer. A rule that says itself that it cannot tell has said it. What is no list of
 * findings stays as it is: whoever reads it refuses it.
 */
export function withUndecided(value: unknown, answered: readonly unknown[], calls: readonly string[]): unknown {
  if (!Array.isArray(value)) return value;
  const found = byRule(value);
  const silent = new Set<unknown>();
  for (const other of answered) {
    // With an answer the policy gives no value at all: nobody knows which of its rules.
    if (!Array.isArray(other)) throw new Error(`it has no value where it is told an answer to ${calls[0]}`);
    for (const [rule, findings] of byRule(other)) {
      const known = found.get(rule) ?? new Set();
      if ([...findings].some((finding) => !known.has(finding))) silent.add(rule);
    }
  }
  const undecided = [...silent].filter((rule) => !value.some((each) => isOf(each, rule) && each.level === 'undecided'));
  const message = `it does not say what to do where there is no answer to ${calls.join(', ')}`;
  return [...value, ...undecided.map((rule) => ({ rule, level: 'undecided', message }))];
}

/** The findings of each rule, as texts. */
function byRule(value: readonly unknown[]): Map<unknown, Set<string>> {
  const groups = Map.groupBy(value, (finding) => Object(finding).rule as unknown);
  return new Map([...groups].map(([rule, findings]) => [rule, new Set(findings.map((each) => JSON.stringify(each)))]));
}

function isOf(finding: unknown, rule: unknown): finding is { level?: unknown } {
  return Object(finding).rule === rule;
}
