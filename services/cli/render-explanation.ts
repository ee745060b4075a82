import type { Report } from '../domain/report/report.ts';
import type { ComparisonMade } from '../domain/vulnerabilities/range.ts';
import type { ExplainedStatement, Explanation, PackageExplanation } from '../pipeline/explain-vulnerability.ts';
import { printable } from './printable.ts';
import { counted } from './wording.ts';

/** The explanation as indented lines, plain: what was asked, and for each package every record with its comparisons. */
export function renderExplanation({ target }: Report, explanation: Explanation): string {
  const { id, packages, asked, feeds, withoutFeed } = explanation;
  const lines = [
    `${id} in ${target.kind}:${target.reference}`,
    `${counted(asked, 'package')}; feeds: ${feeds.join(', ') || 'none'}`,
    ...(withoutFeed.length === 0 ? [] : [`Without feed, so not judged: ${withoutFeed.join(', ')}`]),
    ...(packages.length > 0
      ? packages.flatMap((each) => ['', ...packageLines(each)])
      : ['', `No record in these feeds names ${id} beside a package of this target.`]),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

function packageLines(each: PackageExplanation): string[] {
  return [
    `${each.item.purl}`,
    `  ${answer(each)}`,
    ...suppressionLines(each),
    ...each.statements.flatMap((statement) => statementLines(statement).map((line) => `  ${line}`)),
  ];
}

function answer({ state, judge, rejected, row, namespaces, item }: PackageExplanation): string {
  if (judge === 'owner') return `not judged by ${namespaces.join(', ')}: the distribution answers for ${item.ownedBy}`;
  if (judge === 'third-party') return `not judged by ${namespaces.join(', ')}: somebody else built the package`;
  if (judge === 'nobody') return `not judged: no feed for ${namespaces.join(', ')}`;
  if (rejected) return 'no row: the CVE list rejected the id';
  if (state === 'not-affected') return 'not affected: no record that counts holds this version';
  if (state === 'unknown') return `unknown: ${row?.reason ?? 'the versions do not compare'}`;
  const fix = row?.fixedVersion == null ? 'no fix' : `fixed in ${row.fixedVersion}`;
  const doubt = row?.reason == null ? '' : `, confidence ${row.confidence}: ${row.reason}`;
  return `affected: ${row?.severity} by ${row?.severitySource ?? 'nobody'}, ${row?.status}, ${fix}${doubt}`;
}

function suppressionLines({ row }: PackageExplanation): string[] {
  const suppressed = row?.suppressed;
  if (suppressed === undefined) return [];
  const { by, source, status, justification, reason, owner, expires } = suppressed;
  const why = [status, justification, reason].filter((text) => text !== null).join(', ');
  const until = expires === null ? '' : `, until ${expires}`;
  return [`  suppressed by ${by}: ${source}${owner === null ? '' : ` (${owner})`}: ${why}${until}`];
}

function statementLines({ statement, deciding, comparisons }: ExplainedStatement): string[] {
  const { advisory, entry, version, refusal, standing, doubts } = statement;
  const head = `${advisory.id} (${advisory.source}), ${entry.ecosystem} ${entry.nameOf} ${entry.name}`;
  if (refusal !== null) return [`- ${head}: not for this package: ${refusal}`];
  const place = standing?.state === 'unknown' ? `unknown: ${standing.reason}` : `${version} is ${standing?.state}`;
  const word = entry.vendorStatus === null ? entry.status : `${entry.status} (${entry.vendorStatus})`;
  return [
    `- ${head}: ${place}; the source says ${word}${deciding ? '; it decided' : ''}`,
    ...comparisons.map((made) => `    ${comparisonText(made)}`),
    ...doubts.map(({ reason }) => `    less sure: ${reason}`),
  ];
}

const SIGNS = new Map<ComparisonMade['result'], string>([
  [-1, '<'],
  [0, '='],
  [1, '>'],
  ['incomparable', '?'],
]);

function comparisonText({ event, installed, stated, order, result }: ComparisonMade): string {
  const name = event === 'lastAffected' ? 'last affected' : event;
  return `${installed} ${SIGNS.get(result)} ${stated} (${name}, order of ${order})`;
}
