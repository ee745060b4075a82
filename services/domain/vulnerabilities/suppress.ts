import type { Report, ReportPackage, Vulnerability } from '../report/report.ts';
import { exceptionFor, type VulnerabilityException } from './exceptions.ts';
import { type PurlPattern, parsePurl } from './purl-pattern.ts';
import type { VexDocument, VexProduct, VexStatement } from './vex/document.ts';

/** A VEX document that was given, and the file that it came in. */
export interface GivenVex {
  readonly file: string;
  readonly document: VexDocument;
}

type Target = Report['target'];
type Suppression = NonNullable<Vulnerability['suppressed']>;

/**
 * The report with what exceptions and VEX cover marked as suppressed; no row is taken away. An exception goes before VEX.
 * Of several statements on one row the latest counts, also where it says "affected". For each document a finding says
 * how many of its statements were for this target.
 */
export function suppress(
  report: Report,
  exceptions: readonly VulnerabilityException[],
  given: readonly GivenVex[],
): Report {
  const packages = new Map(report.packages.map((item) => [item.id, item]));
  const used = new Map(given.map((each) => [each, new Set<VexStatement>()]));
  const vulnerabilities = report.vulnerabilities?.map((row) => {
    const item = packages.get(row.packageId);
    const { suppressed: _, ...bare } = row;
    if (item === undefined) return bare;
    const exception = exceptionFor(exceptions, row, item, report.target);
    const stated = statementOn(row, item, report, given);
    if (stated !== null) used.get(stated.given)!.add(stated.statement);
    const suppressed = exception !== null ? byException(exception) : stated === null ? null : byVex(stated);
    return suppressed === null ? bare : { ...bare, suppressed };
  });
  const others = report.findings.filter(({ kind }) => kind !== 'vex');
  const findings = [...others, ...given.map((each) => findingOf(each, used.get(each)!))];
  return { ...report, ...(vulnerabilities && { vulnerabilities }), findings };
}

function byException({ name, reason, owner, expires }: VulnerabilityException): Suppression {
  return { by: 'exception', status: null, justification: null, reason, owner, source: name, expires };
}

function byVex({ given, statement }: Stated): Suppression | null {
  const { status, justification, reason } = statement;
  if (status !== 'not_affected' && status !== 'fixed') return null;
  const { id, author } = given.document;
  const source = [given.file, id ?? []].flat().join(' ');
  return { by: 'vex', status, justification, reason, owner: author, source, expires: null };
}

/** What a document came to: a document for another product changes nothing, and that is said. */
function findingOf({ file, document }: GivenVex, applied: ReadonlySet<VexStatement>): Report['findings'][number] {
  const { format, id, author, statements, flaws } = document;
  const elsewhere = statements.length - applied.size;
  const message =
    applied.size === 0
      ? 'No statement is for a vulnerability and a product of this target: nothing was changed.'
      : `${applied.size} of ${statements.length} statements are for this target.`;
  return {
    kind: 'vex',
    id: id ?? file,
    file,
    format,
    author,
    applied: applied.size,
    elsewhere,
    flaws: [...flaws],
    message,
  };
}

export interface Stated {
  readonly given: GivenVex;
  readonly statement: VexStatement;
}

/** The latest statement on a row; of equally old ones the last of the last document. Null where none is for it. */
function statementOn(
  row: Vulnerability,
  item: ReportPackage,
  report: Pick<Report, 'target'>,
  given: readonly GivenVex[],
): Stated | null {
  const names = new Set([row.id, ...row.aliases]);
  let latest: Stated | null = null;
  for (const each of given) {
    for (const statement of each.document.statements) {
      if (!statement.vulnerabilities.some((name) => names.has(name))) continue;
      if (!statement.products.some((product) => isFor(product, item, report.target))) continue;
      if (latest === null || (statement.timestamp ?? '') >= (latest.statement.timestamp ?? ''))
        latest = { given: each, statement };
    }
  }
  return latest;
}

/** Whether a product is this package, or this image with this package among the components that are meant. */
function isFor({ purls, digests, components, versions }: VexProduct, item: ReportPackage, target: Target): boolean {
  if (versions !== null && !versions.includes(item.version)) return false;
  const isPackage = (pattern: PurlPattern): boolean => pattern.matches(item.purl);
  const isImage = digests.includes(target.digest ?? '') || purls.some((pattern) => isImagePurl(pattern, target));
  if (components === null) return isImage || purls.some(isPackage);
  return isImage && components.some(isPackage);
}

/**
 * `pkg:oci/NAME@sha256:HEX` is the image of that digest. Without a digest it is any image of its `repository_url`, which only a
 * target from a registry can prove.
 */
function isImagePurl({ text, type }: PurlPattern, { kind, reference, digest }: Target): boolean {
  if (type !== 'oci' && type !== 'docker') return false;
  const purl = parsePurl(text);
  if (purl?.version) return /^sha256:/.test(purl.version) && purl.version === digest;
  const repository = purl?.qualifiers?.repository_url;
  if (kind !== 'registry' || !repository) return false;
  return reference.replace(/@.*$/, '').replace(/:[^/:]*$/, '') === repository;
}
