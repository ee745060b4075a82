import type { JsonObject, PackageFile } from '../packages/package-file.ts';
import { isImagePurl } from './foreign-package.ts';
import type { Property } from './properties.ts';
import { NOASSERTION, NONE, type SpdxDocument, type SpdxPackage, spdxDocument } from './spdx-document.ts';
import { isLockfile, SpdxLinks } from './spdx-links.ts';
import { propertiesOf, trivyProperty } from './spdx-properties.ts';
import { parseTagValue } from './spdx-tag-value.ts';
import type { StatedPackage, StatedSbom } from './stated-sbom.ts';

/** What an SPDX 2.x document in JSON states. */
export function readSpdxJson(value: JsonObject, { limits, gaps }: PackageFile): StatedSbom {
  const document = spdxDocument(value, limits, gaps);
  return statedBy(document, new SpdxLinks(document), 'spdx-json');
}

/** What an SPDX 2.x document in the tag-value form states. */
export function readSpdxTagValue({ bytes, limits, gaps }: PackageFile): StatedSbom {
  const document = spdxDocument(parseTagValue(bytes, limits, gaps), limits, gaps);
  const links = new SpdxLinks(document);
  // Nothing closes this form: the first half of a document is one too. But what it describes mostly comes last.
  if (document.packages.length > 1 && links.described.size === 0) {
    gaps.add('package-database-broken', 'the document does not say what it describes: it may have been cut short');
  }
  return statedBy(document, links, 'spdx-tag-value');
}

function statedBy(document: SpdxDocument, links: SpdxLinks, format: StatedSbom['format']): StatedSbom {
  const { packages } = document;
  const subject = packages.find((each) => links.described.has(each.SPDXID) && !isSoftware(each)) ?? null;
  const os = packages.find((each) => each !== subject && isOperatingSystem(each)) ?? null;
  const licenseName = licenseNames(document);
  return {
    format,
    specVersion: document.spdxVersion.replace(/^SPDX-/, ''),
    tool: toolOf(document),
    subject: {
      purl: subject && purlOf(subject),
      version: stated(subject?.versionInfo),
      properties: [...propertiesOf(document.annotations), ...propertiesOf(subject?.annotations)],
    },
    os: os && {
      name: os.name,
      version: stated(os.versionInfo),
      description: null,
      properties: propertiesOf(os.annotations),
    },
    packages: packages
      .filter((each) => each !== subject && each !== os && !isLockfile(each))
      .map((each) => packageOf(each, links, licenseName)),
    dependencies: links.dependencies,
    incomplete: null,
  };
}

function packageOf(each: SpdxPackage, links: SpdxLinks, licenseName: (id: string) => string): StatedPackage {
  const { name, SPDXID, versionInfo, supplier, annotations, attributionTexts } = each;
  const locations = links.locationsOf(SPDXID);
  return {
    ref: SPDXID,
    purl: purlOf(each),
    name,
    version: stated(versionInfo),
    licenses: licensesOf(each, licenseName),
    supplier: agentOf(supplier),
    paths: [...links.lockfilesOf(SPDXID), ...(locations.length === 0 ? pathsOf(each) : [])],
    development: links.isForDevelopment(SPDXID),
    properties: [
      ...propertiesOf(annotations),
      ...(attributionTexts ?? []).flatMap(trivyProperty),
      ...sourceOf(each),
      ...locations,
    ],
  };
}

/** `Tool: NAME-VERSION` among the creators. */
function toolOf({ creationInfo }: SpdxDocument): StatedSbom['tool'] {
  const creator = creationInfo.creators.find((each) => each.startsWith('Tool: '));
  if (creator === undefined) return null;
  const text = creator.slice('Tool: '.length, MOST_OF_A_NAME).trim();
  const dash = text.search(/-v?[0-9]/);
  return dash > 0 ? { name: text.slice(0, dash), version: text.slice(dash + 1) } : { name: text, version: null };
}

/** Longer is no name of a tool. */
const MOST_OF_A_NAME = 200;

/** Null for what the specification has in place of a fact. */
function stated(text: string | null | undefined): string | null {
  return text === undefined || text === null || text === '' || text === NOASSERTION || text === NONE ? null : text;
}

function purlOf({ externalRefs }: SpdxPackage): string | null {
  return externalRefs?.find(({ referenceType }) => referenceType.toLowerCase() === 'purl')?.referenceLocator ?? null;
}

/** What a document describes may be a package too: the project that an SBOM of npm is about. */
function isSoftware(each: SpdxPackage): boolean {
  const purl = purlOf(each);
  return purl !== null && !isImagePurl(purl);
}

/** Trivy's, and ours. In JSON the schema has an underscore where the specification has a hyphen. */
function isOperatingSystem({ primaryPackagePurpose, SPDXID }: SpdxPackage): boolean {
  const purpose = primaryPackagePurpose?.replace('_', '-');
  return purpose === 'OPERATING-SYSTEM' || SPDXID.startsWith('SPDXRef-OperatingSystem-');
}

/** `Organization: NAME (ADDRESS)` or `Person: NAME <ADDRESS>` to the name. */
function agentOf(agent: string | null | undefined): string | null {
  const name = stated(agent)?.replace(/^(?:Organization|Person): ?/, '') ?? null;
  if (name === null || !name.endsWith(')')) return name;
  const open = name.lastIndexOf(' (');
  return open > 0 && name.includes('@', open) ? name.slice(0, open) : name;
}

/** `built package from: NAME VERSION` (Trivy). */
function sourceOf({ sourceInfo }: SpdxPackage): Property[] {
  const text = /^built package from: (.+)$/.exec(sourceInfo ?? '')?.[1];
  if (text === undefined) return [];
  const [name, version] = text.split(' ');
  const named = { name: 'aquasecurity:trivy:SrcName', value: name! };
  return version === undefined ? [named] : [named, { name: 'aquasecurity:trivy:SrcVersion', value: version }];
}

/** `acquired package info from KIND: PATH, PATH` (Syft): the first one lists the package, the others belong to it. */
function pathsOf({ sourceInfo }: SpdxPackage): string[] {
  const text = sourceInfo ?? '';
  if (!text.startsWith('acquired package info')) return [];
  const paths = text.slice(text.indexOf(': ') + 2);
  return paths.startsWith('/') ? [paths.split(', ', 1)[0]!] : [];
}

/**
 * What a package declares, else what was concluded: the licences of a plain conjunction one by one, any other expression
 * as it is. References to texts that the document brings are given by their names.
 */
function licensesOf({ licenseDeclared, licenseConcluded }: SpdxPackage, nameOf: (id: string) => string): string[] {
  const expression = stated(licenseDeclared) ?? stated(licenseConcluded);
  if (expression === null) return [];
  const named = (text: string): string => text.replace(/LicenseRef-[A-Za-z0-9.-]+/g, nameOf).trim();
  if (/[()]|\sOR\s/i.test(expression)) return [named(expression)];
  return expression
    .split(/\sAND\s/i)
    .map(named)
    .filter((name) => name !== '');
}

function licenseNames({ hasExtractedLicensingInfos }: SpdxDocument): (id: string) => string {
  const names = new Map(
    hasExtractedLicensingInfos.map(({ licenseId, name, extractedText }) => [
      licenseId,
      stated(name) ?? stated(extractedText) ?? licenseId,
    ]),
  );
  return (id) => names.get(id) ?? id;
}
