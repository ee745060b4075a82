import { z } from 'zod';
import type { GapCode } from '../completeness.ts';
import { LIMITS, type LimitName, type Limits } from '../limits.ts';
import type { DatabaseUnit, FileList, PackageRecord, UnitGap } from '../packages/ecosystem.ts';
import { foundSboms } from '../sbom/found-sboms.ts';
import { exceededJsonLimit } from '../sbom/json-bounds.ts';
import type { SbomOutline } from '../sbom/sbom-outline.ts';
import type { AnalyzerFacts, LayerFlaw, LayerOutline, LocatedFileLists } from './facts.ts';
import { inventoryFlaw } from './inventory-flaw.ts';

/*
 * Facts as they come from where a hostile layer may have taken over: their form is held against what the pipeline expects, to
 * the letter, so that nothing in it meets a value that it was not written for. Whether they are true nobody can tell.
 */

/** What a part holds, and so how it is checked. */
export type PartKind = 'outline' | 'inventory' | 'analysis' | 'file-lists';

/** As deep as facts are: lists of units, of packages, of their licences, and the texts in them. */
const NESTING = 16;

const text = z.string();
const textOrNull = z.string().nullable();
const texts = z.array(text).readonly();
const count = z.int().nonnegative();
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

const FLAW_CODES = {
  'path-escape': 0,
  'limit-reached': 0,
  'wanted-file-skipped': 0,
  'wanted-file-unreadable': 0,
  'skipped-by-option': 0,
  'unreadable-path': 0,
  'other-filesystem-skipped': 0,
} as const satisfies Record<LayerFlaw['code'], 0>;

const UNIT_GAP_CODES = {
  'package-database-broken': 0,
  'package-record-invalid': 0,
  'package-file-unparsable': 0,
  'dependencies-unknown': 0,
  'dependency-unresolved': 0,
  'limit-reached': 0,
  'sbom-incomplete': 0,
  'sbom-unusable': 0,
  'vex-unreadable': 0,
} as const satisfies Record<UnitGap['code'], 0>;

function codes<Code extends GapCode>(table: Readonly<Record<Code, 0>>) {
  return z.enum(Object.keys(table) as [Code, ...Code[]]);
}

const flaw = z.strictObject({
  code: codes(FLAW_CODES),
  path: textOrNull,
  message: text,
  limit: z.enum(Object.keys(LIMITS) as [LimitName, ...LimitName[]]).exactOptional(),
});

const outline = z.strictObject({
  bytes: count,
  entries: count,
  diffId: digest.nullable(),
  whiteouts: texts,
  opaques: texts,
  flaws: z.array(flaw).readonly(),
}) satisfies z.ZodType<LayerOutline>;

const packageRecord = z.strictObject({
  type: text,
  name: text,
  version: text,
  arch: textOrNull,
  source: z.strictObject({ name: text, version: textOrNull }).nullable(),
  epoch: count.nullable(),
  modularity: textOrNull,
  origin: textOrNull,
  vendor: textOrNull,
  licenses: texts,
  dependsOn: texts,
  provides: texts,
  development: z.boolean().exactOptional(),
  purl: text.exactOptional(),
}) satisfies z.ZodType<PackageRecord>;

const fileList = z.strictObject({
  package: text,
  paths: texts,
  digests: z.array(textOrNull).readonly().exactOptional(),
}) satisfies z.ZodType<FileList>;

const unit = z.strictObject({
  path: text,
  isDatabase: z.boolean(),
  packages: z.array(packageRecord).readonly(),
  // Lists of files are a part of their own.
  fileLists: z.array(fileList).max(0).readonly(),
  repositories: texts,
  text: textOrNull,
  gaps: z.array(z.strictObject({ code: codes(UNIT_GAP_CODES), message: text })).readonly(),
}) satisfies z.ZodType<DatabaseUnit>;

const analysis = z.strictObject({
  read: texts,
  units: z.array(z.strictObject({ realPath: text, unit })).readonly(),
  links: texts.exactOptional(),
}) satisfies z.ZodType<AnalyzerFacts>;

const fileLists = z
  .array(z.strictObject({ realPath: text, fileLists: z.array(fileList).readonly() }))
  .readonly() satisfies z.ZodType<readonly LocatedFileLists[]>;

const FORMATS = {
  'cyclonedx-json': 0,
  'cyclonedx-xml': 0,
  'spdx-json': 0,
  'spdx-tag-value': 0,
  report: 0,
} as const satisfies Record<NonNullable<SbomOutline['format']>, 0>;

/** What the text of a unit is parsed as, later. */
const sbomOutline = z.strictObject({
  format: z.enum(Object.keys(FORMATS) as [keyof typeof FORMATS, ...(keyof typeof FORMATS)[]]).nullable(),
  specVersion: textOrNull,
  entries: count.nullable(),
}) satisfies z.ZodType<SbomOutline>;

/** Why a part of a layer's facts is none, and the limit that it goes past where it does. */
export interface FactsFlaw {
  readonly message: string;
  readonly limit: LimitName | null;
}

/** Null where it is one. `analyzerId` is whose it is, where it is one's. */
export function factsFlaw(
  kind: PartKind,
  analyzerId: string | null,
  bytes: Uint8Array,
  limits: Pick<Limits, 'layerFactsValues'>,
): FactsFlaw | null {
  const most = limits.layerFactsValues;
  const exceeded = kind === 'inventory' ? null : exceededJsonLimit(bytes, { nesting: NESTING, values: most });
  if (exceeded === 'values') {
    return { message: `it has more than ${most} values (layerFactsValues)`, limit: 'layerFactsValues' };
  }
  const message = exceeded === 'nesting' ? 'it is nested deeper than facts are' : formFlaw(kind, analyzerId, bytes);
  return message === null ? null : { message, limit: null };
}

function formFlaw(kind: PartKind, analyzerId: string | null, bytes: Uint8Array): string | null {
  if (kind === 'inventory') return inventoryFlaw(bytes);
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return 'it is no JSON';
  }
  if (kind === 'outline') return firstIssue(outline, document);
  if (kind === 'file-lists') return firstIssue(fileLists, document);
  return (
    firstIssue(analysis, document) ?? (analyzerId === foundSboms.id ? outlinesFlaw(document as AnalyzerFacts) : null)
  );
}

function outlinesFlaw({ units }: AnalyzerFacts): string | null {
  for (const { unit: found } of units) {
    let document: unknown;
    try {
      document = JSON.parse(found.text ?? '');
    } catch {
      return 'what an SBOM calls itself is no JSON';
    }
    const issue = firstIssue(sbomOutline, document);
    if (issue !== null) return issue;
  }
  return null;
}

/** Where it is not as it should be; never what stands there. */
function firstIssue(schema: z.ZodType, document: unknown): string | null {
  const { error } = schema.safeParse(document);
  const issue = error?.issues[0];
  return issue === undefined ? null : `${issue.path.join('.') || 'the whole'} is not as it should be (${issue.code})`;
}
