import { compareDigits, compareLists, digits } from '../version-parts.ts';

/**
 * How a word begins, and where it stands (PHP, version_compare): any other comes before them all. A number, and the end
 * of a version, stand where `#` does.
 */
const RANKS: readonly (readonly [start: RegExp, rank: number])[] = [
  [/^dev/, 0],
  [/^a/, 1],
  [/^b/, 2],
  [/^(?:RC|rc)/, 3],
  [/^#/, 4],
  [/^p/, 5],
];
const NUMBER = 4;
const UNKNOWN = -1;

/**
 * The order of Composer\Semver\Comparator, which is PHP's version_compare, without the `v` that tags begin with. Packagist
 * and advisories for it are ordered so. It has an answer for any two texts: a branch (`dev-main`) comes before all
 * versions, and 1.0 before 1.0.0. Numbers that PHP has no room for are compared by the same rule.
 */
export function compare(a: string, b: string): -1 | 0 | 1 {
  const [left, right] = [partsOf(a), partsOf(b)];
  const common = Math.min(left.length, right.length);
  const difference = compareLists(left.slice(0, common), right.slice(0, common), compareParts);
  if (difference !== 0 || left.length === right.length) return difference;
  if (left.length > common) return compareToEnd(left.slice(common));
  return (0 - compareToEnd(right.slice(common))) as -1 | 0 | 1;
}

/** Divided at dots, hyphens and their like, and between digits and anything else. */
function partsOf(text: string): readonly string[] {
  return (
    text
      .trim()
      .replace(/^v/i, '')
      .match(/[0-9]+|[^0-9.+_-]+/g) ?? []
  );
}

function compareParts(a: string, b: string): -1 | 0 | 1 {
  return isNumber(a) && isNumber(b) ? compareDigits(digits(a), digits(b)) : compareRanks(rankOf(a), rankOf(b));
}

/** What one version has and the other has not: a number more is newer. */
function compareToEnd([next, ...more]: readonly string[]): -1 | 0 | 1 {
  if (isNumber(next!)) return 1;
  return compareRanks(rankOf(next!), NUMBER) || (more.length > 0 ? 1 : 0);
}

function compareRanks(a: number, b: number): -1 | 0 | 1 {
  return a === b ? 0 : a < b ? -1 : 1;
}

function rankOf(part: string): number {
  return isNumber(part) ? NUMBER : (RANKS.find(([start]) => start.test(part))?.[1] ?? UNKNOWN);
}

function isNumber(part: string): boolean {
  return /^[0-9]/.test(part);
}
