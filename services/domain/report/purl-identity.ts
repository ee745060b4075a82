import type { PackageURL } from 'packageurl-js';
import { isDistributionPackage, parsePackageUrl } from '../packages/purl.ts';

/** What a package URL says, so that two tools that spell it differently say the same. */
export interface PurlIdentity {
  /** Normal form by the rules of its type (packageurl-js). */
  readonly purl: PackageURL;
  /** The same as text. */
  readonly text: string;
  /** Equal for the same package in the same version. */
  readonly key: string;
  /** As the ecosystem prints it: an epoch stands before the version. */
  readonly version: string;
}

/** Types whose version may have its epoch in a qualifier. */
const EPOCHS: ReadonlySet<string> = new Set(['deb', 'rpm']);

/** Types whose names mean the same in either case (purl-spec, type definitions), beyond what packageurl-js folds. */
const FOLDED: ReadonlySet<string> = new Set(['deb', 'apk', 'golang', 'composer', 'pypi', 'nuget']);

/**
 * Null where the text is no package URL. Not part of the key: order of qualifiers, `distro`, the source package and such,
 * and the namespace of a distribution, which tools name as they like (amzn, amazon) and of which a system has one. Where a
 * type has equal spellings, one is taken: `-`, `_` and `.` of PyPI, the `v` of Go, the epoch 0.
 */
export function purlIdentity(text: string): PurlIdentity | null {
  const purl = parsePackageUrl(text);
  if (purl === null) return null;
  const { type } = purl;
  const version = versionOf(purl);
  const namespace = isDistributionPackage({ type }) ? '' : (purl.namespace ?? '');
  const name = `${namespace}/${purl.name}`;
  const folded = FOLDED.has(type) ? name.toLowerCase() : name;
  const spelt = type === 'pypi' ? folded.replace(/[-_.]+/g, '-') : folded;
  return {
    purl,
    text: purl.toString(),
    version,
    key: [type, spelt, comparable(type, version), purl.subpath ?? ''].join('\0'),
  };
}

function versionOf({ type, version, qualifiers }: PackageURL): string {
  const stated = version ?? '';
  const epoch = qualifiers?.epoch;
  if (!EPOCHS.has(type) || !epoch || !/^[0-9]+$/.test(epoch) || /^[0-9]+:/.test(stated)) return stated;
  return `${epoch}:${stated}`;
}

function comparable(type: string, version: string): string {
  if (EPOCHS.has(type)) return version.replace(/^0+:/, '');
  return type === 'golang' ? version.replace(/^v(?=[0-9])/, '') : version;
}
