import type { Comparison } from '../ecosystem.ts';
import { compareDigits, compareLists, digits, numbersOf } from '../version-parts.ts';

/** NuGet.Versioning: one to four numbers, release labels, metadata. */
const VERSION =
  /^([0-9]+(?:\.[0-9]+){0,3})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** The greatest number that a label may be; longer ones are words to NuGet. */
const INT_MAX = '2147483647';

interface Version {
  readonly numbers: readonly string[];
  /** null where there are none, which comes after any. */
  readonly labels: readonly string[] | null;
}

/**
 * The order of NuGet (NuGet.Versioning, VersionComparer.Default): SemVer 2.0 with a fourth number, 0 where it is left
 * out, and labels in any case. Metadata do not count. Numbers that NuGet has no room for are compared by the same rule;
 * what it refuses otherwise has no answer.
 */
export function compare(a: string, b: string): Comparison {
  const left = parse(a);
  const right = parse(b);
  if (left === null || right === null) return 'incomparable';
  const difference = compareLists(left.numbers, right.numbers, compareDigits);
  if (difference !== 0) return difference;
  if (left.labels === null || right.labels === null) {
    return left.labels === right.labels ? 0 : left.labels === null ? 1 : -1;
  }
  return compareLists(left.labels, right.labels, compareLabels);
}

function parse(text: string): Version | null {
  const match = VERSION.exec(text.trim());
  if (match === null) return null;
  return { numbers: numbersOf(match[1]!), labels: match[2]?.toUpperCase().split('.') ?? null };
}

/** Numbers before words. */
function compareLabels(a: string, b: string): -1 | 0 | 1 {
  const aIsNumber = isNumber(a);
  const bIsNumber = isNumber(b);
  if (aIsNumber && bIsNumber) return compareDigits(digits(a), digits(b));
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}

function isNumber(label: string): boolean {
  return /^[0-9]+$/.test(label) && compareDigits(digits(label), INT_MAX) <= 0;
}
