import { LIMITS } from '../limits.ts';
import type { LayerOutline } from './facts.ts';
import { type Inventory, type InventoryEntry, isDirectory, type KeyedEntry, pathOfKey, toEntry } from './inventory.ts';
import { mergeSorted } from './merge.ts';
import { joinPath, parentOf } from './path.ts';

/** One layer as the view needs it. */
export interface ViewedLayer {
  readonly inventory: Inventory;
  readonly outline: Pick<LayerOutline, 'whiteouts' | 'opaques'>;
}

/** An entry and the layer (index, base first) that it comes from. */
export interface FoundEntry {
  readonly path: string;
  readonly layer: number;
  readonly entry: InventoryEntry;
}

export type Resolution =
  | { readonly kind: 'found'; readonly found: FoundEntry }
  | { readonly kind: 'missing' }
  | { readonly kind: 'cycle' };

export interface ResolveOptions {
  /** The view as it was after that layer; by default after the last. */
  readonly top?: number;
  /** False: lstat(2), the last component is not followed. */
  readonly follow?: boolean;
  /** Told of each path that was looked up, and whether it was a directory that was just passed. */
  readonly onLookup?: (path: string, passed: boolean) => void;
}

/** Of each path: the layers that hide it, lowest first. */
type Hiding = Map<string, number[]>;

/**
 * The file system that a stack of layers makes, without unpacking it: whiteouts as OCI image-spec, layer.md, has them,
 * and otherwise the merge of overlayfs(5), which is what containers run on nearly everywhere. A directory is merged
 * with those of the same name below it; anything else stands alone and hides what is below it.
 *
 * Paths given to `find` and `below` are real: no component but the last is a link. `resolve` makes them so.
 */
export class ImageView {
  readonly #layers: Inventory[] = [];
  readonly #whiteouts: Hiding = new Map();
  readonly #opaques: Hiding = new Map();

  /** Base first. */
  push({ inventory, outline }: ViewedLayer): void {
    const layer = this.#layers.push(inventory) - 1;
    for (const path of outline.whiteouts) hide(this.#whiteouts, path, layer);
    for (const path of outline.opaques) hide(this.#opaques, path, layer);
  }

  get #last(): number {
    return this.#layers.length - 1;
  }

  /** The entry by that name after layer `top`, a link not followed. An unnamed directory takes after one below it. */
  find(path: string, top = this.#last): FoundEntry | null {
    let implied: FoundEntry | null = null;
    for (let layer = top; layer >= 0; layer--) {
      const entry = this.#layers[layer]!.find(path);
      if (entry !== null && entry.type !== 'implicit') {
        return implied !== null && entry.type !== 'directory' ? implied : { path, layer, entry };
      }
      if (entry !== null) implied ??= { path, layer, entry };
      if (this.#hidesBelow(path, layer)) break;
    }
    return implied;
  }

  /** stat(2) with the root of the image as the root. */
  resolve(path: string, options: ResolveOptions = {}): Resolution {
    const { top = this.#last, follow = true, onLookup } = options;
    const rest = components(path);
    let at: FoundEntry = rootEntry(top);
    let hops = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (!isDirectory(at.entry)) return { kind: 'missing' };
      if (part === '..') {
        // Above a real directory is a real directory.
        const above = parentOf(at.path);
        at = (above === '' ? null : this.find(above, top)) ?? rootEntry(top);
        continue;
      }
      const found = this.find(joinPath(at.path, part), top);
      onLookup?.(joinPath(at.path, part), found !== null && isDirectory(found.entry) && rest.length > 0);
      if (found === null) return { kind: 'missing' };
      if (found.entry.type !== 'symlink' || (rest.length === 0 && !follow)) {
        at = found;
        continue;
      }
      if (++hops > LIMITS.linkDepth) return { kind: 'cycle' };
      const target = found.entry.target ?? '';
      if (target.startsWith('/')) at = rootEntry(top);
      rest.push(...components(target));
    }
    return { kind: 'found', found: at };
  }

  /**
   * Where the bytes of a regular file lie: follows hard links to the entry that has content, by name. Where the layer
   * does not have the other name itself, those below it are searched: runtimes that unpack all layers into one tree
   * would find it there.
   */
  contentOf(found: FoundEntry): Resolution {
    let at = found;
    for (let hops = 0; at.entry.type === 'hardlink'; hops++) {
      if (hops > LIMITS.linkDepth) return { kind: 'cycle' };
      const next = this.resolve(at.entry.target ?? '', { top: at.layer, follow: false });
      if (next.kind !== 'found') return next;
      at = next.found;
    }
    return { kind: 'found', found: at };
  }

  /** All visible entries below a real directory, in tree order. */
  *below(directory: string, top = this.#last): Generator<FoundEntry> {
    const lowest = this.#visibleFrom(directory, top);
    const streams: Iterable<LayerEntry>[] = [];
    for (let layer = top; layer >= lowest; layer--) streams.push(entriesBelow(this.#layers[layer]!, layer, directory));
    // Per open directory: entries of layers lower than `from` are hidden in it.
    const open: { readonly key: string; readonly from: number }[] = [];
    for (const versions of byName(mergeSorted(streams, inTreeOrder))) {
      const { key } = versions[0]!.entry;
      while (open.length > 0 && !isInside(key, open.at(-1)!.key)) open.pop();
      const path = pathOfKey(key);
      const hidden = highest(this.#whiteouts, path, top, open.at(-1)?.from ?? lowest);
      const stands = standing(versions.filter(({ layer }) => layer >= hidden));
      const from = Math.max(hidden, stands?.from ?? 0);
      open.push({ key, from: highest(this.#opaques, path, top, from) });
      if (stands !== null)
        yield { path, layer: stands.attributes.layer, entry: toEntry(stands.attributes.entry, path) };
    }
  }

  /** True where the layer, which does not say what stands at `path` itself, hides it in the layers below. */
  #hidesBelow(path: string, layer: number): boolean {
    const inventory = this.#layers[layer]!;
    const hides = (hiding: Hiding, at: string): boolean => hiding.get(at)?.includes(layer) ?? false;
    if (hides(this.#whiteouts, path)) return true;
    let unnamed = true;
    for (let at = path; at !== ''; ) {
      at = parentOf(at);
      if (hides(this.#opaques, at) || hides(this.#whiteouts, at)) return true;
      if (!unnamed || at === '') continue;
      const entry = inventory.find(at);
      if (entry === null) continue;
      if (!isDirectory(entry)) return true;
      // And so is everything above it.
      unnamed = false;
    }
    return false;
  }

  /** The lowest layer whose entries inside `directory` can be seen. */
  #visibleFrom(directory: string, top: number): number {
    for (let layer = top; layer > 0; layer--) {
      if (this.#opaques.get(directory)?.includes(layer)) return layer;
      if (directory === '') continue;
      const here = this.#layers[layer]!.find(directory);
      if ((here !== null && !isDirectory(here)) || this.#hidesBelow(directory, layer)) return layer;
    }
    return 0;
  }
}

function hide(hiding: Hiding, path: string, layer: number): void {
  const layers = hiding.get(path);
  if (layers === undefined) hiding.set(path, [layer]);
  else layers.push(layer);
}

/** The highest layer up to `top` that hides `path` in those below it, but at least `least`. */
function highest(hiding: Hiding, path: string, top: number, least: number): number {
  const layer = hiding.get(path)?.findLast((hidden) => hidden <= top) ?? least;
  return Math.max(layer, least);
}

function rootEntry(layer: number): FoundEntry {
  const entry = { path: '', type: 'implicit', mode: 0o755, size: 0, target: null, sha256: null } as const;
  return { path: '', layer, entry };
}

/** Last first, to be taken from the end. */
function components(path: string): string[] {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .reverse();
}

interface LayerEntry {
  readonly layer: number;
  readonly entry: KeyedEntry;
}

function* entriesBelow(inventory: Inventory, layer: number, directory: string): Generator<LayerEntry> {
  for (const entry of inventory.keyedBelow(directory)) yield { layer, entry };
}

function inTreeOrder(a: LayerEntry, b: LayerEntry): number {
  return a.entry.key < b.entry.key ? -1 : a.entry.key > b.entry.key ? 1 : 0;
}

function isInside(key: string, directoryKey: string): boolean {
  return key.startsWith(directoryKey) && key.charCodeAt(directoryKey.length) === 0;
}

/** The entries of one path together, upper layer first. */
function* byName(entries: Iterable<LayerEntry>): Generator<LayerEntry[]> {
  let versions: LayerEntry[] = [];
  for (const entry of entries) {
    if (versions.length > 0 && versions[0]!.entry.key !== entry.entry.key) {
      yield versions;
      versions = [];
    }
    versions.push(entry);
  }
  if (versions.length > 0) yield versions;
}

/** Of one path's visible entries, upper layer first: the one that stands, and the lowest layer that is seen inside it. */
function standing(versions: readonly LayerEntry[]): { attributes: LayerEntry; from: number } | null {
  const first = versions[0];
  if (first === undefined) return null;
  if (!isDirectory(first.entry)) return { attributes: first, from: first.layer };
  let named: LayerEntry | null = null;
  for (const version of versions) {
    // What is below something else than a directory is not merged.
    if (!isDirectory(version.entry)) return { attributes: named ?? first, from: version.layer };
    if (version.entry.type === 'directory') named ??= version;
  }
  return { attributes: named ?? first, from: 0 };
}
