import type { Comparison } from '../ecosystem.ts';
import { comparePrereleases } from '../semver-order.ts';
import { compareDigits, compareLists, numbersOf } from '../version-parts.ts';

/** What node-semver reads loosely, with any count of numbers. In turn: numbers, pre-release (`-` may be its first part), build. */
const VERSION =
  /^[v=\s]*(\d+(?:\.\d+)*)(?:(?:-|(?=[a-zA-Z]))([\da-zA-Z-]+(?:\.[\da-zA-Z-]+)*)|(-(?:\.[\da-zA-Z-]+)*))?(?:\+[\da-zA-Z-]+(?:\.[\da-zA-Z-]+)*)?$/;

interface Version {
  readonly numbers: readonly string[];
  /** null where there is none, which comes after any. */
  readonly prerelease: readonly string[] | null;
}

/**
 * The order of node-semver, which is npm's own (SemVer 2.0, 11), read loosely as npm reads what is installed. Build
 * metadata does not count. Where node-semver has no answer and the same rule does, it is given: for other counts of
 * numbers (what is missing is 0), numbers that no double holds, and texts over 256 characters. One answer of
 * node-semver's is not followed: it cuts a number in two to read 1.2.34.x as 1.2.3-4.x.
 */
export function compare(a: string, b: string): Comparison {
  const left = parse(a);
  const right = parse(b);
  if (left === null || right === null) return 'incomparable';
  return (
    compareLists(left.numbers, right.numbers, compareDigits) || comparePrereleases(left.prerelease, right.prerelease)
  );
}

function parse(text: string): Version | null {
  const match = VERSION.exec(text.trim());
  if (match === null) return null;
  const prerelease = match[2] ?? match[3];
  return { numbers: numbersOf(match[1]!), prerelease: prerelease?.split('.') ?? null };
}
