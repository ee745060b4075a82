import { DifferenceReasons, type Reason } from './difference-reason.ts';
import type { Report, ReportCompleteness, ReportPackage } from './report.ts';

/** What several scanners found in one target, and where they differ. */
export interface Comparison {
  readonly schemaVersion: '1';
  readonly target: Report['target'];
  readonly engines: readonly (Report['engines'][number] & {
    /** Rows that it lists. */
    readonly packages: number;
  })[];
  /** Sorted by type. */
  readonly types: readonly TypeCount[];
  /** Sorted by type, name, version and place. */
  readonly differences: readonly Difference[];
  readonly gaps: ReportCompleteness['gaps'];
}

export interface TypeCount {
  readonly type: string;
  /** Rows that every engine lists. */
  readonly common: number;
  /** Rows by engine. */
  readonly found: Readonly<Record<string, number>>;
}

/** A row that one engine lists and another does not. */
export interface Difference
  extends Pick<ReportPackage, 'type' | 'name' | 'version' | 'arch' | 'purl' | 'paths' | 'foundBy'> {
  readonly missing: readonly { readonly engine: string; readonly reason: Reason }[];
}

/** Out of a report to which engines added. One that failed is compared with nothing. */
export function compareEngines({ target, engines, completeness, ...report }: Report): Comparison {
  const packages = report.packages.map(withSbomsAsOurs);
  const names = engines.flatMap(({ name, status }) => (status === 'failed' ? [] : name));
  const reasons = new DifferenceReasons(packages);
  const differences = packages.flatMap((row): Difference[] => {
    const lacking = names.filter((name) => !row.foundBy.includes(name));
    if (lacking.length === 0) return [];
    const { type, name, version, arch, purl, paths, foundBy } = row;
    const missing = lacking.map((engine) => ({ engine, reason: reasons.of(row, engine) }));
    return [{ type, name, version, arch, purl, paths, foundBy, missing }];
  });
  const rowsOf = (engine: string, rows: readonly ReportPackage[]) =>
    rows.filter(({ foundBy }) => foundBy.includes(engine)).length;
  return {
    schemaVersion: '1',
    target,
    engines: engines.map((engine) => ({ ...engine, packages: rowsOf(engine.name, packages) })),
    types: [...Map.groupBy(packages, ({ type }) => type)]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([type, rows]) => ({
        type,
        common: rows.filter(({ foundBy }) => names.every((name) => foundBy.includes(name))).length,
        found: Object.fromEntries(names.map((name) => [name, rowsOf(name, rows)])),
      })),
    differences: differences.toSorted(byPlace),
    gaps: completeness.gaps,
  };
}

/** What Plimsoll took from an SBOM in the image, it lists. */
function withSbomsAsOurs(row: ReportPackage): ReportPackage {
  if (!row.foundBy.includes('sbom')) return row;
  const others = row.foundBy.filter((name) => name !== 'sbom' && name !== 'plimsoll');
  return { ...row, foundBy: ['plimsoll', ...others].sort() };
}

function byPlace(a: Difference, b: Difference): number {
  const [keys, others] = [a, b].map(({ type, name, version, paths, purl }) => [
    type,
    name,
    version,
    paths.join('\n'),
    purl,
  ]);
  const at = keys!.findIndex((key, i) => key !== others![i]);
  return at < 0 ? 0 : keys![at]! < others![at]! ? -1 : 1;
}
