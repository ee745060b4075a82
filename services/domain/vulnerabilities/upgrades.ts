import type { Report, ReportPackage, Vulnerability } from '../report/report.ts';
import { compareSeverities, SEVERITY_LEVELS, type SeverityLevel } from './advisory.ts';
import { versionOrder } from './version-order.ts';

export type SeverityCounts = ReadonlyMap<SeverityLevel, number>;

/** Packages built from one source, which are upgraded together, and what that resolves. */
export interface Upgrade {
  /** Names of the packages, sorted. */
  readonly packages: readonly string[];
  readonly installed: string;
  /** The lowest version that resolves all of them. */
  readonly to: string;
  /** Distinct vulnerabilities by severity, worst first. */
  readonly resolves: SeverityCounts;
  /** Whether one of them is known to be exploited (KEV). */
  readonly exploited: boolean;
  /** The layer that brought the packages; null where they came by several, or nobody knows. */
  readonly layer: number | null;
}

/** How many distinct ids there are of each severity, worst first. An id that several packages have counts once, by its worst. */
export function countSeverities(vulnerabilities: readonly Vulnerability[]): SeverityCounts {
  const worst = new Map<string, SeverityLevel>();
  for (const { id, severity } of vulnerabilities) {
    const known = worst.get(id);
    if (known === undefined || compareSeverities(severity, known) < 0) worst.set(id, severity);
  }
  const counts = Map.groupBy(worst.values(), (severity) => severity);
  return new Map(
    SEVERITY_LEVELS.flatMap((severity) => (counts.has(severity) ? [[severity, counts.get(severity)!.length]] : [])),
  );
}

/** What can be upgraded, that which resolves the worst and the most first. Suppressed rows and hidden packages are passed over. */
export function upgradesOf({
  packages,
  vulnerabilities = [],
}: Pick<Report, 'packages' | 'vulnerabilities'>): Upgrade[] {
  const byId = new Map(packages.map((each) => [each.id, each]));
  const groups = new Map<string, { packages: ReportPackage[]; rows: Vulnerability[] }>();
  for (const row of vulnerabilities) {
    const each = byId.get(row.packageId);
    if (each === undefined || each.hiddenBy !== null || row.suppressed !== undefined) continue;
    if (row.status !== 'fixed' || row.fixedVersion === null) continue;
    const key = JSON.stringify([each.type, each.source?.name ?? each.name, each.version, each.ownedBy]);
    const group = groups.get(key) ?? { packages: [], rows: [] };
    group.packages.push(each);
    group.rows.push(row);
    groups.set(key, group);
  }
  return Array.from(groups.values(), toUpgrade).sort(byUrgency);
}

function toUpgrade({
  packages,
  rows,
}: {
  packages: readonly ReportPackage[];
  rows: readonly Vulnerability[];
}): Upgrade {
  const [first] = packages;
  const order = versionOrder('ECOSYSTEM', first!.type);
  const fixes = rows.map(({ fixedVersion }) => fixedVersion!);
  const layers = new Set(packages.map(({ layer }) => layer));
  return {
    packages: [...new Set(packages.map(({ name }) => name))].sort(),
    installed: first!.version,
    // Two that do not compare: the later row wins, and each row still names its own.
    to: fixes.reduce((highest, fix) => (order?.compare(highest, fix) === 1 ? highest : fix)),
    resolves: countSeverities(rows),
    exploited: rows.some(({ kev }) => kev !== null),
    layer: layers.size === 1 ? first!.layer : null,
  };
}

function byUrgency(a: Upgrade, b: Upgrade): number {
  if (a.exploited !== b.exploited) return a.exploited ? -1 : 1;
  for (const severity of SEVERITY_LEVELS) {
    const difference = (b.resolves.get(severity) ?? 0) - (a.resolves.get(severity) ?? 0);
    if (difference !== 0) return difference;
  }
  return a.packages[0]! < b.packages[0]! ? -1 : 1;
}
