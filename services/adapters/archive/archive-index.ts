import type { FileHandle } from 'node:fs/promises';
import { PlimsollError } from '../../domain/errors.ts';
import { displayPath, joinPath, normalizePath, parentOf } from '../../domain/layers/path.ts';
import type { TarEntry } from '../../domain/layers/tar/entry.ts';
import { type TarHandler, TarParser } from '../../domain/layers/tar/parser.ts';
import type { Limits } from '../../domain/limits.ts';

/** Where an archive keeps one file; offsets count uncompressed bytes of the archive. */
export interface ArchiveMember {
  readonly offset: number;
  readonly size: number;
}

/** Content that is kept while a compressed archive is indexed: documents, not layers. */
const KEPT_FILE_BYTES = 1 << 20;
const KEPT_BYTES = 64 << 20;
/** Read ahead of each header; bigger only wastes what is skipped. */
const WINDOW_BYTES = 64 << 10;
const LINK_HOPS = 10;

/** The files of a tar archive that holds images, found in one pass over its headers. */
export class ArchiveIndex implements TarHandler {
  readonly parser: TarParser;
  readonly #members = new Map<string, ArchiveMember>();
  readonly #links = new Map<string, string>();
  readonly #kept = new Map<string, Uint8Array>();
  readonly #limits: Limits;
  readonly #keepContent: boolean;
  #keptBytes = 0;
  #current: { path: string; chunks: Uint8Array[] } | null = null;

  constructor(limits: Limits, keepContent: boolean) {
    this.parser = new TarParser(this, limits);
    this.#limits = limits;
    this.#keepContent = keepContent;
  }

  entry(entry: TarEntry): boolean {
    const { archiveEntries } = this.#limits;
    if (this.parser.entries > archiveEntries) {
      throw new PlimsollError(
        'LIMIT_EXCEEDED',
        `the archive has more than ${archiveEntries} entries (archiveEntries)`,
        {
          details: { limit: 'archiveEntries' },
        },
      );
    }
    // No loader unpacks what would land outside.
    if (entry.escaped) return false;
    this.#members.delete(entry.path);
    this.#links.delete(entry.path);
    this.#kept.delete(entry.path);
    if (entry.type === 'symlink') this.#links.set(entry.path, symlinkTarget(entry));
    if (entry.type === 'hardlink') this.#share(entry.path, entry.linkTarget ?? '');
    if (entry.type !== 'file') return false;
    if (this.parser.contentOffset < 0) {
      const what = `${displayPath(entry.path)} is stored as a sparse file`;
      throw new PlimsollError('ARCHIVE_INVALID', `${what}, which loaders do not read; pack it again without --sparse`);
    }
    this.#members.set(entry.path, { offset: this.parser.contentOffset, size: entry.size });
    if (!this.#keepContent || entry.size > KEPT_FILE_BYTES || this.#keptBytes + entry.size > KEPT_BYTES) return false;
    this.#keptBytes += entry.size;
    this.#current = { path: entry.path, chunks: [] };
    return true;
  }

  /** A second name for what the first one means now, whatever comes by that name later. */
  #share(path: string, first: string): void {
    const member = this.#members.get(first);
    const target = this.#links.get(first);
    const kept = this.#kept.get(first);
    if (member !== undefined) this.#members.set(path, member);
    if (target !== undefined) this.#links.set(path, target);
    if (kept !== undefined) this.#kept.set(path, kept);
  }

  data(chunk: Uint8Array): void {
    this.#current?.chunks.push(new Uint8Array(chunk));
  }

  end(): void {
    if (this.#current !== null) this.#kept.set(this.#current.path, Buffer.concat(this.#current.chunks));
    this.#current = null;
  }

  /** Follows links: docker save once wrote a layer that two images share as a symlink. */
  member(path: string): ArchiveMember | null {
    return this.#members.get(this.#followed(path)) ?? null;
  }

  /** The content, where it was kept. */
  kept(path: string): Uint8Array | null {
    return this.#kept.get(this.#followed(path)) ?? null;
  }

  #followed(path: string): string {
    let at = path;
    for (let hops = 0; hops < LINK_HOPS; hops++) {
      const target = this.#links.get(at);
      if (target === undefined) return at;
      at = target;
    }
    return at;
  }
}

function symlinkTarget({ path, linkTarget }: TarEntry): string {
  const target = linkTarget ?? '';
  return normalizePath(target.startsWith('/') ? target : joinPath(parentOf(path), target)).path;
}

/** Indexes an uncompressed archive, jumping over content. */
export async function indexPlainArchive(
  file: FileHandle,
  size: number,
  limits: Limits,
  signal: AbortSignal,
): Promise<ArchiveIndex> {
  const index = new ArchiveIndex(limits, false);
  const { parser } = index;
  const window = Buffer.alloc(WINDOW_BYTES);
  for (let position = 0; position < size; ) {
    signal.throwIfAborted();
    if (parser.skippable > 0) {
      const jump = Math.min(parser.skippable, size - position);
      parser.skip(jump);
      position += jump;
      continue;
    }
    const { bytesRead } = await file.read(window, 0, window.length, position);
    if (bytesRead === 0)
      throw new PlimsollError('ARCHIVE_INVALID', `the archive became shorter while it was read, at byte ${position}`);
    parser.push(window.subarray(0, bytesRead));
    position += bytesRead;
  }
  parser.finish();
  return index;
}

/** Indexes a compressed archive: all of it passes through, documents are kept. */
export async function indexCompressedArchive(chunks: AsyncIterable<Uint8Array>, limits: Limits): Promise<ArchiveIndex> {
  const index = new ArchiveIndex(limits, true);
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > limits.imageBytes) {
      throw new PlimsollError(
        'LIMIT_EXCEEDED',
        `uncompressed the archive has more than ${limits.imageBytes} bytes (imageBytes)`,
        {
          details: { limit: 'imageBytes' },
        },
      );
    }
    index.parser.push(chunk);
  }
  index.parser.finish();
  return index;
}
