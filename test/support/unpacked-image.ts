/**
 * What a container runtime makes of layers, done the plain way: every layer is unpacked entry by entry into a tree of
 * its own, and the trees are laid over each other. Slow and simple, to be compared with the reader that never unpacks.
 *
 * Unpacking follows containerd's archive.Apply as it works on overlayfs: names are cleaned, each parent is resolved
 * through the links of the tree so far and made where it is missing, what is in the way is removed unless both are
 * directories, hard links share the file that the other name has at that moment. Laying over follows overlayfs(5),
 * with the whiteouts of the OCI image spec, which apply to lower layers only.
 */

export interface RawEntry {
  /** As the archive spells it, whiteout markers included. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo';
  readonly target?: string;
  /** Identifies the content: every file of a test has its own. */
  readonly size?: number;
  readonly mode?: number;
}

interface Inode {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo';
  readonly size: number;
  readonly target: string | null;
  readonly children: Map<string, Inode> | null;
  mode: number;
  /** A directory that the layer names; everything else always is. */
  named: boolean;
}

export interface UnpackedFile {
  readonly type: Inode['type'] | 'implicit';
  readonly layer: number;
  readonly mode: number;
  readonly size: number;
  readonly target: string | null;
}

export interface UnpackedLayer {
  readonly root: Inode;
  readonly whiteouts: ReadonlySet<string>;
  readonly opaques: ReadonlySet<string>;
  /** The entries that could be unpacked; runtimes refuse a layer with any other. */
  readonly entries: readonly RawEntry[];
}

/** Why an entry is left out of a test: no runtime unpacks it, or we differ on purpose. */
class LeftOut extends Error {}

const MAX_LINKS = 40;

export function unpackLayer(entries: readonly RawEntry[]): UnpackedLayer {
  const layer = new Unpacking();
  const kept = entries.filter((entry) => {
    try {
      layer.apply(entry);
      return true;
    } catch (error) {
      if (error instanceof LeftOut) return false;
      throw error;
    }
  });
  return { root: layer.root, whiteouts: layer.whiteouts, opaques: layer.opaques, entries: kept };
}

class Unpacking {
  readonly root: Inode = directoryInode(0o755, true);
  readonly whiteouts = new Set<string>();
  readonly opaques = new Set<string>();
  /** Paths that must stay as they are for the rest of the layer. */
  readonly #fixed = new Set<string>();

  apply(entry: RawEntry): void {
    const parts = clean(entry.name);
    const base = parts.pop();
    if (base === undefined) return;
    const parent = this.#resolve(parts);
    if (base.startsWith('.wh.')) {
      this.#delete(parent, base);
      return;
    }
    const path = [...parent, base];
    const existing = this.#at(path);
    // Looked up before anything is removed; a runtime that finds none fails just the same.
    const source = entry.type === 'hardlink' ? this.#linkSource(entry) : null;
    if (existing !== null && !(existing.type === 'directory' && entry.type === 'directory')) this.#checkRemovable(path);
    const children = this.#makeDirectories(parent);
    if (entry.type === 'directory') {
      if (existing?.type === 'directory') Object.assign(existing, { mode: entry.mode ?? 0o755, named: true });
      else children.set(base, directoryInode(entry.mode ?? 0o755, true));
    } else {
      children.set(base, source ?? inodeOf(entry));
    }
  }

  #delete(parent: readonly string[], base: string): void {
    this.#makeDirectories(parent);
    if (base === '.wh..wh..opq') this.opaques.add(parent.join('/'));
    else this.whiteouts.add([...parent, base.slice('.wh.'.length)].join('/'));
    // Difference on purpose: a deletion counts for the layer as a whole, also where the directory that its marker lies
    // in is replaced afterwards. overlayfs would lose the marker, a single tree would have the whole directory gone.
    this.#fixed.add(parent.join('/'));
  }

  #linkSource(entry: RawEntry): Inode {
    const parts = clean(entry.target ?? '');
    const base = parts.pop();
    const path = base === undefined ? [] : [...this.#resolve(parts), base];
    const inode = this.#at(path);
    if (inode === null || inode.type === 'directory' || path.join('/') === clean(entry.name).join('/'))
      throw new LeftOut();
    // Difference on purpose: hard links are followed by name. Where the other name is given to something else later in
    // the same layer, a runtime keeps the old content under this one.
    this.#fixed.add(path.join('/'));
    return inode;
  }

  #checkRemovable(path: readonly string[]): void {
    const text = path.join('/');
    for (const fixed of this.#fixed) if (fixed === text || fixed.startsWith(`${text}/`)) throw new LeftOut();
  }

  #at(path: readonly string[]): Inode | null {
    let inode: Inode | null = this.root;
    for (const part of path) inode = inode?.children?.get(part) ?? null;
    return inode;
  }

  /** All links in it followed; what is not there keeps its name. */
  #resolve(path: readonly string[]): string[] {
    const rest = [...path];
    let real: string[] = [];
    let links = 0;
    while (rest.length > 0) {
      const part = rest.shift()!;
      if (part === '.' || part === '') continue;
      if (part === '..') {
        real.pop();
        continue;
      }
      const inode = this.#at([...real, part]);
      if (inode?.type !== 'symlink') {
        real.push(part);
        continue;
      }
      if (++links > MAX_LINKS) throw new LeftOut();
      if (inode.target!.startsWith('/')) real = [];
      rest.unshift(...inode.target!.split('/'));
    }
    return real;
  }

  #makeDirectories(path: readonly string[]): Map<string, Inode> {
    for (let length = 1; length <= path.length; length++) {
      const inode = this.#at(path.slice(0, length));
      if (inode !== null && inode.type !== 'directory') throw new LeftOut();
    }
    let { children } = this.root;
    for (const part of path) {
      let inode = children!.get(part);
      if (inode === undefined) {
        inode = directoryInode(0o755, false);
        children!.set(part, inode);
      }
      ({ children } = inode);
    }
    return children!;
  }
}

function clean(name: string): string[] {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

function directoryInode(mode: number, named: boolean): Inode {
  return { type: 'directory', size: 0, target: null, children: new Map(), mode, named };
}

function inodeOf({ type, size = 0, target = '', mode = 0o644 }: RawEntry): Inode {
  if (type === 'hardlink' || type === 'directory') throw new Error('has an inode of another kind');
  return {
    type,
    size: type === 'file' ? size : 0,
    target: type === 'symlink' ? target : null,
    children: null,
    mode,
    named: true,
  };
}

/** All layers, base first, as one tree. */
export class UnpackedImage {
  readonly files = new Map<string, UnpackedFile>();
  #layers = 0;

  push({ root, whiteouts, opaques }: UnpackedLayer): void {
    for (const path of whiteouts) this.#remove(path, true);
    for (const path of opaques) this.#remove(path, false);
    this.#layOver(root, '', this.#layers++);
  }

  #remove(path: string, itself: boolean): void {
    for (const name of [...this.files.keys()]) {
      if ((itself && name === path) || path === '' || name.startsWith(`${path}/`)) this.files.delete(name);
    }
  }

  #layOver(directory: Inode, above: string, layer: number): void {
    for (const [name, inode] of directory.children!) {
      const path = above === '' ? name : `${above}/${name}`;
      const below = this.files.get(path);
      const merges = inode.type === 'directory' && (below?.type === 'directory' || below?.type === 'implicit');
      if (!merges) this.#remove(path, true);
      // A directory that the layer only fills looks like the one below it.
      if (!merges || inode.named) {
        const { type, mode, size, target, named } = inode;
        this.files.set(path, { type: named ? type : 'implicit', layer, mode, size, target });
      } else if (below!.type === 'implicit') {
        this.files.set(path, { ...below!, layer });
      }
      if (inode.type === 'directory') this.#layOver(inode, path, layer);
    }
  }

  /** path_resolution(7) inside the tree: the real path, null where there is nothing, 'cycle' past 40 links. */
  resolve(path: string): string | null | 'cycle' {
    const rest = path.split('/');
    let real: string[] = [];
    let links = 0;
    while (rest.length > 0) {
      const part = rest.shift()!;
      if (part === '' || part === '.') continue;
      const here = real.length === 0 ? 'directory' : this.files.get(real.join('/'))?.type;
      if (here !== 'directory' && here !== 'implicit') return null;
      if (part === '..') {
        real.pop();
        continue;
      }
      const found = this.files.get([...real, part].join('/'));
      if (found === undefined) return null;
      if (found.type !== 'symlink') {
        real.push(part);
        continue;
      }
      if (++links > MAX_LINKS) return 'cycle';
      if (found.target!.startsWith('/')) real = [];
      rest.unshift(...found.target!.split('/'));
    }
    return real.join('/');
  }
}
