import { licenseKind } from '../packages/license.ts';
import type { Report, ReportPackage } from '../report/report.ts';
import { asSerialized, jsonText } from '../report/serialize.ts';
import { resolvedDependencies } from './dependencies.ts';
import { uuidOf } from './identity.ts';
import { documentProperties, packageProperties } from './properties.ts';
import {
  DOCUMENT_ID,
  NOASSERTION,
  type SpdxDocument,
  type SpdxExtractedLicense,
  type SpdxPackage,
} from './spdx-document.ts';
import { formatTagValue } from './spdx-format.ts';
import { annotationsOf } from './spdx-properties.ts';

const TARGET_ID = 'SPDXRef-Target';
const OS_ID = 'SPDXRef-OperatingSystem';

type Sha256 = (bytes: Uint8Array) => string;

/** The report as SPDX 2.3 JSON. The same report gives the same bytes; the namespace is made from its facts. */
export function formatSpdxJson(report: Report, sha256: Sha256): string {
  // A list of no files would claim that there are none.
  return jsonText({ ...spdxOf(report, sha256), files: undefined });
}

/** The report as SPDX 2.3 in the tag-value form: the same document in its other spelling. */
export function formatSpdxTagValue(report: Report, sha256: Sha256): string {
  return formatTagValue(spdxOf(report, sha256));
}

/**
 * The image is the package that the document describes; it contains the distribution (purpose OPERATING-SYSTEM) and the
 * packages. What SPDX has no field for stands in one annotation of each element (docs/sbom.md).
 */
function spdxOf(report: Report, sha256: Sha256): SpdxDocument {
  const told = asSerialized(report);
  const { packages, image, tool } = told;
  const moment = `${new Date(told.createdAt).toISOString().slice(0, 19)}Z`;
  const annotator = `Tool: ${tool.name}-${tool.version}`;
  const notes = (properties: Parameters<typeof annotationsOf>[0]) => annotationsOf(properties, annotator, moment);
  const licences = new ExtractedLicenses(packages);
  const os = image.os === null ? [] : [operatingSystem(image.os)];
  const ids = new Map(packages.map((each, index) => [each.id, idOf(each, index)]));
  const members = [...os.map(({ SPDXID }) => SPDXID), ...ids.values()];
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: DOCUMENT_ID,
    name: told.target.reference,
    documentNamespace: `urn:uuid:${uuidOf(told, sha256)}`,
    creationInfo: { created: moment, creators: [annotator] },
    packages: [
      subject(told),
      ...os,
      ...packages.map((each) => ({
        ...packageOf(each, ids.get(each.id)!, licences),
        annotations: notes(packageProperties(each, image.layers)),
      })),
    ],
    files: [],
    hasExtractedLicensingInfos: licences.all,
    relationships: [
      ...members.map((id) => relationship(TARGET_ID, 'CONTAINS', id)),
      ...[...resolvedDependencies(packages)].flatMap(([from, targets]) =>
        targets.map((to) => relationship(ids.get(from)!, 'DEPENDS_ON', ids.get(to)!)),
      ),
      relationship(DOCUMENT_ID, 'DESCRIBES', TARGET_ID),
    ],
    annotations: notes(documentProperties(told)),
  };
}

function relationship(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement, comment: undefined };
}

function idOf({ type, name }: ReportPackage, index: number): string {
  return `SPDXRef-Package-${index}-${`${type}-${name}`.replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 100)}`;
}

/** What every package must say, although a scan of packages knows none of it. */
const UNKNOWN = {
  downloadLocation: NOASSERTION,
  filesAnalyzed: false,
  licenseConcluded: NOASSERTION,
  licenseDeclared: NOASSERTION,
  copyrightText: NOASSERTION,
};

function subject({ target, image }: Report): SpdxPackage {
  const [algorithm, hex] = target.digest?.split(':') ?? [];
  return {
    ...UNKNOWN,
    name: target.reference,
    SPDXID: TARGET_ID,
    ...(target.digest === null
      ? {}
      : {
          versionInfo: target.digest,
          checksums: [{ algorithm: algorithm === 'sha512' ? 'SHA512' : 'SHA256', checksumValue: hex! }],
        }),
    primaryPackagePurpose: image.layers.length > 0 || image.id !== null ? 'CONTAINER' : 'APPLICATION',
  };
}

function operatingSystem({ id, versionId }: NonNullable<Report['image']['os']>): SpdxPackage {
  return {
    ...UNKNOWN,
    name: id,
    SPDXID: OS_ID,
    ...(versionId === null ? {} : { versionInfo: versionId }),
    primaryPackagePurpose: 'OPERATING_SYSTEM',
  };
}

function packageOf(each: ReportPackage, SPDXID: string, licences: ExtractedLicenses): SpdxPackage {
  const { name, version, vendor, purl, source } = each;
  return {
    ...UNKNOWN,
    name,
    SPDXID,
    versionInfo: version,
    ...(vendor === null ? {} : { supplier: `Organization: ${vendor}` }),
    ...(source === null ? {} : { sourceInfo: `built package from: ${source.name} ${source.version ?? version}` }),
    licenseDeclared: licences.expression(each.licenses),
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  };
}

/** Licences that are on no list, each once: SPDX wants them named and written out (clause 10). */
class ExtractedLicenses {
  readonly all: readonly SpdxExtractedLicense[];
  readonly #ids: ReadonlyMap<string, string>;

  constructor(packages: readonly ReportPackage[]) {
    const texts = new Set(packages.flatMap(({ licenses }) => licenses.filter((text) => licenseKind(text) === 'name')));
    this.#ids = new Map([...texts].sort().map((text, index) => [text, `LicenseRef-${index + 1}`]));
    this.all = [...this.#ids].map(([name, licenseId]) => ({ licenseId, extractedText: name, name }));
  }

  /** All of them hold: what a package states several of are the licences of its parts. */
  expression(licenses: readonly string[]): string {
    if (licenses.length === 0) return NOASSERTION;
    return licenses
      .map((text) => {
        const id = this.#ids.get(text);
        return id ?? (licenses.length > 1 && licenseKind(text) === 'expression' ? `(${text})` : text);
      })
      .join(' AND ');
  }
}
