import { PackageURL } from 'packageurl-js';
import type { Distribution } from './distribution.ts';
import type { PackageRecord } from './ecosystem.ts';

/** Types whose packages belong to a distribution, which is their namespace. */
const DISTRIBUTION_TYPES: ReadonlySet<string> = new Set(['deb', 'rpm', 'apk', 'opkg']);

/** True where the distribution's own tool installed the package, and not that of a language. */
export function isDistributionPackage({ type }: Pick<PackageRecord, 'type'>): boolean {
  return DISTRIBUTION_TYPES.has(type);
}

/** Where the vendor that the purl types ask for is spelt unlike the os-release ID. */
const NAMESPACES: ReadonlyMap<string, string> = new Map([
  ['rhel', 'redhat'],
  ['sles', 'suse'],
  ['sled', 'suse'],
  ['opensuse-leap', 'opensuse'],
  ['opensuse-tumbleweed', 'opensuse'],
]);

/**
 * The package URL of a record (purl-spec; types deb, rpm, apk, npm, pypi, golang, maven, conda, gem, composer, nuget,
 * cargo). rpm: the version is version-release, the epoch a qualifier. `distro`, `upstream` and `rpmmod` are the
 * qualifiers that syft and grype write and read: release, source package as NAME[@VERSION] where it differs, modularity
 * label. What an SBOM stated stays as it stated it.
 */
export function packageUrl(record: PackageRecord, distribution: Distribution | null): string {
  if (record.purl !== undefined) return record.purl;
  const ofDistribution = isDistributionPackage(record) ? distribution : null;
  const { version, arch, type } = record;
  const [scope, name] = splitName(record);
  const bare = type === 'rpm' ? version.replace(/^[0-9]+:/, '') : version;
  const qualifiers: Qualifiers = {};
  const qualify = (key: string, value: string | null): void => {
    if (value !== null) qualifiers[key] = value.toWellFormed();
  };
  // What a gem was built for, it calls its platform.
  qualify(type === 'gem' ? 'platform' : 'arch', arch);
  if (type === 'rpm') {
    qualify('epoch', record.epoch === null ? null : String(record.epoch));
    qualify('rpmmod', record.modularity);
  }
  qualify('upstream', upstream(record, bare));
  qualify('distro', ofDistribution && distroOf(ofDistribution));
  const namespace = ofDistribution === null ? scope : (NAMESPACES.get(ofDistribution.id) ?? ofDistribution.id);
  return purlOf(type, namespace?.toWellFormed(), name.toWellFormed(), bare.toWellFormed(), qualifiers);
}

/** For any record: what a file calls a package may break the rules of its type, and is called so all the same. */
function purlOf(type: string, namespace: string | undefined, name: string, version: string, qualifiers: Qualifiers) {
  try {
    return new PackageURL(type, namespace, name, version, qualifiers, undefined).toString();
  } catch {
    const lenient = new PackageURL(
      LAWLESS,
      namespace,
      name.trim() === '' ? 'unnamed' : name,
      version,
      qualifiers,
      undefined,
    );
    return `pkg:${encodeURIComponent(type)}/${lenient.toString().slice(`pkg:${LAWLESS}/`.length)}`;
  }
}

type Qualifiers = Record<string, string>;

/** The type that has no rules of its own. */
const LAWLESS = 'generic';

/**
 * Null where the text is no package URL. Versions of Go that begin with v and are none, and archives of Java without a group,
 * are read too: packageurl-js refuses them, and they exist.
 */
export function parsePackageUrl(text: string): PackageURL | null {
  const wellFormed = text.toWellFormed();
  const parsed = attempt(wellFormed);
  if (parsed !== null) return parsed;
  const [whole, type] = /^pkg:\/*(golang|maven)\//i.exec(wellFormed) ?? [];
  if (whole === undefined) return null;
  const lenient = attempt(`pkg:${LAWLESS}/${wellFormed.slice(whole.length)}`);
  if (lenient !== null) lenient.type = type!.toLowerCase();
  return lenient;
}

function attempt(text: string): PackageURL | null {
  try {
    return PackageURL.fromString(text);
  } catch {
    return null;
  }
}

/** What the type's own names hold of a namespace: npm scopes, Go module paths, Maven groups, vendors of Composer. */
function splitName({ type, name }: PackageRecord): [namespace: string | undefined, name: string] {
  if (type === 'maven') return splitAt(name, name.indexOf(':'));
  if (type === 'golang' || type === 'composer' || (type === 'npm' && name.startsWith('@')))
    return splitAt(name, name.lastIndexOf('/'));
  return [undefined, name];
}

function splitAt(name: string, at: number): [namespace: string | undefined, name: string] {
  return at <= 0 || at === name.length - 1 ? [undefined, name] : [name.slice(0, at), name.slice(at + 1)];
}

function upstream({ source, name, version }: PackageRecord, bare: string): string | null {
  if (source === null) return null;
  const sameVersion = source.version === null || source.version === version || source.version === bare;
  if (source.name === name && sameVersion) return null;
  return sameVersion ? source.name : `${source.name}@${source.version}`;
}

function distroOf({ id, versionId, versionCodename }: Distribution): string {
  const release = versionId ?? versionCodename;
  return release === null ? id : `${id}-${release}`;
}
