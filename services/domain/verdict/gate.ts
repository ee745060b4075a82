import type { Report, Vulnerability } from '../report/report.ts';
import type { SeverityLevel } from '../vulnerabilities/advisory.ts';

/** What the gate looks at; null, false: at everything. */
export interface Gate {
  readonly severities: readonly SeverityLevel[] | null;
  readonly ignoreUnfixed: boolean;
}

export const OPEN_GATE: Gate = { severities: null, ignoreUnfixed: false };

export const SEVERITIES = [
  'critical',
  'high',
  'medium',
  'low',
  'negligible',
  'none',
  'unknown',
] as const satisfies readonly SeverityLevel[];

/** Whether the row counts: it is not suppressed, and the gate does not leave it out. */
export function isJudged(row: Vulnerability, gate: Gate): boolean {
  return row.suppressed === undefined && passesGate(row, gate);
}

/** Whether the gate leaves the row in, suppressed or not. */
export function passesGate(row: Vulnerability, { severities, ignoreUnfixed }: Gate): boolean {
  if (ignoreUnfixed && row.fixedVersion === null) return false;
  return severities === null || severities.includes(row.severity);
}

/** Why a violation of today is none of this change. */
export interface Baseline {
  has(violation: { readonly rule: string; readonly evidence: Readonly<Record<string, unknown>> }): boolean;
}

type Found = Parameters<Baseline['has']>[0];

/**
 * What an older report shows already. A vulnerability is known where its id, the name of its package (purl without version) and each of the
 * package's paths are there; any other violation where its rule found the same of a package of that name.
 */
export function baselineOf(
  older: Pick<Report, 'packages' | 'vulnerabilities'>,
  violationsOfOlder: readonly Found[],
  today: Pick<Report, 'packages'>,
): Baseline {
  const pathsOf = (packages: Report['packages']) =>
    new Map(packages.map(({ id, paths }) => [id, paths.length > 0 ? paths : ['']]));
  const olderPaths = pathsOf(older.packages);
  const todaysPaths = pathsOf(today.packages);
  const vulnerabilities = new Set(
    (older.vulnerabilities ?? []).flatMap(({ id, purl, packageId }) =>
      (olderPaths.get(packageId) ?? []).map((path) => JSON.stringify([id, purlName(purl), path])),
    ),
  );
  const others = new Set(violationsOfOlder.map(findingKey));
  return {
    has(violation) {
      const { vulnerability, purl, package: packageId } = violation.evidence;
      if (typeof vulnerability !== 'string' || typeof purl !== 'string') return others.has(findingKey(violation));
      const paths = todaysPaths.get(String(packageId)) ?? [];
      return (
        paths.length > 0 &&
        paths.every((path) => vulnerabilities.has(JSON.stringify([vulnerability, purlName(purl), path])))
      );
    },
  };
}

function findingKey({ rule, evidence }: Found): string {
  const { purl, licence } = evidence;
  return JSON.stringify([rule, typeof purl === 'string' ? purlName(purl) : null, licence ?? null]);
}

/** A package URL without version, qualifiers and subpath. */
export function purlName(purl: string): string {
  return /^[^@?#]*/.exec(purl)![0];
}
