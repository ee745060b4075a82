import { compareDigits, digits } from '../version-parts.ts';

/** The kinds of items, in their order: 1-word < 1-1 < 1.1. */
const WORD = 0;
const LIST = 1;
const NUMBER = 2;

interface Item {
  readonly kind: typeof WORD | typeof LIST | typeof NUMBER;
  /** Digits of a number, rank of a word. */
  readonly text: string;
}

/**
 * A version as ComparableVersion has it, a list that may end in a list that may end in a list: `1.2-3-rc` is
 * (1 2 (3 (rc))). Here all of them one after the other; the list behind the items of one is the next.
 */
type Lists = readonly (readonly Item[])[];

/** Known words in their order. Any other comes after them, by its letters. */
const QUALIFIERS = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const ALIASES = new Map([
  ['ga', ''],
  ['final', ''],
  ['release', ''],
  ['cr', 'rc'],
]);
/** With a number behind them. */
const SHORT = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['m', 'milestone'],
]);

const RELEASE = String(QUALIFIERS.indexOf(''));
const SUBLIST: Item = { kind: LIST, text: '' };

/**
 * The order of Maven (org.apache.maven.artifact.versioning.ComparableVersion of 3.6; POM reference, "Version Order
 * Specification"). It has an answer for any two strings. Later releases of Maven take `.rc` for `-rc` and differ in some
 * versions that mix both.
 */
export function compare(a: string, b: string): -1 | 0 | 1 {
  const [left, right] = [parse(a), parse(b)];
  for (let list = 0; ; list++) {
    for (let i = 0; ; i++) {
      const [l, r] = [itemAt(left, list, i), itemAt(right, list, i)];
      if (l === undefined && r === undefined) return 0;
      if (l === SUBLIST && r === SUBLIST) break;
      // A list against nothing is as its first item.
      const first = l === SUBLIST && r === undefined ? left[list + 1]![0] : l;
      const second = r === SUBLIST && l === undefined ? right[list + 1]![0] : r;
      const difference = compareItems(first, second);
      if (difference !== 0 || first !== l || second !== r) return difference;
    }
  }
}

function itemAt(lists: Lists, list: number, at: number): Item | undefined {
  const items = lists[list];
  return at === items?.length && list + 1 < lists.length ? SUBLIST : items?.[at];
}

/** Nothing is as good as 0, and as a release. */
function compareItems(a: Item | undefined, b: Item | undefined): -1 | 0 | 1 {
  const kind = (a ?? b)?.kind ?? WORD;
  const nothing: Item = { kind, text: kind === NUMBER ? '' : RELEASE };
  const [left, right] = [a ?? nothing, b ?? nothing];
  if (left.kind !== right.kind) return left.kind < right.kind ? -1 : 1;
  if (left.kind === NUMBER) return compareDigits(left.text, right.text);
  return left.text === right.text ? 0 : left.text < right.text ? -1 : 1;
}

function parse(version: string): Lists {
  const text = version.toLowerCase();
  const lists: Item[][] = [[]];
  let start = 0;
  let isNumber = false;
  const take = (end: number, isBeforeNumber: boolean): void => {
    const part = text.slice(start, end);
    lists[lists.length - 1]!.push(
      isNumber || part === '' ? { kind: NUMBER, text: digits(part) } : wordOf(part, isBeforeNumber),
    );
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '.' || char === '-') {
      take(at, false);
      start = at + 1;
      if (char === '-') lists.push([]);
      continue;
    }
    const isDigit = char >= '0' && char <= '9';
    // Between a number and a word there is a hyphen, written or not.
    if (isDigit !== isNumber && at > start) {
      take(at, isDigit);
      start = at;
      lists.push([]);
    }
    isNumber = isDigit;
  }
  if (text.length > start) take(text.length, false);
  return trimmed(lists);
}

/** Ranks are compared as text: those of known words are a digit, and others begin with a greater one. */
function wordOf(word: string, isBeforeNumber: boolean): Item {
  const full = (isBeforeNumber ? SHORT.get(word) : undefined) ?? ALIASES.get(word) ?? word;
  const known = QUALIFIERS.indexOf(full);
  return { kind: WORD, text: known < 0 ? `${QUALIFIERS.length}-${full}` : String(known) };
}

/** Without what says nothing at the end of a list, and without lists in which nothing is left, apart from the first. */
function trimmed(lists: readonly (readonly Item[])[]): Lists {
  const saysNothing = ({ kind, text }: Item): boolean => text === (kind === NUMBER ? '' : RELEASE);
  return lists
    .map((items) => items.slice(0, items.findLastIndex((item) => !saysNothing(item)) + 1))
    .filter((items, i) => i === 0 || items.length > 0);
}
