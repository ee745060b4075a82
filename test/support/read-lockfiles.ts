import type { Limits } from '../../services/domain/limits.ts';
import type { Analyzer, DatabaseUnit, PackageRecord } from '../../services/domain/packages/ecosystem.ts';
import { readContext } from './read-context.ts';

/** The files of a project, by path. */
export type ProjectFiles = Readonly<Record<string, string | Uint8Array>>;

/** What an analyzer of lockfiles makes of the files of a project that it wants, as a scan hands them over. */
export function readLockfiles(
  analyzer: Analyzer,
  files: ProjectFiles,
  limits: Partial<Limits> = {},
): readonly DatabaseUnit[] {
  const context = readContext(limits);
  const wanted = Object.entries(files).flatMap(([path, content]) => {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const wants = analyzer.wants({ path, type: 'file', mode: 0o644, size: bytes.length }, () => bytes);
    return wants === 'no' ? [] : [{ path, bytes }];
  });
  if (!analyzer.perFile) return analyzer.readDatabase(wanted, context).units;
  return wanted.flatMap((file) => analyzer.readDatabase([file], context).units);
}

/** `name@version`, with `development` behind it where it is, then flaws as `code: message`; by file. */
export function lockfileRows(
  analyzer: Analyzer,
  files: ProjectFiles,
  limits: Partial<Limits> = {},
): Record<string, string[]> {
  const units = readLockfiles(analyzer, files, limits);
  return Object.fromEntries(
    units.map(({ path, packages, gaps }) => [
      path,
      [...packages.map(rowOf), ...gaps.map(({ code, message }) => `${code}: ${message}`)],
    ]),
  );
}

function rowOf({ name, version, development }: PackageRecord): string {
  return `${name}@${version}${development ? ' development' : ''}`;
}

/** The one file that is read of a project: each package with all that was said of it, and the codes of the flaws. */
export function lockedLines(analyzer: Analyzer, files: ProjectFiles): { rows: string[]; gaps: string[] } {
  const units = readLockfiles(analyzer, files);
  const rows = units.flatMap(({ packages }) => packages.map(lineOf));
  return { rows, gaps: units.flatMap(({ gaps }) => gaps.map(({ code }) => code)) };
}

/** `NAME VERSION [LICENCES] dev → DEPENDENCIES` */
function lineOf({ name, version, licenses, development, dependsOn }: PackageRecord): string {
  const parts = [name, version];
  if (licenses.length > 0) parts.push(`[${licenses.join(', ')}]`);
  if (development) parts.push('dev');
  if (dependsOn.length > 0) parts.push('→', dependsOn.join(' '));
  return parts.join(' ');
}
