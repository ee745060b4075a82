/**
 * How a field of the JSON form is spelt in the tag-value form (SPDX 2.3, the "tag" examples of clauses 6 to 12):
 * one text; one line for each text of a list; true or false; `SHA1: HEX`; `CATEGORY TYPE LOCATOR`.
 */
export type TagForm = 'text' | 'texts' | 'flag' | 'checksums' | 'references';

export interface TagField {
  readonly tag: string;
  readonly key: string;
  readonly form: TagForm;
}

/** An element, which begins with the first of its tags. The order is that of the specification. */
export type TagElement = 'document' | 'creation' | 'package' | 'file' | 'license' | 'relationship' | 'annotation';

const text = (tag: string, key: string): TagField => ({ tag, key, form: 'text' });

/** What both forms share of what is read or written here; the writer keeps this order. */
export const TAG_FIELDS: Readonly<Record<TagElement, readonly TagField[]>> = {
  document: [
    text('SPDXVersion', 'spdxVersion'),
    text('DataLicense', 'dataLicense'),
    text('SPDXID', 'SPDXID'),
    text('DocumentName', 'name'),
    text('DocumentNamespace', 'documentNamespace'),
  ],
  creation: [{ tag: 'Creator', key: 'creators', form: 'texts' }, text('Created', 'created')],
  package: [
    text('PackageName', 'name'),
    text('SPDXID', 'SPDXID'),
    text('PackageVersion', 'versionInfo'),
    text('PackageSupplier', 'supplier'),
    text('PackageDownloadLocation', 'downloadLocation'),
    { tag: 'FilesAnalyzed', key: 'filesAnalyzed', form: 'flag' },
    { tag: 'PackageChecksum', key: 'checksums', form: 'checksums' },
    text('PackageSourceInfo', 'sourceInfo'),
    text('PackageLicenseConcluded', 'licenseConcluded'),
    text('PackageLicenseDeclared', 'licenseDeclared'),
    text('PackageCopyrightText', 'copyrightText'),
    { tag: 'ExternalRef', key: 'externalRefs', form: 'references' },
    { tag: 'PackageAttributionText', key: 'attributionTexts', form: 'texts' },
    text('PrimaryPackagePurpose', 'primaryPackagePurpose'),
  ],
  file: [text('FileName', 'fileName'), text('SPDXID', 'SPDXID'), text('FileComment', 'comment')],
  license: [text('LicenseID', 'licenseId'), text('ExtractedText', 'extractedText'), text('LicenseName', 'name')],
  relationship: [text('RelationshipComment', 'comment')],
  annotation: [
    text('Annotator', 'annotator'),
    text('AnnotationDate', 'annotationDate'),
    text('AnnotationType', 'annotationType'),
    text('SPDXREF', 'element'),
    text('AnnotationComment', 'comment'),
  ],
};

/** Tags of SPDX 2.2 and 2.3 that say nothing about which packages there are: passed over. */
export const PASSED_OVER: ReadonlySet<string> = new Set([
  'AnnotationRef',
  'ArtifactOfProjectHomePage',
  'ArtifactOfProjectName',
  'ArtifactOfProjectURI',
  'BuiltDate',
  'CreatorComment',
  'DocumentComment',
  'ExternalDocumentRef',
  'ExternalRefComment',
  'FileAttributionText',
  'FileChecksum',
  'FileContributor',
  'FileCopyrightText',
  'FileDependency',
  'FileNotice',
  'FileType',
  'LicenseComment',
  'LicenseComments',
  'LicenseConcluded',
  'LicenseCrossReference',
  'LicenseInfoInFile',
  'LicenseInfoInSnippet',
  'LicenseListVersion',
  'PackageComment',
  'PackageDescription',
  'PackageFileName',
  'PackageHomePage',
  'PackageLicenseComments',
  'PackageLicenseInfoFromFiles',
  'PackageOriginator',
  'PackageSummary',
  'PackageVerificationCode',
  'ReleaseDate',
  'ReviewComment',
  'ReviewDate',
  'Reviewer',
  'SnippetAttributionText',
  'SnippetByteRange',
  'SnippetComment',
  'SnippetCopyrightText',
  'SnippetFromFileSPDXID',
  'SnippetLicenseComments',
  'SnippetLicenseConcluded',
  'SnippetLineRange',
  'SnippetName',
  'SnippetSPDXID',
  'ValidUntilDate',
]);
