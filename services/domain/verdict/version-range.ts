import { versionOrder } from '../vulnerabilities/version-order.ts';

/** The comparators of a range: how the version may stand to the bound. */
const ALLOWED: Readonly<Record<string, readonly number[]>> = {
  '<': [-1],
  '<=': [-1, 0],
  '=': [0],
  '!=': [-1, 1],
  '>=': [0, 1],
  '>': [1],
};

/**
 * Whether a version lies in a range, by the order of its purl type's own tool. A range is alternatives joined by `||`, each a list of
 * comparisons that all hold: `>=5.6.0 <5.6.2 || =5.7.0`. A version without comparator stands for `=`.
 * null: the type has no order, the range is malformed, or a bound does not compare.
 */
export function versionInRange(purlType: string, version: string, range: string): boolean | null {
  const order = versionOrder('ECOSYSTEM', purlType);
  if (order === null) return null;
  let inside = false;
  for (const alternative of range.split('||')) {
    const bounds = alternative.trim().split(/\s+/);
    let holds = true;
    for (const bound of bounds) {
      const { comparator = '=', limit } =
        /^(?<comparator>[<>]=?|!?=)?(?<limit>[A-Za-z0-9].*)$/.exec(bound)?.groups ?? {};
      if (limit === undefined) return null;
      const comparison = order.compare(version, limit);
      if (comparison === 'incomparable') return null;
      holds &&= ALLOWED[comparator]!.includes(comparison);
    }
    inside ||= holds;
  }
  return inside;
}
