import type { Comparison } from '../ecosystem.ts';
import { compareNumbers } from '../version-parts.ts';

interface Version {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string;
}

/** dpkg keeps the epoch in a C int. */
const MAX_EPOCH = 2 ** 31 - 1;

/**
 * The order of `dpkg --compare-versions` (deb-version(7)). Like it, takes characters and starts that the manual forbids
 * (dpkg warns and compares), counts '' and '<unknown>' as earlier than any version, and gives no answer where dpkg
 * stops with an error: blanks inside, a broken epoch, an empty version or revision.
 */
export function compare(a: string, b: string): Comparison {
  const left = parse(a);
  const right = parse(b);
  if (left === 'error' || right === 'error') return 'incomparable';
  if (left === 'none' || right === 'none') return left === right ? 0 : left === 'none' ? -1 : 1;
  if (left.epoch !== right.epoch) return left.epoch < right.epoch ? -1 : 1;
  return comparePart(left.upstream, right.upstream) || comparePart(left.revision, right.revision);
}

/** The epoch of a version as it is written; null where it has none or dpkg would refuse it. */
export function epochOf(version: string): number | null {
  const parsed = version.includes(':') ? parse(version) : 'none';
  return typeof parsed === 'string' ? null : parsed.epoch;
}

function parse(text: string): Version | 'none' | 'error' {
  if (text === '' || text === '<unknown>') return 'none';
  const trimmed = trimBlanks(text);
  // A NUL cannot be handed to dpkg.
  if (trimmed === '' || /[ \t\0]/.test(trimmed)) return 'error';
  const colon = trimmed.indexOf(':');
  const epoch = colon < 0 ? 0 : epochNumber(trimmed.slice(0, colon));
  if (epoch === null) return 'error';
  const rest = bytewise(trimmed.slice(colon + 1));
  const hyphen = rest.lastIndexOf('-');
  const upstream = hyphen < 0 ? rest : rest.slice(0, hyphen);
  const revision = hyphen < 0 ? '' : rest.slice(hyphen + 1);
  if (upstream === '' || (hyphen >= 0 && revision === '')) return 'error';
  return { epoch, upstream, revision };
}

function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && (text[from] === ' ' || text[from] === '\t')) from += 1;
  while (to > from && (text[to - 1] === ' ' || text[to - 1] === '\t')) to -= 1;
  return text.slice(from, to);
}

/** Read as strtol(3) does: a sign is taken. */
function epochNumber(text: string): number | null {
  if (!/^[+-]?[0-9]+$/.test(text)) return null;
  const value = Number(text);
  return value < 0 || value > MAX_EPOCH ? null : Math.abs(value);
}

const encoder = new TextEncoder();

/** One char per UTF-8 byte: dpkg compares bytes. */
function bytewise(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  return Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join('');
}

/** deb-version(7), "Sorting algorithm": runs of non-digits and of digits take turns. */
function comparePart(a: string, b: string): -1 | 0 | 1 {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = weight(a, i) - weight(b, j);
      if (difference !== 0) return difference < 0 ? -1 : 1;
      i += 1;
      j += 1;
    }
    const left = digitsEnd(a, i);
    const right = digitsEnd(b, j);
    const difference = compareNumbers(a.slice(i, left), b.slice(j, right));
    if (difference !== 0) return difference;
    i = left;
    j = right;
  }
  return 0;
}

/** '~' before the end and digits, those before letters, those before everything else. Bytes from 0x80 stay between. */
function weight(text: string, at: number): number {
  if (at >= text.length || isDigit(text, at)) return 0;
  const code = text.charCodeAt(at);
  if (code === 0x7e) return -1;
  const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
  // C's char is signed on the platforms that set the reference: byte 0xC3 weighs -61 + 256.
  return isLetter || code >= 0x80 ? code : code + 256;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

function digitsEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && isDigit(text, end)) end += 1;
  return end;
}
