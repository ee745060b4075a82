import picocolors from 'picocolors';
import type { Comparison, Difference } from '../domain/report/compare-engines.ts';
import { REASONS, type Reason } from '../domain/report/difference-reason.ts';
import { printable, wrap } from './printable.ts';
import type { TableOptions } from './render-table.ts';
import { type Cell, type Column, layTable } from './table.ts';
import { counted, wholeNumber } from './wording.ts';

const PROSE_WIDTH = 100;
const PROSE_LINES = 12;
/** Further rows of one reason are only counted here; JSON has them all. */
const ROWS_SHOWN = 20;

/** For people: the scanners, how much of each type they found, and for each reason what somebody lacks. */
export function renderComparison(comparison: Comparison, { width, colour }: TableOptions): string {
  const paint = picocolors.createColors(colour);
  const prose = (text: string): string[] => wrap(printable(text), Math.min(width, PROSE_WIDTH), PROSE_LINES);
  const blocks = [
    prose(`${comparison.target.kind}:${comparison.target.reference}`),
    layTable(ENGINE_COLUMNS, engineRows(comparison), width, paint.bold),
    layTable(typeColumns(comparison), typeRows(comparison), width, paint.bold),
    ...groups(comparison.differences).map(({ engine, reason, rows }) => {
      const title = prose(`${engine} lacks ${counted(rows.length, 'row')}: ${reason}`);
      const shown = rows.slice(0, ROWS_SHOWN).flatMap((row) => {
        const lines = wrap(printable(rowText(row)), width - 2, PROSE_LINES);
        return lines.map((line, i) => `${i === 0 ? '-' : ' '} ${line}`);
      });
      const more = rows.length - ROWS_SHOWN;
      const rest = more > 0 ? [`  … and ${wholeNumber(more)} more: --json lists them all.`] : [];
      return [...title.map((line) => paint.bold(line)), ...prose(`(${REASONS[reason]})`), ...shown, ...rest];
    }),
    ...comparison.gaps
      .filter((gap) => gap.class === 'blocking')
      .map(({ code, message }) => prose(`! ${code}: ${message}`).map((line) => paint.red(line))),
    prose(summary(comparison)),
  ];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

const ENGINE_COLUMNS: readonly Column[] = [
  { header: 'SCANNER', overflow: 'cut' },
  { header: 'VERSION', overflow: 'cut' },
  { header: 'ROWS', align: 'right', overflow: 'cut' },
  { header: '', overflow: 'cut' },
];

function engineRows({ engines }: Comparison): Cell[][] {
  return engines.map(({ name, version, packages, status }) => [
    { text: name },
    { text: version ?? 'unknown' },
    { text: status === 'failed' ? '–' : wholeNumber(packages) },
    { text: status === 'ok' ? '' : status },
  ]);
}

function compared({ engines }: Comparison): string[] {
  return engines.flatMap(({ name, status }) => (status === 'failed' ? [] : name));
}

function typeColumns(comparison: Comparison): Column[] {
  const names = [...compared(comparison), 'all'];
  const counts = names.map((name) => ({ header: name.toUpperCase(), align: 'right', overflow: 'cut' }) as const);
  return [{ header: 'TYPE', overflow: 'cut' }, ...counts];
}

function typeRows(comparison: Comparison): Cell[][] {
  return comparison.types.map(({ type, found, common }) => {
    const counts = [...compared(comparison).map((name) => found[name]!), common];
    return [{ text: type }, ...counts.map((count) => ({ text: count === 0 ? '–' : wholeNumber(count) }))];
  });
}

function rowText({ name, version, type, arch, foundBy, paths }: Difference): string {
  const more = paths.length > 1 ? ` and ${paths.length - 1} more` : '';
  const where = paths.length === 0 ? '' : `: /${paths[0]}${more}`;
  return `${name} ${version} (${arch === null ? type : `${type}/${arch}`}; ${foundBy.join(', ')})${where}`;
}

/** By who lacks it and why; what no rule explains comes first, as people should look at that. */
function groups(differences: readonly Difference[]): { engine: string; reason: Reason; rows: Difference[] }[] {
  const found = new Map<string, { engine: string; reason: Reason; rows: Difference[] }>();
  for (const difference of differences) {
    for (const { engine, reason } of difference.missing) {
      const group = found.get(`${engine} ${reason}`);
      if (group === undefined) found.set(`${engine} ${reason}`, { engine, reason, rows: [difference] });
      else group.rows.push(difference);
    }
  }
  const rank = ({ engine, reason }: { engine: string; reason: Reason }) =>
    `${reason === 'unknown' ? 0 : 1} ${engine} ${reason}`;
  return [...found.values()].toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function summary({ types, engines, differences }: Comparison): string {
  const common = types.reduce((sum, { common: count }) => sum + count, 0);
  const failed = engines.filter(({ status }) => status === 'failed').map(({ name }) => name);
  const without = failed.length === 0 ? '' : ` Not compared: ${failed.join(', ')}.`;
  const unexplained = differences.filter(({ missing }) => missing.some(({ reason }) => reason === 'unknown')).length;
  return `All agree on ${counted(common, 'row')}; ${counted(differences.length, 'row')} ${differences.length === 1 ? 'differs' : 'differ'}, ${wholeNumber(unexplained)} without a known reason.${without}`;
}
