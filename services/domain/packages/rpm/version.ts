import type { Comparison } from '../ecosystem.ts';
import { compareNumbers } from '../version-parts.ts';

type Order = -1 | 0 | 1;

/** `[epoch:]version[-release]`; null where the string has none. */
interface Label {
  readonly epoch: string | null;
  readonly version: string;
  readonly release: string | null;
}

/**
 * Orders two `[epoch:]version[-release]` strings as rpm 4.18 does (`rpm.vercmp`): a missing epoch is 0, a missing
 * release is below any release. The empty string is the only one that rpm refuses, so the only 'incomparable' one.
 */
export function compareVersions(a: string, b: string): Comparison {
  if (a === '' || b === '') return 'incomparable';
  const left = parseLabel(a);
  const right = parseLabel(b);
  return (
    compareParts(left.epoch ?? '0', right.epoch ?? '0') ||
    compareParts(left.version, right.version) ||
    compareReleases(left.release, right.release)
  );
}

/** An epoch is digits up to the first ':' (none of them: 0); the release starts after the last '-' behind it. */
function parseLabel(label: string): Label {
  const colon = digitsEnd(label, 0);
  const hasEpoch = label[colon] === ':';
  const rest = hasEpoch ? label.slice(colon + 1) : label;
  const dash = rest.lastIndexOf('-');
  return {
    epoch: hasEpoch ? label.slice(0, colon) || '0' : null,
    version: dash < 0 ? rest : rest.slice(0, dash),
    release: dash < 0 ? null : rest.slice(dash + 1),
  };
}

function compareReleases(a: string | null, b: string | null): Order {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return compareParts(a, b);
}

const TILDE = 0x7e;
const CARET = 0x5e;

/**
 * rpmvercmp: runs of digits and runs of ASCII letters are compared in turn, all else only separates.
 * At each place '~' < the end < '^' < letters < digits (rpm-version(7)).
 */
function compareParts(a: string, b: string): Order {
  let i = 0;
  let j = 0;
  for (;;) {
    i = skipSeparators(a, i);
    j = skipSeparators(b, j);
    const rank = rankAt(a, i);
    const other = rankAt(b, j);
    if (rank !== other) return rank < other ? -1 : 1;
    if (rank === RANK.end) return 0;
    if (rank === RANK.tilde || rank === RANK.caret) {
      i += 1;
      j += 1;
      continue;
    }
    const runEnd = rank === RANK.digits ? digitsEnd : lettersEnd;
    const end = runEnd(a, i);
    const otherEnd = runEnd(b, j);
    const run = a.slice(i, end);
    const otherRun = b.slice(j, otherEnd);
    const order = rank === RANK.digits ? compareNumbers(run, otherRun) : compareText(run, otherRun);
    if (order !== 0) return order;
    i = end;
    j = otherEnd;
  }
}

const RANK = { tilde: 0, end: 1, caret: 2, letters: 3, digits: 4 } as const;

function rankAt(text: string, at: number): number {
  if (at >= text.length) return RANK.end;
  const code = text.charCodeAt(at);
  if (code === TILDE) return RANK.tilde;
  if (code === CARET) return RANK.caret;
  return isDigit(code) ? RANK.digits : RANK.letters;
}

function compareText(a: string, b: string): Order {
  return a < b ? -1 : a > b ? 1 : 0;
}

function skipSeparators(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (isDigit(code) || isLetter(code) || code === TILDE || code === CARET) break;
    at += 1;
  }
  return at;
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

function lettersEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && isLetter(text.charCodeAt(at))) at += 1;
  return at;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}
