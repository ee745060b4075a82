import { PlimsollError } from '../domain/errors.ts';
import type { InventoryEntry } from '../domain/layers/inventory.ts';
import { fileOwners } from './file-owners.ts';
import type { ProgressSink } from './layer-ports.ts';
import { listPackages } from './list-packages.ts';
import { readFacts } from './read-facts.ts';
import { resolveImages } from './resolve-images.ts';
import { analyzersOf, type ScanDependencies, type ScanRequest } from './scan-target.ts';

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
    if (opened.kind === 'sbom') throw new PlimsollError('USAGE', 'an SBOM lists no file system; name the image itself');
    const selector = 'selector' in target ? target.selector : null;
    const { images } = await resolveImages(opened, selector, platform === 'all' ? null : platform, dependencies.sha256);
    const onProgress: ProgressSink = (progress) => request.onProgress({ ...progress, image: 0, images: 1 });
    const options = { ...request, ...dependencies, onProgress, analyzers: await analyzersOf(request, dependencies) };
    const layers = await readFacts(images[0]!, dependencies.reader, options);
    const list = await listPackages(layers, dependencies.reader, options);
    const owners = await fileOwners(list, layers, options);
    for (const { path, layer, entry } of list.view.below('')) {
      const { type, mode, size, target: link, sha256 } = entry;
      onFile({ path, type, mode, size, target: link, sha256, layer, owner: owners.get(path) ?? null });
    }
    return { complete: layers.every(({ read }) => read) };
  } finally {
    await opened.close();
  }
}
