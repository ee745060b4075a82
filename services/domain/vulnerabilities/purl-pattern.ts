import type { PackageURL } from 'packageurl-js';
import { parsePackageUrl } from '../packages/purl.ts';

/** A package URL that stands for all those that have at least what it states. */
export interface PurlPattern {
  readonly text: string;
  readonly type: string;
  readonly version: string | null;
  readonly qualifiers: Readonly<Record<string, string>>;
  matches(purl: string): boolean;
  /** The same of one that was read already; null: of none. */
  matchesParsed(purl: PackageURL | null): boolean;
  /** Whether it is of the same type, namespace and name, whatever version and qualifiers it states. */
  namesParsed(purl: PackageURL | null): boolean;
}

/**
 * Reads a pattern; null where it is no package URL. It matches a package URL of the same type, namespace and name; of the
 * same version where it states one; with the same value for each qualifier that it states.
 */
export function parsePurlPattern(text: string): PurlPattern | null {
  const pattern = parsePurl(text);
  if (pattern === null) return null;
  const qualifiers = qualifiersOf(pattern);
  return {
    text,
    type: pattern.type,
    version: pattern.version || null,
    qualifiers,
    matches(purl) {
      return this.matchesParsed(parsePurl(purl));
    },
    namesParsed(other) {
      return other !== null && isSamePackage(pattern, other);
    },
    matchesParsed(other) {
      if (other === null || !isSamePackage(pattern, other)) return false;
      if (pattern.version && pattern.version !== other.version) return false;
      const others = qualifiersOf(other);
      return Object.entries(qualifiers).every(([key, value]) => others[key] === value);
    },
  };
}

export function parsePurl(text: string): PackageURL | null {
  // A longer one than this names no package.
  return text.startsWith('pkg:') && text.length <= 4_096 ? parsePackageUrl(text) : null;
}

function isSamePackage(a: PackageURL, b: PackageURL): boolean {
  return a.type === b.type && (a.namespace || '') === (b.namespace || '') && a.name === b.name;
}

function qualifiersOf({ qualifiers }: PackageURL): Record<string, string> {
  return Object.fromEntries(Object.entries(qualifiers ?? {}).map(([key, value]) => [key, String(value)]));
}
