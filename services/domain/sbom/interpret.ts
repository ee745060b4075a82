import { type Gap, gap } from '../completeness.ts';
import { isDigest } from '../image/digest.ts';
import type { PackageFile } from '../packages/package-file.ts';
import { isDistributionPackage, parsePackageUrl } from '../packages/purl.ts';
import { quote } from '../packages/unit-gaps.ts';
import type { ReportImage, ReportLayer, ReportPackage } from '../report/report.ts';
import { osOfEntry, osOfPurl } from './foreign-os.ts';
import { foreignPackage, layerDigests } from './foreign-package.ts';
import { PackageSet } from './package-set.ts';
import { isOwnPackage, readDocument, readPackage } from './read-properties.ts';
import { type SbomContent, UNKNOWN_IMAGE } from './sbom.ts';
import type { StatedPackage, StatedSbom } from './stated-sbom.ts';

/**
 * What an SBOM means, whatever its format. Entries that Plimsoll wrote are read back as they were; others are read from
 * their purls and from what Trivy and Syft state beside them. What cannot be read goes to the gaps of `file`.
 */
export function interpret(sbom: StatedSbom, file: PackageFile): SbomContent {
  const { gaps } = file;
  const own = readDocument(sbom.subject.properties, gaps);
  const layers = own?.image.layers ?? foreignLayers(sbom);
  const packages = packagesOf(sbom, layers, file);
  if (own === null && sbom.packages.some(({ properties }) => isOwnPackage(properties))) {
    gaps.add('package-database-broken', 'Plimsoll wrote its packages, and what the scan could not see is not told');
  }
  const unread = (): Gap[] => gaps.all().map(({ code, message }) => gap(code, message));
  const { format, specVersion, tool } = sbom;
  const base = { format, specVersion, tool, packages };
  if (own !== null) {
    const engines = own.engines.filter(({ name }) => name !== 'plimsoll');
    const { packages: expected, gaps: scanGaps, ...stated } = own;
    if (packages.length !== expected) {
      gaps.add(
        'package-database-broken',
        `the SBOM lists ${packages.length} packages where the scan found ${expected}`,
      );
    }
    return { ...base, ...stated, engines, scanGaps, gaps: unread() };
  }
  const os = sbom.os === null ? osOfPackages(packages) : osOfEntry(sbom.os);
  const status = sbom.incomplete === null ? 'ok' : 'partial';
  return {
    ...base,
    digest: digestOf(sbom.subject),
    platform: null,
    image: { ...UNKNOWN_IMAGE, id: firstDigest(sbom, 'ImageID'), os, layers },
    engines: tool === null ? [] : [{ ...tool, status }],
    findings: [],
    layersRead: layers.length,
    scanGaps: [],
    gaps: [...foreignGaps(sbom, os, packages), ...unread()],
  };
}

function packagesOf(sbom: StatedSbom, layers: readonly ReportLayer[], { limits, gaps }: PackageFile): ReportPackage[] {
  const packages = new PackageSet();
  const tool = sbom.tool?.name ?? 'sbom';
  for (const stated of sbom.packages) {
    if (packages.size >= limits.packages) {
      gaps.add('limit-reached', `more than ${limits.packages} packages (packages); the rest was not read`);
      break;
    }
    const read = isOwnPackage(stated.properties)
      ? readPackage(stated, layers, gaps)
      : otherPackage(stated, tool, layers, gaps);
    if (read !== null) packages.add(read, stated);
  }
  return packages.all(sbom.dependencies);
}

function otherPackage(
  stated: StatedPackage,
  tool: string,
  layers: readonly ReportLayer[],
  gaps: PackageFile['gaps'],
): ReportPackage | null {
  const purl = stated.purl === null ? null : parsePackageUrl(stated.purl);
  const read = purl && foreignPackage(purl, stated, tool, layers);
  if (read !== null) return read;
  const named = quote(stated.version === null ? stated.name : `${stated.name} ${stated.version}`);
  if (stated.purl === null)
    gaps.add('package-record-invalid', `${named} has no purl: of which kind it is nobody can tell`);
  else if (purl === null) gaps.add('package-record-invalid', `${named} has a purl that is none: ${quote(stated.purl)}`);
  else gaps.add('package-record-invalid', `${named} has no version`);
  return null;
}

/** Trivy names the layers of the image by the digests of their uncompressed bytes, base first. */
function foreignLayers({ subject, packages }: StatedSbom): ReportLayer[] {
  const stored = new Map<string, string>();
  for (const stated of packages) {
    const { digest, diffId } = layerDigests(stated);
    if (isDigest(digest) && diffId !== null) stored.set(diffId, digest);
  }
  const diffIds = subject.properties.filter(
    ({ name, value }) => name === 'aquasecurity:trivy:DiffID' && isDigest(value),
  );
  return diffIds.map(({ value }, index) => ({
    index,
    digest: stored.get(value) ?? null,
    diffId: value,
    size: 0,
    instruction: null,
    base: null,
    contentSets: [],
  }));
}

/** Where no entry names it: what all packages of the distribution agree on. */
function osOfPackages(packages: readonly ReportPackage[]): ReportImage['os'] {
  const named = new Map<string, ReportImage['os']>();
  for (const each of packages.filter(isDistributionPackage)) {
    const purl = parsePackageUrl(each.purl);
    const os = purl && osOfPurl(purl);
    if (os !== null) named.set(`${os.id} ${os.versionId}`, os);
  }
  const [os = null, ...others] = named.values();
  return others.length === 0 ? os : null;
}

/** Of the image's manifest: in its purl (type oci), or as its version (Syft). */
function digestOf({ purl, version }: StatedSbom['subject']): string | null {
  const parsed = purl === null ? null : parsePackageUrl(purl);
  const named = [parsed?.type === 'oci' ? parsed.version : null, version];
  return named.find(isDigest) ?? null;
}

function firstDigest({ subject }: StatedSbom, name: string): string | null {
  const told = subject.properties.find((each) => each.name === `aquasecurity:trivy:${name}`)?.value;
  return isDigest(told) ? told : null;
}

function foreignGaps({ incomplete }: StatedSbom, os: ReportImage['os'], packages: readonly ReportPackage[]): Gap[] {
  const gaps: Gap[] = [];
  if (incomplete !== null) gaps.push(gap('sbom-incomplete', incomplete));
  if (packages.length === 0) gaps.push(gap('no-packages', 'the SBOM names no package'));
  if (os === null && packages.some(isDistributionPackage)) {
    gaps.push(gap('distribution-unknown', 'the SBOM does not say which distribution its packages are of'));
  }
  return gaps;
}
