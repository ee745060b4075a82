import type { Comparison } from '../ecosystem.ts';
import { comparePrereleases } from '../semver-order.ts';
import { compareDigits, compareLists, numbersOf } from '../version-parts.ts';

/** SemVer 2.0, with zeros before numbers, and `v` before it all, as tags have it. */
const VERSION =
  /^v?([0-9]+(?:\.[0-9]+)*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/**
 * The order of Cargo: SemVer 2.0, section 11; build metadata do not count, as in its precedence. Where Cargo refuses a
 * version and the same rule has an answer, it is given: for other counts of numbers (what is missing is 0), for zeros
 * before numbers, and for a leading `v`.
 */
export function compare(a: string, b: string): Comparison {
  const left = parse(a);
  const right = parse(b);
  if (left === null || right === null) return 'incomparable';
  return (
    compareLists(left.numbers, right.numbers, compareDigits) || comparePrereleases(left.prerelease, right.prerelease)
  );
}

function parse(text: string): { numbers: readonly string[]; prerelease: readonly string[] | null } | null {
  const match = VERSION.exec(text);
  return match === null ? null : { numbers: numbersOf(match[1]!), prerelease: match[2]?.split('.') ?? null };
}
