import type { EntryType } from '../packages/ecosystem.ts';
import { baseOf, joinPath, parentOf } from './path.ts';

interface Node {
  /** The target of the link that stands here; null for a directory on the way to links. */
  target: string | null;
  children: Map<string, Node> | null;
}

/**
 * The symbolic links that a layer has made so far. What comes later by a name that leads through one of them lands
 * where the link points: a layer is unpacked into a directory of its own (containerd and Docker on overlayfs), and
 * there each parent is resolved with that directory as the root (containerd: archive.Apply). Links of lower layers
 * play no part: overlayfs puts a directory of the upper layer in their place.
 */
export class LayerLinks {
  readonly #root: Node = { target: null, children: null };
  readonly #limits: { readonly layerLinks: number; readonly linkDepth: number };
  #count = 0;
  #lastDirectory = '';
  #lastReal: string | null = '';

  constructor(limits: { readonly layerLinks: number; readonly linkDepth: number }) {
    this.#limits = limits;
  }

  /** More links than the limit: what is written through the later ones is not placed. */
  get overflow(): boolean {
    return this.#count > this.#limits.layerLinks;
  }

  /** Where an entry of that name lands, its last component not followed. As spelled where its parents lead in a circle. */
  place(path: string): string {
    if (this.#count === 0) return path;
    const slash = path.lastIndexOf('/');
    if (slash < 0) return path;
    const directory = path.slice(0, slash);
    if (directory !== this.#lastDirectory) {
      this.#lastReal = this.#resolve(directory);
      this.#lastDirectory = directory;
    }
    if (this.#lastReal === null || this.#lastReal === directory) return path;
    return joinPath(this.#lastReal, path.slice(slash + 1));
  }

  /** The target of the link that stands at a placed path, or null. */
  targetOf(path: string): string | null {
    return this.#nodeAt(path)?.target ?? null;
  }

  /** Takes note of what now stands at a placed path. */
  note(path: string, type: EntryType, target: string | null): void {
    if (type === 'symlink' && target !== null) this.#add(path, target);
    else if (this.#count > 0) this.#replace(path, type);
  }

  #add(path: string, target: string): void {
    this.#count++;
    if (this.overflow) return;
    let node = this.#root;
    for (const part of path.split('/')) {
      node.children ??= new Map();
      let child = node.children.get(part);
      if (child === undefined) {
        child = { target: null, children: null };
        node.children.set(part, child);
      }
      node = child;
    }
    node.target = target;
    node.children = null;
    this.#forgetLast();
  }

  /** A directory takes the place of a link; anything else takes that of a directory too, with all links in it. */
  #replace(path: string, type: EntryType): void {
    const parent = this.#nodeAt(parentOf(path));
    const name = baseOf(path);
    const node = parent?.children?.get(name);
    if (node === undefined) return;
    if (type !== 'directory') parent?.children?.delete(name);
    node.target = null;
    this.#forgetLast();
  }

  #nodeAt(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (let start = 0; start < path.length && node !== undefined; ) {
      const slash = path.indexOf('/', start);
      const end = slash < 0 ? path.length : slash;
      // Most directories have no links: then the rest of the path need not be looked at.
      node = node.children?.get(path.slice(start, end));
      start = end + 1;
    }
    return node;
  }

  #forgetLast(): void {
    this.#lastDirectory = '';
    this.#lastReal = '';
  }

  #resolve(directory: string): string | null {
    const rest = directory.split('/').reverse();
    const real: string[] = [];
    const nodes: (Node | undefined)[] = [this.#root];
    let hops = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (real.pop() !== undefined) nodes.pop();
        continue;
      }
      const node = nodes.at(-1)?.children?.get(part);
      if (node === undefined || node.target === null) {
        real.push(part);
        nodes.push(node);
        continue;
      }
      if (++hops > this.#limits.linkDepth) return null;
      if (node.target.startsWith('/')) {
        real.length = 0;
        nodes.length = 1;
      }
      rest.push(...node.target.split('/').reverse());
    }
    return real.join('/');
  }
}
