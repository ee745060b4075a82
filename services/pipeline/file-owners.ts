import { decodeFileLists, fileListsPart } from '../domain/layers/facts.ts';
import { baseOf, joinPath, parentOf } from '../domain/layers/path.ts';
import type { ImageView } from '../domain/layers/view.ts';
import type { WantedFile } from '../domain/layers/wanted-files.ts';
import { type AttributedPackage, fileListNames } from '../domain/packages/attribution.ts';
import type { FactsOptions, LayerFacts } from './read-facts.ts';

/** Where the package databases of an image lie. */
export interface FoundDatabases {
  readonly view: ImageView;
  /** The files of package databases as the image stands. */
  readonly databaseFiles: readonly WantedFile[];
  /** Facts that the second reading brought, by layer. */
  readonly extraParts: ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>;
}

/** Of these real paths: the distribution package that owns each. */
export async function distributionOwners(
  databases: FoundDatabases,
  layers: readonly LayerFacts[],
  options: FactsOptions,
  paths: ReadonlySet<string>,
  installed: readonly AttributedPackage[],
): Promise<Map<string, AttributedPackage>> {
  const owners = new Map<string, AttributedPackage>();
  if (paths.size === 0) return owners;
  const names = new Set(Array.from(paths, baseOf));
  const byName = new Map<string, AttributedPackage>();
  for (const entry of installed) {
    if (entry.hiddenBy === null) for (const name of fileListNames(entry.record)) byName.set(name, entry);
  }
  for (const [path, name] of await fileOwners(databases, layers, options, (base) => names.has(base))) {
    const owner = byName.get(name);
    if (owner !== undefined && paths.has(path)) owners.set(path, owner);
  }
  return owners;
}

/**
 * Which package owns which real path, as its file list names it (`FileList.package`). Databases name files by the paths
 * they were packed under (before usr-merge, say). `isAsked` tells by a base name whether anybody will ask.
 */
export async function fileOwners(
  { view, databaseFiles, extraParts }: FoundDatabases,
  layers: readonly LayerFacts[],
  options: FactsOptions,
  isAsked: (baseName: string) => boolean = () => true,
): Promise<Map<string, string>> {
  const owners = new Map<string, string>();
  const real = realDirectories(view);
  // A part holds the lists of one layer together: it is decoded once for all of them.
  const byPart = new Map<string, { layer: number; part: string; realPaths: Set<string> }>();
  for (const { analyzer, layer, realPath } of databaseFiles) {
    const part = fileListsPart(analyzer);
    const key = `${layer} ${part}`;
    const known = byPart.get(key) ?? { layer, part, realPaths: new Set() };
    known.realPaths.add(realPath);
    byPart.set(key, known);
  }
  for (const { layer, part, realPaths } of byPart.values()) {
    for (const bytes of [await firstReading(layers[layer]!, part, options), extraParts.get(layer)?.get(part)]) {
      if (bytes === null || bytes === undefined) continue;
      for (const located of decodeFileLists(bytes)) {
        if (!realPaths.has(located.realPath)) continue;
        for (const { package: owner, paths } of located.fileLists) {
          for (const path of paths) {
            const name = baseOf(path);
            if (isAsked(name)) owners.set(joinPath(real(parentOf(path)), name), owner);
          }
        }
      }
    }
  }
  return owners;
}

/** File lists are left in the cache until they are asked for. */
async function firstReading(
  { parts, digest }: LayerFacts,
  part: string,
  { cache }: FactsOptions,
): Promise<Uint8Array | null> {
  return parts.get(part) ?? (digest === null || cache === null ? null : await cache.get({ digest, part }));
}

/** Real paths of directories; of each only its last component is looked up, as those above it are known by then. */
function realDirectories(view: ImageView): (directory: string) => string {
  const known = new Map<string, string>([['', '']]);
  const real = (directory: string): string => {
    const before = known.get(directory);
    if (before !== undefined) return before;
    const path = joinPath(real(parentOf(directory)), baseOf(directory));
    const resolved = view.find(path)?.entry.type === 'symlink' ? view.resolve(path) : null;
    const found = resolved?.kind === 'found' ? resolved.found.path : path;
    known.set(directory, found);
    return found;
  };
  return real;
}
