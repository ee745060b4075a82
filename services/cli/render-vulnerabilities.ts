import type picocolors from 'picocolors';
import type { Report, Vulnerability } from '../domain/report/report.ts';
import { compareSeverities, type SeverityLevel } from '../domain/vulnerabilities/advisory.ts';
import { countSeverities, type SeverityCounts, type Upgrade, upgradesOf } from '../domain/vulnerabilities/upgrades.ts';
import { type Cell, type Column, layTable } from './table.ts';
import { counted, wholeNumber } from './wording.ts';

type Paint = ReturnType<typeof picocolors.createColors>;

/** Upgrades shown; each vulnerability stands in the list below them anyway. */
const UPGRADES_SHOWN = 10;

/** What a status without a fix reads in the place of one. */
const WITHOUT_FIX: Readonly<Record<Vulnerability['status'], string>> = {
  affected: 'no fix yet',
  fixed: 'no fix yet',
  will_not_fix: "won't fix",
  fix_deferred: 'deferred',
  end_of_life: 'end of life',
  under_investigation: 'being looked at',
  unknown: 'cannot tell',
};

/**
 * What to do first, then every vulnerability: exploited ones and those that have a fix on top, worst first. Suppressed
 * ones are counted only. No blocks where nothing was looked up.
 */
export function renderVulnerabilities(report: Report, width: number, paint: Paint): string[][] {
  if (report.vulnerabilities === undefined) return [];
  const rows = report.vulnerabilities.filter(({ suppressed }) => suppressed === undefined);
  const suppressed = report.vulnerabilities.length - rows.length;
  return [upgrades(report, width, paint), list(report, rows, width, paint), totals(rows, suppressed, paint)].filter(
    (lines) => lines.length > 0,
  );
}

const UPGRADE_COLUMNS: readonly Column[] = [
  { header: 'UPGRADE', overflow: 'cut' },
  { header: 'INSTALLED', overflow: 'wrap' },
  { header: 'TO', overflow: 'wrap' },
  { header: 'RESOLVES', overflow: 'wrap' },
  { header: 'LAYER', align: 'right', overflow: 'cut' },
];

function upgrades(report: Report, width: number, paint: Paint): string[] {
  const all = upgradesOf(report);
  if (all.length === 0) return [];
  const row = ({ packages, installed, to, resolves, exploited, layer }: Upgrade): Cell[] => [
    { text: packages.join(', ') },
    { text: installed, paint: paint.dim },
    { text: to },
    { text: `${exploited ? 'exploited; ' : ''}${summed(resolves)}`, paint: tint([...resolves.keys()][0], paint) },
    { text: layerText(report, layer) },
  ];
  const lines = layTable(UPGRADE_COLUMNS, all.slice(0, UPGRADES_SHOWN).map(row), width, paint.bold);
  if (all.length > UPGRADES_SHOWN) {
    lines.push(paint.dim(`… and ${counted(all.length - UPGRADES_SHOWN, 'more upgrade')} that resolve less.`));
  }
  return lines;
}

const COLUMNS: readonly Column[] = [
  { header: 'SEVERITY', overflow: 'cut' },
  { header: 'VULNERABILITY', overflow: 'wrap' },
  { header: 'PACKAGE', overflow: 'wrap' },
  { header: 'INSTALLED', overflow: 'wrap' },
  { header: 'FIXED IN', overflow: 'wrap' },
  { header: 'LAYER', align: 'right', overflow: 'cut' },
];

function list(report: Report, rows: readonly Vulnerability[], width: number, paint: Paint): string[] {
  if (rows.length === 0) return [];
  const names = new Map(report.packages.map(({ id, name }) => [id, name]));
  const row = (each: Vulnerability): Cell[] => [
    { text: `${each.severity}${each.kev === null ? '' : ' !'}`, paint: tint(each.severity, paint) },
    { text: each.id },
    { text: names.get(each.packageId) ?? each.purl },
    { text: each.installedVersion, paint: paint.dim },
    isFixable(each) ? { text: each.fixedVersion! } : { text: WITHOUT_FIX[each.status], paint: paint.dim },
    { text: layerText(report, each.layer) },
  ];
  const name = ({ packageId }: Vulnerability): string => names.get(packageId) ?? '';
  const sorted = rows.toSorted((a, b) => {
    const rank = rankOf(a) - rankOf(b) || compareSeverities(a.severity, b.severity);
    return (
      rank || (b.epss?.probability ?? 0) - (a.epss?.probability ?? 0) || order(name(a), name(b)) || order(a.id, b.id)
    );
  });
  return layTable(COLUMNS, sorted.map(row), width, paint.bold);
}

/** What is exploited, then what can be mended, then the rest. */
function rankOf(row: Vulnerability): number {
  return row.kev !== null ? 0 : isFixable(row) ? 1 : 2;
}

function isFixable({ status, fixedVersion }: Vulnerability): boolean {
  return status === 'fixed' && fixedVersion !== null;
}

function totals(rows: readonly Vulnerability[], suppressed: number, paint: Paint): string[] {
  const counts = countSeverities(rows);
  const distinct = new Set(rows.map(({ id }) => id)).size;
  const fixable = new Set(rows.filter(isFixable).map(({ id }) => id)).size;
  const exploited = new Set(rows.filter(({ kev }) => kev !== null).map(({ id }) => id)).size;
  const parts = [distinct === 0 ? 'none known' : `${wholeNumber(distinct)}: ${summed(counts)}`];
  if (distinct > 0) parts.push(`${wholeNumber(fixable)} with a fix`);
  if (exploited > 0) parts.push(`${wholeNumber(exploited)} known to be exploited (!)`);
  if (suppressed > 0) parts.push(`${counted(suppressed, 'row')} suppressed`);
  return [`${paint.bold('Vulnerabilities')}  ${parts.join('; ')}.`];
}

function summed(counts: SeverityCounts): string {
  return Array.from(counts, ([severity, count]) => `${wholeNumber(count)} ${severity}`).join(', ');
}

function layerText({ image }: Report, layer: number | null): string {
  if (layer === null) return '?';
  return image.layers[layer]?.base ? `${layer} base` : `${layer}`;
}

function tint(severity: SeverityLevel | undefined, paint: Paint): (text: string) => string {
  if (severity === 'critical') return (text) => paint.bold(paint.red(text));
  if (severity === 'high') return paint.red;
  return severity === 'medium' ? paint.yellow : paint.dim;
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
