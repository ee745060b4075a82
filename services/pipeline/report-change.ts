import type { Report, Vulnerability } from '../domain/report/report.ts';
import type { ChangedVulnerability, ReportChange } from './rescan-ports.ts';

/** What became of a report when it was judged again; null where nobody would call it a change. Both have a verdict. */
export function changeBetween(before: Report, after: Report): ReportChange | null {
  const [old, now] = [before, after].map(rowsByKey);
  const appeared = [...now!].flatMap(([key, row]) => (old!.has(key) ? [] : row));
  const vanished = [...old!].flatMap(([key, row]) => (now!.has(key) ? [] : row));
  const altered = [...now!].flatMap(([key, row]) => {
    const other = old!.get(key);
    return other === undefined || isAlike(other, row) ? [] : { before: other, after: row };
  });
  const decision = { before: before.verdict!.decision, after: after.verdict!.decision };
  if (appeared.length + vanished.length + altered.length === 0 && decision.before === decision.after) return null;
  return { decision, appeared, vanished, altered };
}

function rowsByKey({ vulnerabilities = [] }: Report): ReadonlyMap<string, ChangedVulnerability> {
  return new Map(vulnerabilities.map((row) => [`${row.packageId}\0${row.id}`, asChanged(row)]));
}

function asChanged({ id, packageId, severity, status, fixedVersion, kev, suppressed }: Vulnerability) {
  return { id, packageId, severity, status, fixedVersion, kev: kev !== null, suppressed: suppressed !== undefined };
}

function isAlike(a: ChangedVulnerability, b: ChangedVulnerability): boolean {
  return (['severity', 'status', 'fixedVersion', 'kev', 'suppressed'] as const).every((key) => a[key] === b[key]);
}
