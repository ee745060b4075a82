import { PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';
import type { BlobLocation, OpenOptions } from '../../pipeline/image-ports.ts';
import { type ArchiveIndex, indexCompressedArchive, indexPlainArchive } from './archive-index.ts';
import { ForwardReader, fileBytes } from './byte-source.ts';
import { type Compression, detectCompression } from './compression.ts';
import { type DocumentLimit, type NamedFiles, refuseLarge } from './content.ts';
import { decompress } from './decompress.ts';
import { openRegularFile, readExactly } from './file-bytes.ts';

const HEAD_BYTES = 16;

/** Opens a tar archive, plain or compressed, and indexes its files. */
export async function openArchive(path: string, options: OpenOptions): Promise<NamedFiles> {
  const { limits, signal } = options;
  const { file, size } = await openRegularFile(path);
  try {
    const head = await readExactly(file, 0, Math.min(HEAD_BYTES, size));
    const compression = detectCompression(head);
    if (compression === 'none') {
      return new ArchiveFiles(path, compression, await indexPlainArchive(file, size, limits, signal), options);
    }
    const chunks = decompress(fileBytes(file, 0, size), compression, wholeArchive(limits), signal);
    return new ArchiveFiles(path, compression, await indexCompressedArchive(chunks, limits), options);
  } catch (cause) {
    // Broken from its first byte on: whoever named it had something else in mind.
    if (!(cause instanceof PlimsollError) || cause.code !== 'ARCHIVE_INVALID' || cause.details.offset !== 0)
      throw cause;
    throw new PlimsollError('ARCHIVE_INVALID', `${path} is no tar archive`, { cause });
  } finally {
    await file.close();
  }
}

/** Counted by whoever reads the chunks, under its own name. */
function wholeArchive(limits: Limits): Limits {
  return { ...limits, layerBytes: Infinity };
}

class ArchiveFiles implements NamedFiles {
  readonly #path: string;
  readonly #compression: Compression;
  readonly #index: ArchiveIndex;
  readonly #options: OpenOptions;

  constructor(path: string, compression: Compression, index: ArchiveIndex, options: OpenOptions) {
    this.#path = path;
    this.#compression = compression;
    this.#index = index;
    this.#options = options;
  }

  async locate(name: string): Promise<BlobLocation | null> {
    const member = this.#index.member(name);
    return member === null ? null : { kind: 'file', path: this.#path, compression: this.#compression, ...member };
  }

  async read(name: string, limit: DocumentLimit): Promise<Uint8Array | null> {
    const member = this.#index.member(name);
    if (member === null) return null;
    refuseLarge(name, member.size, limit);
    const kept = this.#index.kept(name);
    if (kept !== null) return kept;
    const { file, size } = await openRegularFile(this.#path);
    try {
      if (this.#compression === 'none') return await readExactly(file, member.offset, member.size);
      const { limits, signal } = this.#options;
      const stream = decompress(fileBytes(file, 0, size), this.#compression, wholeArchive(limits), signal);
      const reader = new ForwardReader(stream);
      const chunks: Uint8Array[] = [];
      // Lent bytes: copies.
      for await (const chunk of reader.range(member.offset, member.size)) chunks.push(new Uint8Array(chunk));
      await reader.close();
      return Buffer.concat(chunks);
    } finally {
      await file.close();
    }
  }
}
