import { decodeFileLists, fileListsPart } from '../domain/layers/facts.ts';
import type { InventoryEntry } from '../domain/layers/inventory.ts';
import { baseOf, joinPath, parentOf } from '../domain/layers/path.ts';
import type { ImageView } from '../domain/layers/view.ts';
import { listPackages, type PackageList } from './list-packages.ts';
import { type FactsOptions, type LayerFacts, readFacts } from './read-facts.ts';
import { resolveImages } from './resolve-images.ts';
import type { ScanDependencies, ScanRequest } from './scan-target.ts';

/** One file of the merged image. */
export interface ListedFile {
  readonly path: string;
  readonly type: InventoryEntry['type'];
  readonly mode: number;
  readonly size: number;
  readonly target: string | null;
  readonly sha256: string | null;
  /** The layer that has it, base first. */
  readonly layer: number;
  /** The distribution package that owns it, as its database keys it. */
  readonly owner: string | null;
}

/** The merged file system of one image with the layer and the package of each file; `onFile` is called in tree order. */
export async function listFiles(
  request: ScanRequest,
  dependencies: ScanDependencies,
  onFile: (file: ListedFile) => void,
): Promise<{ complete: boolean }> {
  const { target, platform } = request;
  const opened = await dependencies.opener.open(target, request);
  try {
    const selector = target.kind === 'rootfs' ? null : target.selector;
    const { images } = await resolveImages(opened, selector, platform === 'all' ? null : platform, dependencies.sha256);
    const options = { ...request, ...dependencies };
    const layers = await readFacts(images[0]!, dependencies.reader, options);
    const list = await listPackages(layers, dependencies.reader, options);
    const owners = await ownersOf(list, layers, options);
    for (const { path, layer, entry } of list.view.below('')) {
      const { type, mode, size, target: link, sha256 } = entry;
      onFile({ path, type, mode, size, target: link, sha256, layer, owner: owners.get(path) ?? null });
    }
    return { complete: layers.every(({ read }) => read) };
  } finally {
    await opened.close();
  }
}

/** Which package owns which real path. Databases name files by the paths they were packed under (before usr-merge, say). */
async function ownersOf(
  list: PackageList,
  layers: readonly LayerFacts[],
  options: FactsOptions,
): Promise<Map<string, string>> {
  const owners = new Map<string, string>();
  const real = realDirectories(list.view);
  // A part holds the lists of one layer together: it is decoded once for all of them.
  const byPart = new Map<string, { layer: number; part: string; realPaths: Set<string> }>();
  for (const { analyzer, layer, realPath } of list.databaseFiles) {
    const part = fileListsPart(analyzer);
    const key = `${layer} ${part}`;
    const known = byPart.get(key) ?? { layer, part, realPaths: new Set() };
    known.realPaths.add(realPath);
    byPart.set(key, known);
  }
  for (const { layer, part, realPaths } of byPart.values()) {
    for (const bytes of [await firstReading(layers[layer]!, part, options), list.extraParts.get(layer)?.get(part)]) {
      if (bytes === null || bytes === undefined) continue;
      for (const located of decodeFileLists(bytes)) {
        if (!realPaths.has(located.realPath)) continue;
        for (const { package: owner, paths } of located.fileLists) {
          for (const path of paths) owners.set(joinPath(real(parentOf(path)), baseOf(path)), owner);
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

function realDirectories(view: ImageView): (directory: string) => string {
  const known = new Map<string, string>();
  return (directory) => {
    let real = known.get(directory);
    if (real === undefined) {
      const resolved = directory === '' ? null : view.resolve(directory);
      real = resolved?.kind === 'found' ? resolved.found.path : directory;
      known.set(directory, real);
    }
    return real;
  };
}
