import type { Comparison } from '../packages/ecosystem.ts';
import { ECOSYSTEMS } from '../packages/registry.ts';

/** How versions of one kind of package compare. */
export interface VersionOrder {
  /** As explanations name it. */
  readonly name: string;
  readonly compare: (a: string, b: string) => Comparison;
}

/** purl type to the ecosystem (domain/packages) whose order its versions have, where the two are not spelt alike. */
const ECOSYSTEM_OF: ReadonlyMap<string, string> = new Map([
  ['deb', 'dpkg'],
  ['opkg', 'dpkg'],
  ['pypi', 'python'],
  ['golang', 'go'],
  ['maven', 'java'],
  ['gem', 'ruby'],
  ['cargo', 'rust'],
  ['composer', 'php'],
  ['nuget', 'dotnet'],
]);

const BY_ID: ReadonlyMap<string, VersionOrder> = new Map(
  ECOSYSTEMS.map(({ id, compare }) => [id, { name: id, compare }]),
);

/** Precedence of SemVer 2.0, section 11, as npm reads it. */
const SEMVER: VersionOrder = { name: 'semver', compare: BY_ID.get('npm')!.compare };

/**
 * The order for one kind of range and one purl type. Go reads SEMVER by its own order, which is SemVer for modules and
 * also places toolchains. A type without an order of its own is compared only where the range says SEMVER; null elsewhere.
 */
export function versionOrder(rangeType: 'SEMVER' | 'ECOSYSTEM', purlType: string): VersionOrder | null {
  if (rangeType === 'SEMVER' && purlType !== 'golang') return SEMVER;
  return BY_ID.get(ECOSYSTEM_OF.get(purlType) ?? purlType) ?? null;
}
