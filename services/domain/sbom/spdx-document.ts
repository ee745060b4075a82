import { z } from 'zod';
import type { Limits } from '../limits.ts';
import type { JsonObject } from '../packages/package-file.ts';
import type { UnitGaps } from '../packages/unit-gaps.ts';
import { firstIssue } from './first-issue.ts';

/*
 * An SPDX 2.x document in the shape of the specification's own JSON form (SPDX 2.3, clauses 6 to 12), as far as Plimsoll
 * writes or reads it. The tag-value form is another spelling of the same: spdx-tags.ts says how.
 */

const text = z.string().nullish();

/** Clause 12: who said what about an element. */
const annotation = z.object({
  annotator: text,
  annotationDate: text,
  annotationType: text,
  comment: z.string(),
});

const checksum = z.object({ algorithm: z.string(), checksumValue: z.string() });

/** Clause 7.21. */
const externalRef = z.object({
  referenceCategory: z.string(),
  referenceType: z.string(),
  referenceLocator: z.string(),
});

/** Clause 7. */
const spdxPackage = z.object({
  name: z.string(),
  SPDXID: z.string(),
  versionInfo: text,
  supplier: text,
  downloadLocation: text,
  filesAnalyzed: z.boolean().nullish(),
  checksums: z.array(checksum).nullish(),
  sourceInfo: text,
  licenseConcluded: text,
  licenseDeclared: text,
  copyrightText: text,
  externalRefs: z.array(externalRef).nullish(),
  attributionTexts: z.array(z.string()).nullish(),
  primaryPackagePurpose: text,
  annotations: z.array(annotation).nullish(),
});

/** Clause 8. Plimsoll writes none. */
const file = z.object({ SPDXID: z.string(), fileName: z.string(), comment: text });

/** Clause 10.1: a licence that is not on the SPDX list, by its whole text. */
const extractedLicense = z.object({ licenseId: z.string(), extractedText: text, name: text });

/** Clause 11. */
const relationship = z.object({
  spdxElementId: z.string(),
  relationshipType: z.string(),
  relatedSpdxElement: z.string(),
  comment: text,
});

/** Clause 6. */
const creationInfo = z.object({ created: text, creators: z.array(z.string()) });
const header = z.object({
  spdxVersion: z.string(),
  dataLicense: text,
  SPDXID: text,
  name: text,
  documentNamespace: text,
});

export type SpdxAnnotation = z.infer<typeof annotation>;
export type SpdxPackage = z.infer<typeof spdxPackage>;
export type SpdxFile = z.infer<typeof file>;
export type SpdxExtractedLicense = z.infer<typeof extractedLicense>;
export type SpdxRelationship = z.infer<typeof relationship>;

export interface SpdxDocument extends z.infer<typeof header> {
  readonly creationInfo: z.infer<typeof creationInfo>;
  readonly packages: readonly SpdxPackage[];
  readonly files: readonly SpdxFile[];
  readonly hasExtractedLicensingInfos: readonly SpdxExtractedLicense[];
  readonly relationships: readonly SpdxRelationship[];
  readonly annotations: readonly SpdxAnnotation[];
}

export const DOCUMENT_ID = 'SPDXRef-DOCUMENT';

/** What stands for a fact that nobody claims to know, and for one that is known to be absent. */
export const NOASSERTION = 'NOASSERTION';
export const NONE = 'NONE';

/**
 * A foreign value to a document. An element of another shape than the specification's is left out and told: a blocking
 * gap where a package is lost.
 */
export function spdxDocument(value: JsonObject, limits: Limits, gaps: UnitGaps): SpdxDocument {
  const list = <Item>(key: string, item: z.ZodType<Item>, code: Flaw = 'package-record-invalid'): Item[] => {
    const most = key === 'packages' ? limits.packages : limits.relations;
    return readList(value, key, item, most, (message, of = code) => gaps.add(of, message));
  };
  const creation = creationInfo.safeParse(value.creationInfo);
  if (!creation.success) gaps.add('package-record-invalid', `"creationInfo": ${firstIssue(creation.error)}`);
  const described = list('documentDescribes', z.string());
  const head = header.safeParse(value);
  if (!head.success) gaps.add('package-record-invalid', `the document: ${firstIssue(head.error)}`);
  return {
    ...(head.data ?? { spdxVersion: '' }),
    creationInfo: creation.data ?? { creators: [] },
    packages: list('packages', spdxPackage, 'package-database-broken'),
    files: list('files', file),
    hasExtractedLicensingInfos: list('hasExtractedLicensingInfos', extractedLicense),
    relationships: [
      ...list('relationships', relationship),
      // The older spelling of DESCRIBES.
      ...described.map((id) => ({
        spdxElementId: DOCUMENT_ID,
        relationshipType: 'DESCRIBES',
        relatedSpdxElement: id,
      })),
    ],
    annotations: list('annotations', annotation),
  };
}

type Flaw = Parameters<UnitGaps['add']>[0];

function readList<Item>(
  document: JsonObject,
  key: string,
  item: z.ZodType<Item>,
  most: number,
  tell: (message: string, code?: Flaw) => void,
): Item[] {
  const value = document[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    tell(`"${key}" is no list`, 'package-database-broken');
    return [];
  }
  if (value.length > most) tell(`"${key}" has ${value.length} items; ${most} were read`, 'limit-reached');
  return value.slice(0, most).flatMap((each: unknown, index) => {
    const parsed = item.safeParse(each);
    if (parsed.success) return [parsed.data];
    tell(`item ${index} of "${key}": ${firstIssue(parsed.error)}`);
    return [];
  });
}
