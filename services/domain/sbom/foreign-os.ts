import type { PackageURL } from 'packageurl-js';
import { FAMILIES, RELEASE_PARTS } from '../packages/distribution-names.ts';
import type { ReportImage } from '../report/report.ts';
import type { StatedSbom } from './stated-sbom.ts';

type Os = NonNullable<ReportImage['os']>;

/** What Trivy and the vendors of purls call a distribution, to its os-release ID. */
const IDS: ReadonlyMap<string, string> = new Map([
  ['alma', 'almalinux'],
  ['amazon', 'amzn'],
  ['azure', 'azurelinux'],
  ['cbl-mariner', 'mariner'],
  ['opensuse.leap', 'opensuse-leap'],
  ['opensuse.tumbleweed', 'opensuse-tumbleweed'],
  ['oracle', 'ol'],
  ['redhat', 'rhel'],
  ['slem', 'sle-micro'],
  ['suse linux enterprise micro', 'sle-micro'],
  ['suse linux enterprise server', 'sles'],
]);

/** Other tools state the point release; these have fewer parts in their VERSION_ID. */
const VERSION_ID_PARTS: ReadonlyMap<string, number> = new Map([...RELEASE_PARTS, ['debian', 1], ['raspbian', 1]]);

/** The distribution that an `operating-system` entry of Trivy or Syft names. */
export function osOfEntry({ name, version, description, properties }: NonNullable<StatedSbom['os']>): Os {
  const told = (key: string): string | null =>
    properties.find((each) => each.name === `syft:distro:${key}`)?.value ?? null;
  const os = osNamed(told('id') ?? name, told('versionID') ?? version);
  return { ...os, prettyName: told('prettyName') ?? description };
}

/**
 * The distribution that the purl of one of its packages names: qualifier `distro` as `ID-VERSION`, or the version alone
 * (Trivy on Alpine). Null where it names none.
 */
export function osOfPurl({ namespace, qualifiers }: PackageURL): Os | null {
  const distro = qualifiers?.distro;
  if (distro === undefined || distro === null) return null;
  if (/^[0-9]/.test(distro)) return namespace ? osNamed(namespace, distro) : null;
  const dash = distro.search(/-[0-9v][^-]*$/);
  if (dash > 0) return osNamed(distro.slice(0, dash), distro.slice(dash + 1));
  // A distribution that rolls, or the code name of a release.
  return osNamed(FAMILIES.has(distro) || !namespace ? distro : namespace, null);
}

function osNamed(name: string, version: string | null): Os {
  const lower = name.toLowerCase();
  const id = IDS.get(lower) ?? lower;
  // Amazon's reads "2 (Karoo)".
  const release = version?.split(' ', 1)[0] ?? '';
  const versionId = release.split('.').slice(0, VERSION_ID_PARTS.get(id)).join('.');
  return { id, versionId: versionId === '' ? null : versionId, prettyName: null, eol: null };
}
