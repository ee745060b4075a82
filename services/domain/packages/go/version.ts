import type { Comparison } from '../ecosystem.ts';
import { comparePrereleases } from '../semver-order.ts';
import { compareDigits, compareLists } from '../version-parts.ts';

/** MAJOR[.MINOR[.PATCH[-PRE][+BUILD]]] (golang.org/x/mod/semver), where the `v` may be missing. */
const MODULE =
  /^v?(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)?)?$/;
/** MAJOR[.MINOR[.PATCH]] or MAJOR.MINOR, a kind and its number (go/version), without what a vendor hangs on it. */
const TOOLCHAIN = /^(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*)|([a-z]+)(0|[1-9][0-9]*)?)?)?$/;
const LEADING_ZERO = /^0[0-9]+$/;

/** The first release line whose first release has a `.0`: since then 1.N alone is the language, older than 1.Nrc1. */
const FIRST_WITH_LANGUAGE = 21;

interface Version {
  readonly numbers: readonly [major: string, minor: string, patch: string];
  /** null for a release. */
  readonly pre: readonly string[] | null;
}

/**
 * The order of golang.org/x/mod/semver for modules (`v` or not, pseudo-versions, `+incompatible`) and of go/version for
 * toolchains (`go1.22rc1`, `1.22rc1`), as one order: 1.22rc1 stands where the Go vulnerability database writes it,
 * at 1.22.0-rc.1, and 1.22, the language, at 1.22.0-0. Those packages place what is no version below all versions, so
 * that a sort has an end; that says nothing about the age of `(devel)`, and is incomparable here.
 */
export function compare(a: string, b: string): Comparison {
  if (a === b) return 0;
  const left = parse(a);
  const right = parse(b);
  if (left === null || right === null) return 'incomparable';
  return compareLists(left.numbers, right.numbers, compareDigits) || comparePrereleases(left.pre, right.pre);
}

function parse(version: string): Version | null {
  if (!version.startsWith('v')) {
    const toolchain = parseToolchain(version);
    if (toolchain !== null) return toolchain;
  }
  const match = MODULE.exec(version);
  if (match === null) return null;
  const [, major, minor = '0', patch = '0', pre] = match;
  const identifiers = pre?.split('.') ?? null;
  if (identifiers?.some((identifier) => LEADING_ZERO.test(identifier))) return null;
  return { numbers: [major!, minor, patch], pre: identifiers };
}

function parseToolchain(version: string): Version | null {
  const bare = version.startsWith('go') ? version.slice(2).replace(/[ -].*$/s, '') : version;
  const match = TOOLCHAIN.exec(bare);
  if (match === null) return null;
  const [, major, minor = '0', patch = '0', kind, number] = match;
  if (kind !== undefined)
    return { numbers: [major!, minor, patch], pre: number === undefined ? [kind] : [kind, number] };
  const isLanguage = match[2] !== undefined && match[3] === undefined && Number(minor) >= FIRST_WITH_LANGUAGE;
  return { numbers: [major!, minor, patch], pre: isLanguage ? ['0'] : null };
}
