import type { PackageURL } from 'packageurl-js';
import { sourceOf as sourceOfRpm } from '../packages/rpm/package.ts';
import type { ReportLayer, ReportPackage } from '../report/report.ts';
import { joinName } from './package-name.ts';
import type { StatedPackage } from './stated-sbom.ts';

/** The type that a text begins with, where it begins as a package URL does. */
export function purlType(text: string | null | undefined): string | null {
  return /^pkg:\/{0,2}([a-z][a-z0-9.+-]*)\//i.exec(text ?? '')?.[1]?.toLowerCase() ?? null;
}

/** True for what names an image, not a package in it. */
export function isImagePurl(text: string): boolean {
  const type = purlType(text);
  return type === 'oci' || type === 'docker';
}

/**
 * A package of an SBOM that another tool wrote: from its purl, and from what Trivy and Syft state beside it. Null where
 * no version is stated. What it depends on is known when all packages are.
 */
export function foreignPackage(
  purl: PackageURL,
  stated: StatedPackage,
  tool: string,
  layers: readonly ReportLayer[],
): ReportPackage | null {
  const version = versionOf(purl, stated);
  if (version === null) return null;
  const { type } = purl;
  const hints = hintsOf(stated);
  const source = sourceOf(purl, version, hints) ?? sameNamedSource(purl, version, tool);
  const epoch = EPOCHS.has(type) ? /^([0-9]{1,9}):/.exec(version)?.[1] : undefined;
  return {
    id: purl.toString(),
    purl: purl.toString(),
    type,
    name: nameOf(purl, stated.name),
    version,
    arch: qualifier(purl, 'arch'),
    source,
    epoch: epoch === undefined ? null : Number(epoch),
    modularity:
      qualifier(purl, 'rpmmod') ?? qualifier(purl, 'modularitylabel') ?? hints.get(`${TRIVY}Modularitylabel`) ?? null,
    origin: type === 'apk' ? (source?.name ?? null) : null,
    // For other types tools put the maintainer there.
    vendor: type === 'rpm' ? stated.supplier : null,
    repository: null,
    licenses: [...stated.licenses],
    layer: layerOf(hints, layers),
    paths: pathsOf(stated),
    ownedBy: null,
    dependsOn: [],
    development: stated.development,
    hiddenBy: null,
    foundBy: [tool],
  };
}

/** Types whose versions begin with an epoch where there is one. */
const EPOCHS: ReadonlySet<string> = new Set(['deb', 'rpm']);

const TRIVY = 'aquasecurity:trivy:';

type Hints = ReadonlyMap<string, string>;

function hintsOf({ properties }: StatedPackage): Hints {
  return new Map(properties.map(({ name, value }) => [name, value]));
}

/** The stored and the uncompressed bytes of the layer that a package came with, where Trivy says both. */
export function layerDigests(stated: StatedPackage): { digest: string | null; diffId: string | null } {
  const hints = hintsOf(stated);
  return { digest: hints.get(`${TRIVY}LayerDigest`) ?? null, diffId: hints.get(`${TRIVY}LayerDiffID`) ?? null };
}

function layerOf(hints: Hints, layers: readonly ReportLayer[]): number | null {
  const diffId = hints.get(`${TRIVY}LayerDiffID`) ?? hints.get('syft:location:0:layerID');
  return diffId === undefined ? null : (layers.find((layer) => layer.diffId === diffId)?.index ?? null);
}

function pathsOf({ paths, properties }: StatedPackage): string[] {
  const told = properties.flatMap(({ name, value }) =>
    name === `${TRIVY}FilePath` || /^syft:location:[0-9]+:path$/.test(name) ? [value] : [],
  );
  const relative = [...paths, ...told].map((path) => path.replace(/^\/+/, ''));
  return [...new Set(relative.filter((path) => path !== ''))].sort();
}

/** As the ecosystem prints it. Tools take the epoch of rpm and dpkg out of the purl's version, into a qualifier. */
function versionOf(purl: PackageURL, stated: StatedPackage): string | null {
  const version = purl.version || stated.version;
  if (!version) return null;
  const epoch = qualifier(purl, 'epoch');
  const apart = EPOCHS.has(purl.type) && epoch !== null && !/^[0-9]+:/.test(version);
  return apart && /^[0-9]+$/.test(epoch) ? `${epoch}:${version}` : version;
}

function nameOf({ type, namespace, name }: PackageURL, stated: string): string {
  const whole = joinName(type, namespace, name);
  // A purl folds case and, for pypi, separators: the SBOM's own spelling says more.
  return folded(stated) === folded(whole) ? stated : whole;
}

function folded(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/**
 * Syft names a source package only where its name is another; only of an rpm every one, as an rpm names its own. dpkg leaves
 * out the source's version where it is the same, apk has no other.
 */
function sameNamedSource({ type, name }: PackageURL, version: string, tool: string): ReportPackage['source'] {
  if (tool !== 'syft' || (type !== 'deb' && type !== 'apk')) return null;
  return { name, version: type === 'apk' ? version : null };
}

/** From Trivy's properties; else from `upstream`: NAME, NAME@VERSION, or for rpm the file name of the source package. */
function sourceOf(purl: PackageURL, version: string, hints: Hints): ReportPackage['source'] {
  const name = hints.get(`${TRIVY}SrcName`);
  if (name !== undefined) {
    const stated = trivySourceVersion(purl.type, hints);
    return { name, version: purl.type === 'deb' && stated === version ? null : stated };
  }
  const upstream = qualifier(purl, 'upstream');
  if (upstream === null) return null;
  const fromFile = purl.type === 'rpm' ? sourceOfRpm(upstream) : null;
  if (fromFile !== null) return fromFile;
  const at = upstream.lastIndexOf('@');
  if (at > 0) return { name: upstream.slice(0, at), version: upstream.slice(at + 1) };
  return { name: upstream, version: purl.type === 'apk' ? version : null };
}

/** rpm names no epoch of a source package; dpkg does. */
function trivySourceVersion(type: string, hints: Hints): string | null {
  const version = hints.get(`${TRIVY}SrcVersion`);
  if (version === undefined) return null;
  const release = hints.get(`${TRIVY}SrcRelease`);
  // Of SPDX it has all in one.
  if (type === 'rpm') return `${version.replace(/^[0-9]+:/, '')}${release === undefined ? '' : `-${release}`}`;
  const epoch = hints.get(`${TRIVY}SrcEpoch`);
  return `${epoch === undefined ? '' : `${epoch}:`}${version}${release === undefined ? '' : `-${release}`}`;
}

function qualifier({ qualifiers }: PackageURL, name: string): string | null {
  return qualifiers?.[name] || null;
}
