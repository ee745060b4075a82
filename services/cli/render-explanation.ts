import { isDistributionPackage } from '../domain/packages/purl.ts';
import type { Report } from '../domain/report/report.ts';
import type { Enrichment } from '../domain/vulnerabilities/advisory.ts';
import type { ComparisonMade } from '../domain/vulnerabilities/range.ts';
import type { ExplainedStatement, Explanation, PackageExplanation } from '../pipeline/explain-vulnerability.ts';
import { printable } from './printable.ts';
import { foundVexTexts } from './render-found-vex.ts';
import { vexTexts } from './vex-lines.ts';
import { counted } from './wording.ts';

/** Of one package; many documents may speak of many versions. */
const VEX_SHOWN = 5;

/**
 * The explanation as indented lines, plain: what was asked, and for each package every record with its comparisons. Packages
 * of which all of it is the same (the binaries of one source) stand together.
 */
export function renderExplanation(report: Report, explanation: Explanation): string {
  const { target, completeness } = report;
  const { id, packages, asked, enrichment, feeds, withoutFeed } = explanation;
  const bodies = Map.groupBy(packages, (each) => packageLines(each, packages).join('\n'));
  const lines = [
    `${id} in ${target.kind}:${target.reference}`,
    ...catalogueLines(enrichment),
    `${counted(asked, 'package')} asked; feeds: ${feeds.join(', ') || 'none'}`,
    ...(withoutFeed.length === 0 ? [] : [`Without feed, so not judged: ${withoutFeed.join(', ')}`]),
    ...(completeness.status === 'complete'
      ? []
      : ['Not all was seen or judged: "plimsoll scan" says what is missing.']),
    ...vexTexts(report),
    ...foundVexTexts(report).map((text) => `VEX that came with it: ${text}`),
    ...Array.from(bodies).flatMap(([body, same]) => ['', ...same.map(({ item }) => item.purl), ...body.split('\n')]),
    ...(packages.length > 0 ? [] : ['', ...nothing(explanation)]),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

/** What the catalogues have of the id, whatever is installed. */
function catalogueLines(enrichment: Enrichment | null): string[] {
  if (enrichment === null) return [];
  const { kev, epss, rejected } = enrichment;
  return [
    ...(rejected ? ['The CVE list rejected this id: it makes no row anywhere.'] : []),
    ...(kev === null
      ? []
      : [`Exploited in the wild: KEV since ${kev.added}${kev.ransomware ? ', by ransomware' : ''}.`]),
    ...(epss === null ? [] : [`EPSS: ${(epss.probability * 100).toFixed(1)} % on ${epss.date}.`]),
  ];
}

function nothing({ id, asked, name, feeds }: Explanation): string[] {
  if (asked === 0) return [name === null ? 'The target has no packages.' : `The target has no package called ${name}.`];
  // Namespaces of distributions name a release.
  const byCve = !id.startsWith('CVE-') && feeds.some((feed) => feed.includes(':'));
  return [
    `No record in these feeds names ${id} beside a package of this target.`,
    ...(byCve ? ['Distributions know most vulnerabilities by their CVE: ask by that, where there is one.'] : []),
  ];
}

function packageLines(each: PackageExplanation, all: readonly PackageExplanation[]): string[] {
  return [
    `  ${answer(each, all)}`,
    ...suppressionLines(each),
    ...vexLines(each),
    ...each.statements.flatMap((statement) => statementLines(statement).map((line) => `  ${line}`)),
  ];
}

function answer(each: PackageExplanation, all: readonly PackageExplanation[]): string {
  const { state, judge, rejected, row, namespaces, statements } = each;
  const feeds = namespaces.join(', ');
  if (judge === 'owner') return ownersAnswer(each, all);
  if (judge === 'third-party') return `not judged by ${feeds}: somebody else built the package`;
  if (judge === 'nobody') return `not judged: no feed for ${feeds}`;
  if (rejected) return 'no row: the CVE list rejected the id';
  if (statements.length === 0) return `no row: no record of ${feeds} names it beside this package`;
  if (state === 'not-affected') return 'not affected: no record that counts holds this version';
  if (state === 'unknown') return `unknown: ${row?.reason ?? 'the versions do not compare'}`;
  return `affected; ${affectedText(each)}`;
}

/** Whose files they are is judged in their place; that answer may stand here too, or be that nobody speaks of it. */
function ownersAnswer({ item, owner, namespaces }: PackageExplanation, all: readonly PackageExplanation[]): string {
  const name = owner?.name ?? item.ownedBy ?? '';
  const own = all.find((each) => each.item.id === owner?.id);
  const found =
    own === undefined || own.statements.length === 0 ? 'of which no record names it' : `which is ${stateText(own)}`;
  return `not judged by ${namespaces.join(', ')}: its files are of ${owner?.type ?? ''} ${name}, ${found}`;
}

function stateText({ state }: PackageExplanation): string {
  return state === 'not-affected' ? 'not affected' : state === 'affected' ? 'affected' : 'unknown';
}

const STATUS_TEXT: ReadonlyMap<string, string> = new Map([
  ['will_not_fix', 'which the vendor will not make'],
  ['fix_deferred', 'which the vendor deferred'],
  ['end_of_life', 'as support has ended'],
  ['under_investigation', 'as the vendor still looks at it'],
]);

function affectedText({ row, item }: PackageExplanation): string {
  if (row === null) return 'but not in the report';
  const { fixedVersion, status, vendorStatus, severity, severitySource, confidence, reason } = row;
  const why = STATUS_TEXT.get(status);
  const fix =
    fixedVersion === null
      ? `no fix${why === undefined ? '' : `, ${why}`}`
      : `fixed in ${fixedVersion}${channel(vendorStatus, item)}`;
  const word = fixedVersion === null && vendorStatus !== null ? ` ("${vendorStatus}")` : '';
  const rated =
    severitySource === null ? 'severity unknown: nobody rates it' : `severity ${severity} by ${severitySource}`;
  const doubt = reason === null ? '' : `; confidence ${confidence}: ${reason}`;
  return `${fix}${word}; ${rated}${doubt}`;
}

/** The support channel that has the fix, where the vendor names one. */
function channel(vendorStatus: string | null, item: PackageExplanation['item']): string {
  return vendorStatus === null || !isDistributionPackage(item) ? '' : ` (${vendorStatus})`;
}

function suppressionLines({ row }: PackageExplanation): string[] {
  const suppressed = row?.suppressed;
  if (suppressed === undefined) return [];
  const { by, source, status, justification, reason, owner, expires } = suppressed;
  const why = [status, justification, reason].filter((text) => text !== null).join(', ');
  const until = expires === null ? '' : `, until ${expires}`;
  return [`  suppressed by ${by}: ${source}${owner === null ? '' : ` (${owner})`}: ${why}${until}`];
}

/** Of each file what it says, once however many statements say it. */
function vexLines({ vex }: PackageExplanation): string[] {
  const lines = vex.map(({ file, status, whyNot }) =>
    whyNot === null ? `${file} says ${status} of it` : `${file} says ${status}, but not of this: ${whyNot}`,
  );
  return [...new Set(lines)].slice(0, VEX_SHOWN).map((line) => `  VEX ${line}`);
}

function statementLines({ statement, deciding, comparisons }: ExplainedStatement): string[] {
  const { advisory, entry, version, refusal, standing, doubts } = statement;
  const head = `${advisory.id} (${advisory.source}), ${entry.ecosystem} ${entry.nameOf} ${entry.name}`;
  if (refusal !== null) return [`- ${head}: not for this package: ${refusal}`];
  const place =
    standing?.state === 'unknown'
      ? `cannot tell of ${version}: ${standing.reason}`
      : `${standing?.state === 'inside' ? 'holds' : 'does not hold'} ${version}`;
  const word = entry.vendorStatus === null ? entry.status : `${entry.status} (${entry.vendorStatus})`;
  return [
    `- ${head}: ${place}; the source says ${word}${deciding ? '; it decided' : ''}`,
    ...comparisons.flatMap((made) => comparisonText(made) ?? []).map((line) => `    ${line}`),
    ...doubts.map(({ reason }) => `    less sure: ${reason}`),
  ];
}

const SIGNS = new Map<ComparisonMade['result'], string>([
  [-1, '<'],
  [0, '='],
  [1, '>'],
  ['incomparable', '?'],
]);

/** Null where nothing was compared: `introduced: 0` is before every version. */
function comparisonText({ event, installed, stated, order, result }: ComparisonMade): string | null {
  if (event === 'introduced' && stated === '0') return null;
  const name = event === 'lastAffected' ? 'last affected' : event;
  return `${installed} ${SIGNS.get(result)} ${stated} (${name}, order of ${order})`;
}
