import { compareDigits, compareLists, digits } from './version-parts.ts';

/** The order of pre-releases (SemVer 2.0, 11.3 and 11.4), as the parts between their dots; null, a release, is the last. */
export function comparePrereleases(a: readonly string[] | null, b: readonly string[] | null): -1 | 0 | 1 {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return compareLists(a, b, compareIdentifiers);
}

/** Numbers before words. */
function compareIdentifiers(a: string, b: string): -1 | 0 | 1 {
  const aIsNumber = /^\d+$/.test(a);
  const bIsNumber = /^\d+$/.test(b);
  if (aIsNumber && bIsNumber) return compareDigits(digits(a), digits(b));
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}
