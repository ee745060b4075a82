import type { Comparison } from '../ecosystem.ts';
import { compareDigits, compareLists, digits, numbersOf } from '../version-parts.ts';

/** PEP 440, appendix B: epoch, release, pre-release, post-release (two spellings), development release, local label. */
const VERSION =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z\d]+(?:[-_.][a-z\d]+)*))?$/i;

/** Where a version with such a pre-release stands; a development release of no pre-release is '', no pre-release LAST. */
const RANKS: Readonly<Record<string, string>> = {
  ...{ a: '1', alpha: '1', b: '2', beta: '2' },
  ...{ c: '3', rc: '3', pre: '3', preview: '3' },
};
const LAST = '4';

interface Version {
  readonly epoch: string;
  readonly release: readonly string[];
  /** Rank and number of the pre-release, the post-release and the development release, in the order that decides. */
  readonly suffix: readonly string[];
  readonly local: readonly string[];
}

/**
 * The order of PEP 440 as `packaging` has it, local labels included. It refuses anything else, the "legacy versions"
 * of its past too: no answer there.
 */
export function compare(a: string, b: string): Comparison {
  // Most are plain numbers, and a record may list hundreds.
  if (isPlain(a) && isPlain(b)) return compareReleases(a, b);
  const left = parse(a);
  const right = parse(b);
  if (left === null || right === null) return 'incomparable';
  return (
    compareDigits(left.epoch, right.epoch) ||
    compareLists(left.release, right.release, compareDigits) ||
    compareLists(left.suffix, right.suffix, compareDigits) ||
    compareLists(left.local, right.local, compareLabels)
  );
}

function parse(text: string): Version | null {
  const match = VERSION.exec(text.trim());
  if (match === null) return null;
  const [, epoch, release, pre, preNumber, implicitPost, post, postNumber, dev, devNumber, local] = match;
  const isPost = implicitPost !== undefined || post !== undefined;
  const rank = pre === undefined ? (dev !== undefined && !isPost ? '' : LAST) : RANKS[pre.toLowerCase()]!;
  return {
    epoch: digits(epoch),
    release: numbersOf(release!),
    suffix: [
      ...[rank, digits(preNumber)],
      ...[isPost ? '1' : '', digits(implicitPost ?? postNumber)],
      ...[dev === undefined ? '1' : '', digits(devNumber)],
    ],
    local: local?.toLowerCase().split(/[-_.]/) ?? [],
  };
}

/** A release and nothing else: numbers with dots between. */
function isPlain(text: string): boolean {
  let afterDigit = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isDigit = code >= 0x30 && code <= 0x39;
    if (!isDigit && (code !== 0x2e || !afterDigit)) return false;
    afterDigit = isDigit;
  }
  return afterDigit;
}

/** The order of two plain versions; a number that is left out is 0. */
function compareReleases(a: string, b: string): -1 | 0 | 1 {
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    while (a[i] === '0') i++;
    while (b[j] === '0') j++;
    const [from, other] = [i, j];
    while (i < a.length && a[i] !== '.') i++;
    while (j < b.length && b[j] !== '.') j++;
    const difference = compareDigits(a.slice(from, i), b.slice(other, j));
    if (difference !== 0) return difference;
    i++;
    j++;
  }
  return 0;
}

/** Parts of a local label: words before numbers. */
function compareLabels(a: string, b: string): -1 | 0 | 1 {
  const aIsNumber = /^\d+$/.test(a);
  const bIsNumber = /^\d+$/.test(b);
  if (aIsNumber && bIsNumber) return compareDigits(digits(a), digits(b));
  if (aIsNumber !== bIsNumber) return bIsNumber ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}
