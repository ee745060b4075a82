import type { SpdxDocument } from './spdx-document.ts';
import { TAG_FIELDS, type TagElement, type TagField } from './spdx-tags.ts';

/**
 * A document in the tag-value form: its own tags, then each element with its annotations, then the relationships, of
 * which the last says what the document describes. A blank line stands before each element.
 */
export function formatTagValue(document: SpdxDocument): string {
  const annotations = (subject: Described, id: string): string[] =>
    (subject.annotations ?? []).map((annotation) => element('annotation', { ...annotation, element: id }));
  const described = [
    element('document', document) + element('creation', document.creationInfo),
    ...annotations(document, document.SPDXID ?? ''),
    ...document.packages.flatMap((each) => [
      element('package', { ...each, primaryPackagePurpose: hyphenated(each.primaryPackagePurpose) }),
      ...annotations(each, each.SPDXID),
    ]),
    ...document.hasExtractedLicensingInfos.map((each) => element('license', each)),
  ];
  const relationships = document.relationships.map(
    ({ spdxElementId, relationshipType, relatedSpdxElement }) =>
      `Relationship: ${spdxElementId} ${relationshipType} ${relatedSpdxElement}\n`,
  );
  return [...described, relationships.join('')].join('\n');
}

/** The specification's spelling; its JSON schema has OPERATING_SYSTEM. */
function hyphenated(purpose: string | null | undefined): string | undefined {
  return purpose?.replace('_', '-');
}

type Described = Pick<SpdxDocument, 'annotations'> | SpdxDocument['packages'][number];

function element(kind: TagElement, values: object): string {
  return TAG_FIELDS[kind].map((field) => lines(field, (values as Record<string, unknown>)[field.key])).join('');
}

function lines({ tag, form }: TagField, value: unknown): string {
  if (value === undefined || value === null) return '';
  const items = Array.isArray(value) ? value : [value];
  return items.map((item: unknown) => `${tag}: ${SPELT[form](item)}\n`).join('');
}

/** One value as its line says it; what the reader of `spdx-tag-value.ts` takes back. */
const SPELT: Readonly<Record<TagField['form'], (value: unknown) => string>> = {
  text: (value) => oneLine(String(value)),
  texts: (value) => oneLine(String(value)),
  flag: (value) => String(value),
  checksums(value) {
    const { algorithm, checksumValue } = value as Checksum;
    return `${algorithm}: ${checksumValue}`;
  },
  references(value) {
    const { referenceCategory, referenceType, referenceLocator } = value as Reference;
    return `${referenceCategory} ${referenceType} ${referenceLocator}`;
  },
};

type Checksum = NonNullable<SpdxDocument['packages'][number]['checksums']>[number];
type Reference = NonNullable<SpdxDocument['packages'][number]['externalRefs']>[number];

/** What cannot stand in one line as it is (control characters, a `<` that may open a text) gives way to blanks. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+|<(?=\/?text>)/g, ' ').trim();
}
