import type picocolors from 'picocolors';
import type { Report, Vulnerability } from '../domain/report/report.ts';
import { compareSeverities, type SeverityLevel } from '../domain/vulnerabilities/advisory.ts';
import { countSeverities, type SeverityCounts, type Upgrade, upgradesOf } from '../domain/vulnerabilities/upgrades.ts';
import { wrap } from './printable.ts';
import { type Cell, type Column, layTable } from './table.ts';
import { counted, wholeNumber } from './wording.ts';

type Paint = ReturnType<typeof picocolors.createColors>;

/** Upgrades shown; each vulnerability stands in the list below them anyway. */
const UPGRADES_SHOWN = 10;

const TOTALS = 'Vulnerabilities';
const TOTALS_LINES = 6;

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
  return [
    upgrades(report, width, paint),
    list(report, rows, width, paint),
    totals(report, rows, suppressed, width, paint),
  ].filter((lines) => lines.length > 0);
}

const UPGRADE_COLUMNS: readonly Column[] = [
  { header: 'UPGRADE', overflow: 'cut' },
  { header: 'INSTALLED', overflow: 'wrap' },
  { header: 'TO', overflow: 'wrap' },
  { header: 'RESOLVES', overflow: 'wrap' },
];
const LAYER_COLUMN: Column = { header: 'LAYER', align: 'right', overflow: 'cut' };

/** Whether layers say where things came from: an installed system and a project have none. */
export function hasLayers({ target, image }: Report): boolean {
  return image.layers.length > 0 && target.kind !== 'rootfs' && target.kind !== 'dir';
}

/** A column and its cells only where they say something. */
function where<Item>(isThere: boolean, items: readonly Item[]): readonly Item[] {
  return isThere ? items : [];
}

function upgrades(report: Report, width: number, paint: Paint): string[] {
  const all = upgradesOf(report);
  if (all.length === 0) return [];
  const row = ({ packages, installed, to, resolves, exploited, layer }: Upgrade): Cell[] => [
    { text: packages.join(', ') },
    { text: installed, paint: paint.dim },
    { text: to },
    {
      text: `${exploited ? 'exploited; ' : ''}${summed(resolves)}`,
      paint: tint(exploited, [...resolves.keys()][0], paint),
    },
    ...where(hasLayers(report), [{ text: layerText(report, layer) }]),
  ];
  const columns = [...UPGRADE_COLUMNS, ...where(hasLayers(report), [LAYER_COLUMN])];
  const lines = layTable(columns, all.slice(0, UPGRADES_SHOWN).map(row), width, paint.bold);
  if (all.length > UPGRADES_SHOWN) {
    lines.push(paint.dim(`… and ${counted(all.length - UPGRADES_SHOWN, 'more upgrade')} that resolve less.`));
  }
  return lines;
}

const COLUMNS: readonly Column[] = [
  { header: 'SEVERITY', overflow: 'cut' },
  { header: 'VULNERABILITY', overflow: 'wrap', firm: true },
  { header: 'PACKAGE', overflow: 'wrap' },
  { header: 'INSTALLED', overflow: 'wrap' },
  { header: 'FIXED IN', overflow: 'wrap' },
];
const FILE_COLUMN: Column = { header: 'FILE', overflow: 'cut' };

/** Packages of one source that have it alike are one line: the first of them, and how many more. */
function list(report: Report, rows: readonly Vulnerability[], width: number, paint: Paint): string[] {
  if (rows.length === 0) return [];
  const isProject = report.target.kind === 'dir';
  const packages = new Map(report.packages.map((item) => [item.id, item]));
  const alike = (each: Vulnerability): string => {
    const { id, installedVersion, fixedVersion, status, severity, layer } = each;
    const item = packages.get(each.packageId);
    const source = item?.source?.name ?? item?.name ?? each.purl;
    return JSON.stringify([id, item?.type, source, installedVersion, fixedVersion, status, severity, layer]);
  };
  const groups = Array.from(Map.groupBy(rows, alike).values(), (same) => {
    const names = [...new Set(same.map(({ packageId, purl }) => packages.get(packageId)?.name ?? purl))].sort(order);
    return { first: same[0]!, name: names[0]!, more: names.length - 1 };
  });
  const sorted = groups.sort((a, b) => {
    const rank = rankOf(a.first) - rankOf(b.first) || compareSeverities(a.first.severity, b.first.severity);
    const likely = (b.first.epss?.probability ?? 0) - (a.first.epss?.probability ?? 0);
    return rank || likely || order(a.name, b.name) || order(a.first.id, b.first.id);
  });
  const row = ({ first, name, more }: (typeof groups)[number]): Cell[] => [
    {
      text: `${first.severity}${first.kev === null ? '' : ' !'}`,
      paint: tint(first.kev !== null, first.severity, paint),
    },
    { text: first.id },
    { text: more === 0 ? name : `${name} +${more}` },
    { text: first.installedVersion, paint: paint.dim },
    isFixable(first) ? { text: first.fixedVersion! } : { text: WITHOUT_FIX[first.status], paint: paint.dim },
    ...where(hasLayers(report), [{ text: layerText(report, first.layer) }]),
    ...where(isProject, [{ text: packages.get(first.packageId)?.paths[0] ?? '', paint: paint.dim }]),
  ];
  const columns = [...COLUMNS, ...where(hasLayers(report), [LAYER_COLUMN]), ...where(isProject, [FILE_COLUMN])];
  return layTable(columns, sorted.map(row), width, paint.bold);
}

/** What is exploited, then what can be mended, then the rest. */
function rankOf(row: Vulnerability): number {
  return row.kev !== null ? 0 : isFixable(row) ? 1 : 2;
}

function isFixable({ status, fixedVersion }: Vulnerability): boolean {
  return status === 'fixed' && fixedVersion !== null;
}

function totals(
  report: Report,
  rows: readonly Vulnerability[],
  suppressed: number,
  width: number,
  paint: Paint,
): string[] {
  const counts = countSeverities(rows);
  const distinct = new Set(rows.map(({ id }) => id)).size;
  const fixable = new Set(rows.filter(isFixable).map(({ id }) => id)).size;
  const exploited = new Set(rows.filter(({ kev }) => kev !== null).map(({ id }) => id)).size;
  // With a blocking gap "none" would read as clean.
  const none = report.completeness.status === 'complete' ? 'none known' : 'none known of what was seen and judged';
  const parts = [distinct === 0 ? none : `${wholeNumber(distinct)}: ${summed(counts)}`];
  if (distinct > 0) parts.push(`${wholeNumber(fixable)} with a fix`);
  if (exploited > 0) parts.push(`${wholeNumber(exploited)} known to be exploited (!)`);
  const ofBase = rows.filter(({ layer }) => layer !== null && report.image.layers[layer]?.base === true);
  if (ofBase.length > 0) parts.push(`${wholeNumber(new Set(ofBase.map(({ id }) => id)).size)} from the base image`);
  if (suppressed > 0) parts.push(`${counted(suppressed, 'row')} suppressed`);
  const [first, ...others] = wrap(`${TOTALS}  ${parts.join('; ')}.`, width, TOTALS_LINES);
  return [`${paint.bold(TOTALS)}${first!.slice(TOTALS.length)}`, ...others];
}

function summed(counts: SeverityCounts): string {
  return Array.from(counts, ([severity, count]) => `${wholeNumber(count)} ${severity}`).join(', ');
}

function layerText({ image }: Report, layer: number | null): string {
  if (layer === null) return '?';
  return image.layers[layer]?.base ? `${layer} base` : `${layer}`;
}

/** What is exploited is as loud as can be, whatever anybody rates it. */
function tint(exploited: boolean, severity: SeverityLevel | undefined, paint: Paint): (text: string) => string {
  if (exploited || severity === 'critical') return (text) => paint.bold(paint.red(text));
  if (severity === 'high') return paint.red;
  return severity === 'medium' ? paint.yellow : paint.dim;
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
