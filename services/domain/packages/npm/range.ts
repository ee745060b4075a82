import { compare } from './version.ts';

/** `>=1.2.3`: what a version is compared with. */
interface Comparator {
  readonly operator: '<' | '<=' | '>' | '>=' | '=';
  readonly version: string;
}

/** `1`, `1.2.x`, `v1.2.3-rc.1+build`: what is left out or a wildcard is null, and so is all behind it. */
interface Partial {
  readonly major: string | null;
  readonly minor: string | null;
  readonly patch: string | null;
  /** With its hyphen; empty where there is none. */
  readonly prerelease: string;
}

const PART = '(?:\\.(\\d+|[xX*]))?';
const PARTIAL = new RegExp(
  `^[v=\\s]*(\\d+|[xX*])${PART}${PART}(?:-?([\\da-zA-Z-]+(?:\\.[\\da-zA-Z-]+)*))?(?:\\+[\\da-zA-Z.-]+)?$`,
);
const SIMPLE = /^(<=|>=|<|>|=|~>?|\^)?(.*)$/s;
const LONGEST = 1_000;

/** Nothing is below it. */
const NOTHING: readonly Comparator[] = [{ operator: '<', version: '0.0.0-0' }];

/**
 * Whether npm takes a version for a range (node-semver, "Ranges"): `||` of sets, `A - B`, `^`, `~`, wildcards and
 * comparisons. A pre-release counts only where the range names one of the same three numbers. What is no range (a tag,
 * an address) takes none.
 */
export function satisfies(version: string, range: string): boolean {
  if (range.length > LONGEST) return false;
  const sets = range.split('||').map((set) => comparatorsOf(set.trim()));
  // Where one takes any release, the others are not looked at.
  const any = sets.find((set) => set?.length === 0);
  return (any === undefined ? sets : [any]).some((set) => set !== null && isWithin(version, set));
}

function isWithin(version: string, comparators: readonly Comparator[]): boolean {
  const own = PARTIAL.exec(version.trim());
  if (own === null || own[3] === undefined) return false;
  const fits = comparators.every(({ operator, version: bound }) => {
    const order = compare(version, bound);
    if (order === 'incomparable') return false;
    return (
      (operator.includes('=') && order === 0) || order === (operator.startsWith('<') ? -1 : operator === '=' ? 0 : 1)
    );
  });
  if (!fits || own[4] === undefined) return fits;
  const release = own.slice(1, 4).join('.');
  return comparators.some(({ version: bound }) => bound.startsWith(`${release}-`));
}

/** Null where the text is no set of comparators. */
function comparatorsOf(set: string): readonly Comparator[] | null {
  const [, from, to] = /^(\S+)\s+-\s+(\S+)$/.exec(set) ?? [];
  if (from !== undefined) return hyphenated(from, to!);
  const simple = set.replace(/(<=|>=|<|>|=|~>?|\^)\s+/g, '$1').split(/\s+/);
  const comparators = simple.map((text) => {
    const [, operator = '', rest] = SIMPLE.exec(text)!;
    const partial = partialOf(rest!);
    return partial === null ? null : expanded(operator, partial);
  });
  return comparators.includes(null) ? null : comparators.flatMap((each) => each!);
}

function hyphenated(from: string, to: string): readonly Comparator[] | null {
  const [lower, upper] = [partialOf(from), partialOf(to)];
  if (lower === null || upper === null) return null;
  return [...expanded('>=', lower), ...expanded('<=', upper)];
}

function partialOf(text: string): Partial | null {
  if (text === '') return { major: null, minor: null, patch: null, prerelease: '' };
  const match = PARTIAL.exec(text);
  if (match === null) return null;
  const numbers = match.slice(1, 4).map((part) => (part === undefined || /[xX*]/.test(part) ? null : part));
  const major = numbers[0] ?? null;
  const minor = major === null ? null : (numbers[1] ?? null);
  const patch = minor === null ? null : (numbers[2] ?? null);
  return { major, minor, patch, prerelease: patch === null || match[4] === undefined ? '' : `-${match[4]}` };
}

function expanded(operator: string, partial: Partial): readonly Comparator[] {
  const { major, minor, patch, prerelease } = partial;
  if (major === null) return operator === '<' || operator === '>' ? NOTHING : [];
  const least = `${major}.${minor ?? 0}.${patch ?? 0}${prerelease}`;
  const within = (end: string): Comparator[] => [
    { operator: '>=', version: least },
    { operator: '<', version: end },
  ];
  const next = patch === null ? behind(major, minor) : null;
  switch (operator) {
    case '^':
      return within(behindCaret(major, minor, patch));
    case '~':
    case '~>':
      return within(behind(major, minor));
    case '>=':
      return [{ operator: '>=', version: least }];
    case '>':
      return [next === null ? { operator, version: least } : { operator: '>=', version: next.slice(0, -2) }];
    case '<':
      return [{ operator, version: next === null ? least : `${least}-0` }];
    case '<=':
      return [next === null ? { operator, version: least } : { operator: '<', version: next }];
    default:
      return next === null ? [{ operator: '=', version: least }] : within(next);
  }
}

/** The first version, pre-releases included, behind all that begin with these numbers. */
function behind(major: string, minor: string | null): string {
  return minor === null ? `${increased(major)}.0.0-0` : `${major}.${increased(minor)}.0-0`;
}

/** The first number that is not 0 stays. */
function behindCaret(major: string, minor: string | null, patch: string | null): string {
  if (minor === null || !/^0+$/.test(major)) return behind(major, null);
  if (patch === null || !/^0+$/.test(minor)) return behind(major, minor);
  return `${major}.${minor}.${increased(patch)}-0`;
}

function increased(number: string): string {
  return String(BigInt(number) + 1n);
}
