import picomatch from 'picomatch/posix.js';
import type { Report, ReportPackage, Vulnerability } from '../report/report.ts';
// Apart from how exceptions are read: a scan without any loads no schema library.
import type { VulnerabilityException } from './exceptions.ts';
import { parsePurlPattern } from './purl-pattern.ts';

/** The first exception that covers the row; null where none does. */
export function exceptionFor(
  exceptions: readonly VulnerabilityException[],
  row: Vulnerability,
  item: ReportPackage,
  target: Report['target'],
): VulnerabilityException | null {
  const names = new Set([row.id, ...row.aliases]);
  const { kind, reference, digest } = target;
  // Globs know no `./` at their start.
  const images = [reference.replace(/^(?:\.\/)+/, ''), `${kind}:${reference}`, digest ?? []].flat();
  return (
    exceptions.find(
      (each) =>
        names.has(each.vulnerability) &&
        (each.packages === undefined || each.packages.some((text) => parsePurlPattern(text)!.matches(item.purl))) &&
        holds(each.paths, item.paths) &&
        holds(each.images, images),
    ) ?? null
  );
}

/** Whether a glob matches any of the texts; without globs everything does. */
function holds(globs: readonly string[] | undefined, texts: readonly string[]): boolean {
  if (globs === undefined) return true;
  const matches = picomatch([...globs], { dot: true });
  return texts.some((text) => matches(text));
}
