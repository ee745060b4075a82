/** What the answer needs on its way back, and what is left where that would leave less. Milliseconds. */
const RESERVE_MS = 500;
const LEAST_MS = 100;
/** What the API server waits for where a webhook says nothing, and at the most. */
const DEFAULT_MS = 10_000;
const MOST_MS = 30_000;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/**
 * When the answer must be there. `timeout` is the query parameter as API servers write it: a duration of Go, as in `10s` or `1m30s`; anything
 * else counts as if it were not there. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#timeouts
 */
export function deadlineOf(timeout: unknown, startedAt: number): number {
  const ms = typeof timeout === 'string' ? durationMs(timeout) : null;
  const allowed = Math.min(ms ?? DEFAULT_MS, MOST_MS);
  return startedAt + Math.max(allowed - RESERVE_MS, LEAST_MS);
}

function durationMs(text: string): number | null {
  if (!/^(?:\d{1,6}(?:\.\d{1,9})?(?:ms|s|m))+$/.test(text)) return null;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m)/g);
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0);
}
