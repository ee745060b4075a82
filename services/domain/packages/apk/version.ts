import type { Comparison } from '../ecosystem.ts';
import { compareNumbers } from '../version-parts.ts';

/**
 * What may stand at one place of a version, lowest first: of two versions that are equal so far, the one with the
 * lower kind is earlier. `1_rc1` < `1junk` < `1` < `1-r0` < `1~ab` < `1_p1` < `1a` < `1.0`.
 */
const KIND = {
  preSuffix: 0,
  invalid: 1,
  end: 2,
  revision: 3,
  hash: 4,
  suffixNumber: 5,
  postSuffix: 6,
  letter: 7,
  digits: 8,
} as const;

interface Part {
  readonly kind: (typeof KIND)[keyof typeof KIND];
  readonly text: string;
}

/** In their order; what comes before `cvs` is earlier than the version without suffix. */
const SUFFIXES = ['alpha', 'beta', 'pre', 'rc', 'cvs', 'svn', 'git', 'hg', 'p'];
const FIRST_POST = SUFFIXES.indexOf('cvs');

/**
 * The order of `apk version --test` (apk-tools 3; apk-package(5), "pkgver"):
 * NUMBER{.NUMBER}[LETTER]{_SUFFIX[NUMBER]}[~HASH][-rNUMBER].
 * An invalid version counts up to where it becomes invalid; two that do so at the same place are ordered as strings
 * from there on, except after `-r`, where they are equal. Only against nothing at all has apk no answer.
 */
export function compare(a: string, b: string): Comparison {
  if (a === '' || b === '') return a === b ? 0 : 'incomparable';
  const left = parse(a);
  const right = parse(b);
  for (let i = 0; ; i++) {
    // Both lists close with `end` or `invalid`, whose equality ends the loop.
    const l = left[i]!;
    const r = right[i]!;
    if (l.kind !== r.kind) return l.kind < r.kind ? -1 : 1;
    const difference = compareText(l, r, i === 0);
    if (difference !== 0 || l.kind === KIND.end || l.kind === KIND.invalid) return difference;
  }
}

function compareText(a: Part, b: Part, first: boolean): -1 | 0 | 1 {
  if (a.text === b.text) return 0;
  switch (a.kind) {
    case KIND.preSuffix:
    case KIND.postSuffix:
      return SUFFIXES.indexOf(a.text) < SUFFIXES.indexOf(b.text) ? -1 : 1;
    case KIND.digits:
      // A component with a leading zero is a decimal fraction: 1.09 < 1.1.
      if (!first && (a.text[0] === '0' || b.text[0] === '0')) break;
      return compareNumbers(a.text, b.text);
    case KIND.suffixNumber:
    case KIND.revision:
      return compareNumbers(a.text, b.text);
  }
  return a.text < b.text ? -1 : 1;
}

const NUMBERS = /^[0-9]+(?:\.[0-9]+)*/;
const LETTER = /[a-z]/y;
const SUFFIX = /_([a-z]+)([0-9]*)/y;
const HASH = /~([0-9a-f]+)/y;
/** `-r` alone is `-r0`; `-rx` is no revision. */
const REVISION = /-r([0-9]+|(?![0-9a-z]))/y;

function parse(version: string): readonly Part[] {
  const parts: Part[] = [];
  const numbers = NUMBERS.exec(version)?.[0] ?? '';
  if (numbers !== '') for (const text of numbers.split('.')) parts.push({ kind: KIND.digits, text });
  let at = numbers.length;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(version);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  if (at === 0) return [{ kind: KIND.invalid, text: version }];
  const letter = take(LETTER);
  if (letter !== null) parts.push({ kind: KIND.letter, text: letter[0] });
  for (;;) {
    const start = at;
    const suffix = take(SUFFIX);
    if (suffix === null) break;
    const rank = SUFFIXES.indexOf(suffix[1]!);
    if (rank < 0) {
      parts.push({ kind: KIND.invalid, text: version.slice(start) });
      return parts;
    }
    parts.push({ kind: rank < FIRST_POST ? KIND.preSuffix : KIND.postSuffix, text: suffix[1]! });
    if (suffix[2] !== '') parts.push({ kind: KIND.suffixNumber, text: suffix[2]! });
  }
  const hash = take(HASH);
  if (hash !== null) parts.push({ kind: KIND.hash, text: hash[1]! });
  const revision = take(REVISION);
  if (revision !== null) parts.push({ kind: KIND.revision, text: revision[1]! });
  const rest = version.slice(at);
  if (rest === '') parts.push({ kind: KIND.end, text: '' });
  else parts.push({ kind: KIND.invalid, text: revision !== null || rest.startsWith('-r') ? '' : rest });
  return parts;
}
