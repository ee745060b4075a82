import { type Gap, gap } from '../domain/completeness.ts';
import type { AttributedPackage } from '../domain/packages/attribution.ts';
import type { Distribution } from '../domain/packages/distribution.ts';
import { isDistributionPackage, packageUrl, parsePackageUrl } from '../domain/packages/purl.ts';
import { purlIdentity } from '../domain/report/purl-identity.ts';
import { osOfPurl } from '../domain/sbom/foreign-os.ts';
import { namespacesOf } from '../domain/vulnerabilities/namespace.ts';

/** The distribution of the image, and its package repositories. */
export interface PackageSystem {
  readonly distribution: Distribution | null;
  readonly repositories: readonly string[];
}

export interface UnitedPackages {
  readonly packages: readonly AttributedPackage[];
  /** Those of ours that SBOMs name too. */
  readonly confirmed: ReadonlySet<AttributedPackage>;
  readonly gaps: readonly Gap[];
}

/** Behind all layers: where none brought it. */
const LAST = Number.MAX_SAFE_INTEGER;
/** Names that one message lists; the rest are counted. */
const NAMES_SHOWN = 10;

/**
 * What SBOMs in the image state beside what was found in it. None of ours is removed or changed, and none is doubled: the
 * same package URL, however it is spelt, is the same package. Each of theirs is one package at the paths of all SBOMs
 * that name it, brought by the first layer of these.
 */
export function addStatedPackages(found: readonly AttributedPackage[], system: PackageSystem): UnitedPackages {
  const stated = found.filter(({ record }) => record.purl !== undefined);
  const ours = found.filter(({ record }) => record.purl === undefined);
  const confirmed = new Set<AttributedPackage>();
  if (stated.length === 0) return { packages: ours, confirmed, gaps: [] };
  const keyOf = ({ record }: AttributedPackage): string => {
    const purl = packageUrl(record, system.distribution);
    return purlIdentity(purl)?.key ?? purl;
  };
  const byKey = Map.groupBy(
    ours.filter(({ hiddenBy }) => hiddenBy === null),
    keyOf,
  );
  const added = new Map<string, AttributedPackage>();
  const strangers: AttributedPackage[] = [];
  for (const each of stated.toSorted((a, b) => (a.layer ?? LAST) - (b.layer ?? LAST))) {
    const key = keyOf(each);
    const same = byKey.get(key);
    for (const one of same ?? []) confirmed.add(one);
    if (same !== undefined) continue;
    const known = added.get(key);
    if (known !== undefined) added.set(key, united(known, each));
    else if (isStranger(each, system)) strangers.push(each);
    else added.set(key, each);
  }
  return { packages: [...ours, ...added.values()], confirmed, gaps: strangerGaps(strangers) };
}

function united(known: AttributedPackage, again: AttributedPackage): AttributedPackage {
  const { record } = known;
  // Needed by one is needed.
  const development = record.development === true && again.record.development === true;
  const paths = [...new Set([...known.paths, ...again.paths])].sort();
  return { ...known, record: { ...record, development }, paths };
}

/** Of another distribution, or another release of it: the advisories of this one would be taken for its own. */
function isStranger({ record }: AttributedPackage, { distribution, repositories }: PackageSystem): boolean {
  const purl = isDistributionPackage(record) ? parsePackageUrl(record.purl!) : null;
  const stated = purl && osOfPurl(purl);
  if (stated === null || distribution === null) return false;
  if (stated.versionId === null) return stated.id !== distribution.id;
  const { id, versionId, prettyName } = distribution;
  const own = namespacesOf(record, { os: { id, versionId, prettyName, eol: null }, repositories: [...repositories] });
  const other = namespacesOf(record, { os: { ...stated, prettyName }, repositories: [...repositories] });
  return !other.names.some((name) => own.names.includes(name));
}

function strangerGaps(strangers: readonly AttributedPackage[]): Gap[] {
  return [...Map.groupBy(strangers, ({ paths }) => paths[0])].map(([path, packages]) => {
    const names = packages.slice(0, NAMES_SHOWN).map(({ record }) => record.purl);
    const more = packages.length > NAMES_SHOWN ? ` and ${packages.length - NAMES_SHOWN} more` : '';
    const message = `The SBOM names packages of a distribution or release that the image is not of; they were left out: ${names.join(', ')}${more}`;
    return gap('sbom-unusable', message, { layer: packages[0]!.layer, path: path ?? null });
  });
}
