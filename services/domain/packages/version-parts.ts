/** Numbers in versions have any length: they are compared as the digits that spell them, where a double would lose some. */

/** Digits without leading zeros; '' is 0, and so is what was left out. */
export function digits(text: string | undefined): string {
  return text?.startsWith('0') ? text.replace(/^0+/, '') : (text ?? '');
}

/** The numbers of `1.2.0`, without zeros at the end, which most orders do not see. */
export function numbersOf(release: string): readonly string[] {
  const numbers = release.split('.').map(digits);
  return numbers.slice(0, numbers.findLastIndex((number) => number !== '') + 1);
}

/** The order of two results of `digits`. */
export function compareDigits(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  return (a.length === b.length ? a < b : a.length < b.length) ? -1 : 1;
}

/** Digit strings by value; no digits are 0. */
export function compareNumbers(a: string, b: string): -1 | 0 | 1 {
  return a === b ? 0 : compareDigits(digits(a), digits(b));
}

/** Item by item; of two lists that begin alike the shorter comes first. */
export function compareLists(
  a: readonly string[],
  b: readonly string[],
  compareItems: (a: string, b: string) => -1 | 0 | 1,
): -1 | 0 | 1 {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = compareItems(a[i]!, b[i]!);
    if (difference !== 0) return difference;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}
