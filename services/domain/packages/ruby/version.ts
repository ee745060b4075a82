import type { Comparison } from '../ecosystem.ts';
import { compareDigits, compareLists, digits } from '../version-parts.ts';

/** Gem::Version::VERSION_PATTERN: segments divided by dots; what follows the first hyphen makes a pre-release. */
const VERSION = /^[0-9]+(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
/** Blanks of Ruby's regular expressions. */
const BLANKS = ' \t\n\v\f\r';

/**
 * The order of RubyGems (Gem::Version). A hyphen is read as `.pre.`, letters next to digits are a segment of their own,
 * and a version with a word in it comes before the same without. No text at all is version 0. RubyGems refuses
 * everything else: no answer there.
 */
export function compare(a: string, b: string): Comparison {
  const left = parse(a);
  const right = parse(b);
  if (left === null || right === null) return 'incomparable';
  const length = Math.max(left.length, right.length);
  return compareLists(padded(left, length), padded(right, length), compareSegments);
}

/** Segments, numbers without leading zeros: 0 is ''. Zeros at the end and before the first word do not count. */
function parse(text: string): readonly string[] | null {
  const version = trimmed(text);
  if (version === '') return [];
  if (!VERSION.test(version)) return null;
  const segments = version
    .replaceAll('-', '.pre.')
    .match(/[0-9]+|[a-z]+/gi)!
    .map(segmentOf);
  const word = segments.findIndex(isWord);
  return word < 0
    ? withoutZeros(segments)
    : [...withoutZeros(segments.slice(0, word)), ...withoutZeros(segments.slice(word))];
}

function segmentOf(part: string): string {
  return isWord(part) ? part : digits(part);
}

function withoutZeros(segments: readonly string[]): readonly string[] {
  return segments.slice(0, segments.findLastIndex((segment) => segment !== '') + 1);
}

/** What one version has not is 0. */
function padded(segments: readonly string[], length: number): readonly string[] {
  return segments.length === length ? segments : [...segments, ...new Array<string>(length - segments.length).fill('')];
}

/** Words before numbers. */
function compareSegments(a: string, b: string): -1 | 0 | 1 {
  const aIsWord = isWord(a);
  const bIsWord = isWord(b);
  if (aIsWord !== bIsWord) return aIsWord ? -1 : 1;
  if (!aIsWord) return compareDigits(a, b);
  return a === b ? 0 : a < b ? -1 : 1;
}

function isWord(segment: string): boolean {
  return /^[a-z]/i.test(segment);
}

function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && BLANKS.includes(text[start]!)) start++;
  while (end > start && BLANKS.includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}
