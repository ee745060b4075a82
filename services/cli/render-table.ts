import picocolors from 'picocolors';
import type { Report, ReportDocument, ReportLayer, ReportPackage } from '../domain/report/report.ts';
import { CATALOGUES } from '../domain/vulnerabilities/enrichment.ts';
import { printable, wrap } from './printable.ts';
import { renderFoundVex } from './render-found-vex.ts';
import { renderVerdict } from './render-verdict.ts';
import { hasLayers, renderVulnerabilities } from './render-vulnerabilities.ts';
import { type Cell, type Column, layTable } from './table.ts';
import { vexTexts } from './vex-lines.ts';
import { byteCount, counted, wholeNumber } from './wording.ts';

/** How to show a table on this stream: coloured on a terminal only, and not where NO_COLOR (no-color.org) is set. */
export function tableOptions(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Readonly<Record<string, string | undefined>>,
): TableOptions {
  if (!stream.isTTY) return { width: PIPE_WIDTH, colour: false };
  const colour = !environment.NO_COLOR && environment.TERM !== 'dumb';
  return { width: stream.columns || TERMINAL_WIDTH, colour };
}

export interface TableOptions {
  /** Columns of the terminal; 120 in a pipe. */
  readonly width: number;
  readonly colour: boolean;
  /** List every package also where vulnerabilities were looked up, and say more. */
  readonly packages?: boolean;
}

type Paint = ReturnType<typeof picocolors.createColors>;

/** Logs and pagers show that much, and a row that stays whole can be searched. */
const PIPE_WIDTH = 120;
/** Of a terminal that does not say. */
const TERMINAL_WIDTH = 80;
const MIN_WIDTH = 40;
/** Prose in longer lines is hard to read. */
const PROSE_WIDTH = 100;
const PROSE_LINES = 12;
/** Further SBOMs are only counted here. */
const SBOMS_SHOWN = 5;
/** Further gaps of a class are only counted here; JSON has them all. */
const GAPS_SHOWN = 20;

/** The report for people: what was scanned, its layers, its packages, what was not seen, and one line that sums it up. */
export function renderTable(document: ReportDocument, options: TableOptions): string {
  const width = Math.max(MIN_WIDTH, options.width);
  const paint = picocolors.createColors(options.colour);
  const blocksOf = (report: Report): string[][] => reportBlocks(report, width, paint, options.packages ?? false);
  const blocks = 'reports' in document ? indexBlocks(document, blocksOf, width, paint) : blocksOf(document);
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function indexBlocks(
  document: Extract<ReportDocument, { reports: unknown }>,
  blocksOf: (report: Report) => string[][],
  width: number,
  paint: Paint,
): string[][] {
  const { index, reports } = document;
  // Of --all: images, not platforms of one.
  const isAll = index.reference === '*';
  const complete = reports.filter((report) => report.completeness.status === 'complete').length;
  return [
    facts(
      [
        [isAll ? 'Images' : 'Index', `${index.kind}:${index.reference}`],
        ['Digest', index.digest],
      ],
      width,
      paint,
    ),
    ...reports.flatMap((report) => {
      const { reference, platform } = report.target;
      const title = printable(isAll ? reference : (platform ?? 'platform unknown'));
      return [[paint.bold(title), paint.dim('─'.repeat(width))], ...blocksOf(report)];
    }),
    [paint.dim('─'.repeat(width))],
    lastLines(
      complete === reports.length,
      `${complete} of ${counted(reports.length, isAll ? 'image' : 'platform')} read without blocking gaps.`,
      width,
      paint,
    ),
  ];
}

/** Packages are what a scan is about until vulnerabilities are looked up; then they only hide those. */
function reportBlocks(report: Report, width: number, paint: Paint, withPackages: boolean): string[][] {
  const isJudged =
    report.vulnerabilities !== undefined &&
    report.completeness.feeds.some(({ ecosystem }) => !CATALOGUES.includes(ecosystem));
  return [
    starter(report, width, paint),
    head(report, width, paint),
    layers(report, width, paint),
    withPackages || !isJudged ? packages(report, width, paint) : [],
    ...(isJudged ? renderVulnerabilities(report, width, paint) : []),
    sboms(report, width, paint),
    vex(report, width, paint),
    renderFoundVex(report, width, paint),
    gaps(report, 'blocking', width, paint),
    gaps(report, 'listed', width, paint),
    summary(report, width, paint),
    report.verdict === undefined ? [] : renderVerdict(report.verdict, report.completeness.feeds, width, paint),
  ].filter((lines) => lines.length > 0);
}

/** Before all else: nobody shall take the starter set for a database. */
function starter({ completeness }: Report, width: number, paint: Paint): string[] {
  const found = completeness.gaps.find(({ code }) => code === 'starter-database');
  return found === undefined
    ? []
    : wrap(found.message, width, PROSE_LINES).map((line) => paint.bold(paint.yellow(line)));
}

function head({ target, image, engines }: Report, width: number, paint: Paint): string[] {
  const distribution = image.os === null ? 'distribution unknown' : (image.os.prettyName ?? osName(image.os));
  return facts(
    [
      ['Target', `${target.kind}:${target.reference}`],
      ['Digest', target.digest],
      // A project is of no system.
      [
        'System',
        target.kind === 'dir' ? null : target.platform === null ? distribution : `${distribution}, ${target.platform}`,
      ],
      ['Engines', engines.length < 2 ? null : engines.map(engineText).join(', ')],
    ],
    width,
    paint,
  );
}

function engineText({ name, version, status }: Report['engines'][number]): string {
  return [name, version ?? [], status === 'failed' ? 'failed' : []].flat().join(' ');
}

function osName({ id, versionId }: { id: string; versionId: string | null }): string {
  return versionId === null ? id : `${id} ${versionId}`;
}

/** Labels as wide as "Target", so that a digest fits into 80 columns. */
function facts(rows: [label: string, value: string | null][], width: number, paint: Paint): string[] {
  return rows.flatMap(([label, value]) => {
    if (value === null) return [];
    const lines = wrap(printable(value), width - 8, PROSE_LINES);
    return lines.map((line, i) => `${i === 0 ? paint.dim(label.padEnd(8)) : ' '.repeat(8)}${line}`);
  });
}

const LAYER_COLUMNS: readonly Column[] = [
  { header: 'LAYER', overflow: 'cut' },
  { header: 'SIZE', align: 'right', overflow: 'cut' },
  { header: 'PACKAGES', align: 'right', overflow: 'cut' },
  { header: 'INSTRUCTION', overflow: 'cut' },
];

function layers(report: Report, width: number, paint: Paint): string[] {
  if (!hasLayers(report)) return [];
  const broken = new Set(report.completeness.gaps.filter((gap) => gap.class === 'blocking').map((gap) => gap.layer));
  const brought = Map.groupBy(
    report.packages.filter((each) => each.hiddenBy === null),
    (each) => each.layer,
  );
  const row = (layer: ReportLayer): Cell[] => {
    const alarm = broken.has(layer.index);
    const count = brought.get(layer.index)?.length ?? 0;
    return [
      {
        text: `${alarm ? '! ' : ''}${layer.index}${layer.base ? ' base' : ''}`,
        ...(alarm && { paint: paint.red }),
      },
      { text: byteCount(layer.size) },
      count === 0 ? { text: '–', paint: paint.dim } : { text: wholeNumber(count) },
      layer.instruction === null
        ? { text: 'unknown', paint: paint.dim }
        : { text: layer.instruction.replace(/\s+/g, ' ').trim() },
    ];
  };
  return layTable(LAYER_COLUMNS, report.image.layers.map(row), width, paint.bold);
}

function packages(report: Report, width: number, paint: Paint): string[] {
  if (report.packages.length === 0) return [paint.dim('No packages were found.')];
  const withLayers = hasLayers(report);
  const withEngines = report.engines.length > 1 || report.packages.some(({ foundBy }) => foundBy.includes('sbom'));
  const withNotes = report.packages.some((each) => noteOf(each) !== '');
  const columns: Column[] = [
    { header: 'PACKAGE', overflow: 'wrap' },
    { header: 'VERSION', overflow: 'wrap' },
    { header: 'TYPE', overflow: 'cut' },
  ];
  if (withEngines) columns.push({ header: 'FOUND BY', overflow: 'wrap' });
  if (withLayers) columns.push({ header: 'LAYER', align: 'right', overflow: 'cut' });
  if (withNotes) columns.push({ header: '', overflow: 'cut' });
  const row = (each: ReportPackage): Cell[] => {
    const dim = each.hiddenBy === null ? {} : { paint: paint.dim };
    const cells: Cell[] = [
      { text: each.name, ...dim },
      { text: each.version, ...dim },
      { text: each.arch === null ? each.type : `${each.type}/${each.arch}`, paint: paint.dim },
    ];
    if (withEngines) cells.push({ text: each.foundBy.join(', '), paint: paint.dim });
    if (withLayers)
      cells.push(each.layer === null ? { text: '?', paint: paint.dim } : { text: `${each.layer}`, ...dim });
    if (withNotes) cells.push({ text: noteOf(each), paint: each.hiddenBy === null ? paint.dim : paint.yellow });
    return cells;
  };
  return layTable(columns, report.packages.toSorted(byName).map(row), width, paint.bold);
}

function noteOf({ hiddenBy, development }: ReportPackage): string {
  if (hiddenBy !== null) return `hidden by ${hiddenBy}`;
  return development ? 'dev' : '';
}

/** Whatever type they are of: people look for a name. Equal ones keep the report's order. */
function byName(a: ReportPackage, b: ReportPackage): number {
  return a.name === b.name ? 0 : a.name < b.name ? -1 : 1;
}

/** Nobody vouches for them: whether they were used is said, so that nobody takes them for read. */
function sboms({ findings }: Report, width: number, paint: Paint): string[] {
  const found = findings.filter(({ kind }) => kind === 'sbom');
  if (found.length === 0) return [];
  const unused = found.filter(({ used }) => used !== true).length;
  const nameOf = ({ id, verified }: Report['findings'][number]): string => {
    return verified === false ? `${id.slice(0, 19)} (attested; nobody checked by whom)` : id;
  };
  const names = found.slice(0, SBOMS_SHOWN).map(nameOf);
  const more = found.length > SBOMS_SHOWN ? ` and ${wholeNumber(found.length - SBOMS_SHOWN)} more` : '';
  const state = unused === 0 ? 'used' : unused === found.length ? 'not used' : `${wholeNumber(unused)} not used`;
  const text = `${counted(found.length, 'SBOM')} found, ${state}: ${names.join(', ')}${more}.`;
  return wrap(printable(text), Math.min(width, PROSE_WIDTH), PROSE_LINES).map((line) => paint.dim(line));
}

function vex(report: Report, width: number, paint: Paint): string[] {
  return vexTexts(report).flatMap((text) =>
    wrap(printable(text), Math.min(width, PROSE_WIDTH), PROSE_LINES).map((line) => paint.dim(line)),
  );
}

function gaps(report: Report, kind: 'blocking' | 'listed', width: number, paint: Paint): string[] {
  const found = report.completeness.gaps.filter((gap) => gap.class === kind);
  if (found.length === 0) return [];
  const loud = kind === 'blocking';
  const title = loud
    ? `NOT SEEN: ${counted(found.length, 'blocking gap')}. Do not take this target for clean.`
    : `Also noted: ${counted(found.length, 'listed gap')}.`;
  const titleLines = wrap(title, width, PROSE_LINES).map((line) => paint.bold(loud ? paint.red(line) : line));
  const lines = found.slice(0, GAPS_SHOWN).flatMap((gap) => {
    const place = [gap.layer === null ? [] : `layer ${gap.layer}`, gap.path === null ? [] : `/${gap.path}`].flat();
    const name = [gap.code, ...place].join(', ');
    const prose = (text: string) => wrap(printable(text), Math.min(width, PROSE_WIDTH) - 2, PROSE_LINES);
    return [
      ...prose(name).map(
        (line, i) => `${i === 0 ? (loud ? paint.red('!') : '-') : ' '} ${loud ? paint.red(line) : line}`,
      ),
      ...prose(gap.message).map((line) => `  ${line}`),
    ];
  });
  if (found.length > GAPS_SHOWN) {
    lines.push(`  … and ${wholeNumber(found.length - GAPS_SHOWN)} more: --format json lists them all.`);
  }
  return [...titleLines, ...lines];
}

function summary(report: Report, width: number, paint: Paint): string[] {
  const { packages, completeness } = report;
  const { status, layersRead, layersTotal } = completeness;
  const hidden = packages.filter((each) => each.hiddenBy !== null).length;
  const blocking = completeness.gaps.filter((gap) => gap.class === 'blocking').length;
  const listed = completeness.gaps.length - blocking;
  const parts = [counted(packages.length - hidden, 'package')];
  if (hidden > 0) parts.push(`${wholeNumber(hidden)} hidden`);
  if (hasLayers(report)) {
    parts.push(
      layersRead === layersTotal
        ? counted(layersTotal, 'layer')
        : `${layersRead} of ${counted(layersTotal, 'layer')} read`,
    );
  }
  if (blocking > 0) parts.push(counted(blocking, 'blocking gap'));
  if (listed > 0) parts.push(counted(listed, 'listed gap'));
  return lastLines(status === 'complete', `${parts.join(', ')}.`, width, paint);
}

function lastLines(complete: boolean, rest: string, width: number, paint: Paint): string[] {
  const word = complete ? 'Complete' : 'Partial';
  const [first, ...others] = wrap(`${word}: ${rest}`, width, PROSE_LINES);
  const painted = paint.bold(complete ? paint.green(word) : paint.red(word));
  return [`${painted}${first!.slice(word.length)}`, ...others];
}
