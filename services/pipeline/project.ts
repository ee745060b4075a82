import { type Gap, type GapCode, gap } from '../domain/completeness.ts';
import { displayPath } from '../domain/layers/path.ts';
import type { Analyzer } from '../domain/packages/ecosystem.ts';
import type { PackageList } from './list-packages.ts';

/** Of a whole lockfile, and of one package that it names. */
const UNREAD: ReadonlySet<GapCode> = new Set<GapCode>(['package-file-unparsable', 'package-record-invalid']);

const NO_HEAD = () => new Uint8Array(0);

/**
 * The packages of a project. A lockfile that could not be read, wholly or in part, is what was asked for, and no trifle
 * beside an image; and one that is a link is read only where it leads to another lockfile of the project.
 */
export function asProject(list: PackageList, analyzers: readonly Analyzer[]): PackageList {
  const gaps = list.gaps.map((found): Gap => {
    const { code, message, layer, path } = found;
    return UNREAD.has(code) ? gap('lockfile-unparsable', message, { layer, path }) : found;
  });
  return { ...list, gaps: [...gaps, ...linkGaps(list, analyzers)] };
}

function linkGaps({ view }: PackageList, analyzers: readonly Analyzer[]): Gap[] {
  const gaps: Gap[] = [];
  for (const { path, layer, entry } of view.below('')) {
    if (entry.type !== 'symlink') continue;
    const isWanted = ({ wants }: Analyzer, name: string): boolean =>
      wants({ path: name, type: 'file', mode: entry.mode, size: 0 }, NO_HEAD) !== 'no';
    const wanting = analyzers.filter((analyzer) => isWanted(analyzer, path));
    if (wanting.length === 0) continue;
    const resolved = view.resolve(path);
    const real = resolved.kind === 'found' && resolved.found.entry.type === 'file' ? resolved.found.path : null;
    if (real !== null && wanting.every((analyzer) => isWanted(analyzer, real))) continue;
    const message = `it is a link to ${displayPath(entry.target ?? '')}, and links are followed to lockfiles of the project only`;
    gaps.push(gap('wanted-file-unreadable', message, { layer, path }));
  }
  return gaps;
}
