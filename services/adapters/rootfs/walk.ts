import { closeSync, fstatSync, readSync, type Stats } from 'node:fs';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { CollectedEntry, ExtraRead, LayerCollector } from '../../domain/layers/collector.ts';
import { baseOf, displayPath, isBelow, joinPath, parentOf } from '../../domain/layers/path.ts';
import type { Limits } from '../../domain/limits.ts';
import type { EntryType } from '../../domain/packages/ecosystem.ts';
import { isInstalledFolder } from '../../domain/packages/project-files.ts';
import { DirectoryHandle } from './directory-handle.ts';

/** Kernel interfaces, not files; left out by name even where they are ordinary directories. */
const KERNEL_DIRECTORIES = new Set(['proc', 'sys', 'dev']);
const HEAD_BYTES = 512;
const CHUNK_BYTES = 1 << 20;

export interface WalkOptions {
  readonly crossMounts: boolean;
  /** A project: what is installed in it is left out, and nothing that cannot be read is a trifle. */
  readonly project: boolean;
  readonly limits: Limits;
  /** Names that analyzers know: what cannot be read there is no trifle. */
  readonly roots: readonly string[];
  readonly onProgress: (entries: number) => void;
}

/** Feeds an installed system or a project to a collector, as if it were one layer. Returns the bytes of all regular files. */
export function walkDirectory(path: string, collector: LayerCollector, options: WalkOptions): number {
  const walk = new Walk(collector, options);
  const root = DirectoryHandle.open(path);
  try {
    walk.device = root.stat('.').dev;
    walk.directory(root, '', 0);
  } finally {
    root.close();
  }
  return walk.bytes;
}

/** The second, bounded reading: these files only, no component of their paths a link. */
export function readPaths(
  path: string,
  extra: readonly ExtraRead[],
  collector: LayerCollector,
  options: WalkOptions,
): void {
  const walk = new Walk(collector, options);
  const root = DirectoryHandle.open(path);
  try {
    for (const realPath of new Set(extra.map((read) => read.realPath))) walk.one(root, realPath);
  } finally {
    root.close();
  }
}

class Walk {
  device = 0;
  bytes = 0;
  readonly #collector: LayerCollector;
  readonly #options: WalkOptions;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);

  constructor(collector: LayerCollector, options: WalkOptions) {
    this.#collector = collector;
    this.#options = options;
  }

  directory(handle: DirectoryHandle, path: string, depth: number): void {
    for (const name of this.#attempt(path, () => handle.names()) ?? []) {
      if (path === '' && !this.#options.project && KERNEL_DIRECTORIES.has(name)) continue;
      const inside = joinPath(path, name);
      const stats = this.#attempt(inside, () => handle.stat(name));
      if (stats !== null) this.#entry(handle, name, inside, stats, depth);
    }
  }

  one(root: DirectoryHandle, path: string): void {
    const open: DirectoryHandle[] = [root];
    try {
      for (const part of parentOf(path)
        .split('/')
        .filter((piece) => piece !== ''))
        open.push(open.at(-1)!.directory(part));
      const handle = open.at(-1)!;
      const stats = handle.stat(baseOf(path));
      if (stats.isFile()) this.#file(handle, baseOf(path), path, stats);
    } catch (error) {
      this.#unreadable(path, error, true);
    } finally {
      for (const handle of open.slice(1)) handle.close();
    }
  }

  #entry(handle: DirectoryHandle, name: string, path: string, stats: Stats, depth: number): void {
    const { limits } = this.#options;
    if (this.#collector.entries >= limits.layerEntries) {
      throw new PlimsollError('LIMIT_EXCEEDED', `more than ${limits.layerEntries} files (layerEntries)`, {
        details: { limit: 'layerEntries' },
      });
    }
    this.#options.onProgress(this.#collector.entries);
    if (stats.isFile()) {
      this.#file(handle, name, path, stats);
      return;
    }
    if (!stats.isDirectory()) {
      const linkTarget = stats.isSymbolicLink() ? this.#attempt(path, () => handle.readLink(name)) : null;
      if (stats.isSymbolicLink() && linkTarget === null) return;
      this.#collector.offer(entryOf(path, stats, linkTarget), () => new Uint8Array(0));
      return;
    }
    this.#collector.offer(entryOf(path, stats, null), () => new Uint8Array(0));
    if (this.#options.project && isInstalledFolder(name)) return;
    if (stats.dev !== this.device && !this.#options.crossMounts) {
      const message = 'another file system is mounted here; --cross-mounts reads it too';
      const code = this.#isWanted(path) ? 'wanted-file-unreadable' : 'other-filesystem-skipped';
      this.#collector.flaw({ code, path, message });
      return;
    }
    if (depth >= limits.directoryDepth || path.length > limits.pathBytes) {
      const limit = depth >= limits.directoryDepth ? 'directoryDepth' : 'pathBytes';
      this.#collector.flaw({
        code: 'limit-reached',
        path,
        limit,
        message: `past the limit ${limit} of ${limits[limit]}`,
      });
      return;
    }
    const inner = this.#attempt(path, () => handle.directory(name));
    if (inner === null) return;
    try {
      this.directory(inner, path, depth + 1);
    } finally {
      inner.close();
    }
  }

  #file(handle: DirectoryHandle, name: string, path: string, stats: Stats): void {
    this.bytes += stats.size;
    const head = (): Uint8Array => this.#attempt(path, () => this.#head(handle, name)) ?? new Uint8Array(0);
    if (!this.#collector.offer(entryOf(path, stats, null), head)) return;
    try {
      this.#content(handle, name);
    } catch (error) {
      if (error instanceof PlimsollError) throw error;
      this.#unreadable(path, error, true);
    } finally {
      this.#collector.end();
    }
  }

  #head(handle: DirectoryHandle, name: string): Uint8Array {
    const fd = openFile(handle, name);
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      return head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0));
    } finally {
      closeSync(fd);
    }
  }

  #content(handle: DirectoryHandle, name: string): void {
    const fd = openFile(handle, name);
    try {
      for (let read = readSync(fd, this.#chunk); read > 0; read = readSync(fd, this.#chunk)) {
        this.#collector.data(this.#chunk.subarray(0, read));
      }
    } finally {
      closeSync(fd);
    }
  }

  #attempt<Value>(path: string, action: () => Value): Value | null {
    try {
      return action();
    } catch (error) {
      // What a running system removed in between was not there.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#unreadable(path, error, this.#isWanted(path));
      return null;
    }
  }

  #unreadable(path: string, error: unknown, wanted: boolean): void {
    const code = wanted ? 'wanted-file-unreadable' : 'unreadable-path';
    this.#collector.flaw({ code, path, message: `${displayPath(path)} cannot be read: ${messageOf(error)}` });
  }

  /** True on the way to a well-known name, and inside it; and everywhere in a project. */
  #isWanted(path: string): boolean {
    return (
      this.#options.project ||
      this.#options.roots.some((root) => root === path || isBelow(root, path) || isBelow(path, root))
    );
  }
}

function openFile(handle: DirectoryHandle, name: string): number {
  const fd = handle.file(name);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new PlimsollError('TARGET_UNREADABLE', `${displayPath(name)} was replaced by something that is no file`);
}

function entryOf(path: string, stats: Stats, linkTarget: string | null): CollectedEntry {
  return {
    path,
    escaped: false,
    type: typeOf(stats),
    mode: stats.mode & 0o7777,
    size: stats.isFile() ? stats.size : 0,
    linkTarget,
  };
}

function typeOf(stats: Stats): EntryType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'character-device';
  return stats.isBlockDevice() ? 'block-device' : 'fifo';
}
