import { createReadStream } from 'node:fs';
import { lstat, open, readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { TarParser } from '../../domain/layers/tar/parser.ts';
import type { Limits } from '../../domain/limits.ts';
import type { FeedFile, FeedFiles } from '../../pipeline/advisory-ports.ts';
import { zipMembers } from './zip-file.ts';

/** A file, or a folder of files, that feeds are read from. */
export interface FeedPath {
  readonly path: string;
  readonly kind: string | null;
  readonly fetched: string | null;
  /** The ecosystem whose OSV export it is, where its path does not say it. */
  readonly exported?: string;
}

/** A member of an archive or a plain file, before its own compression is taken off. */
type Member = { readonly name: string; readonly bytes: Buffer } | { readonly name: string; readonly refused: string };

/**
 * Feeds on disk: folders (read in the order of their names), zip and tar archives, and single files, any of them
 * compressed by gzip or zstd. Links inside folders are not followed.
 */
export class LocalFeedFiles implements FeedFiles {
  readonly #paths: readonly FeedPath[];
  readonly #limits: Limits;

  constructor(paths: readonly FeedPath[], limits: Limits) {
    this.#paths = paths;
    this.#limits = limits;
  }

  async *files(signal: AbortSignal): AsyncIterable<FeedFile> {
    let files = 0;
    let bytes = 0;
    for (const { path, kind, fetched, exported = null } of this.#paths) {
      for await (const file of walk(path)) {
        for await (const member of this.#members(file, path)) {
          signal.throwIfAborted();
          files++;
          if ('bytes' in member) bytes += member.bytes.length;
          this.#check('feedFiles', files);
          this.#check('feedBytes', bytes);
          yield 'bytes' in member ? { ...member, kind, fetched, exported } : member;
        }
      }
    }
  }

  async *#members(file: string, root: string): AsyncIterable<Member> {
    const name = relative(root, file) || basename(file);
    for await (const member of this.#packedMembers(file)) {
      const within = member.name === '' ? name : `${name}/${member.name}`;
      if ('refused' in member) yield { ...member, name: within };
      else yield unpacked(within, member.bytes, this.#limits);
    }
  }

  async *#packedMembers(file: string): AsyncIterable<Member> {
    const head = await headOf(file);
    if (isZip(head)) return yield* zipMembers(file, this.#limits);
    const { size } = await stat(file);
    const compression = compressionOf(head);
    const source = createReadStream(file, { highWaterMark: 1 << 20 });
    const content = compression === null ? source : decompressed(source, compression);
    yield* this.#stream(file, size, content);
  }

  /** A tar archive member by member; anything else as one member without a name. */
  async *#stream(file: string, size: number, content: Readable): AsyncIterable<Member> {
    const limits = this.#limits;
    const held: Buffer[] = [];
    let heldBytes = 0;
    let total = 0;
    let tar: TarFiles | null = null;
    try {
      for await (const chunk of content as AsyncIterable<Buffer>) {
        total += chunk.length;
        if (total > limits.ratioGraceBytes && total > limits.ratio * size) {
          throw past('ratio', `${file} unpacks to more than ${limits.ratio} times its size`);
        }
        if (tar !== null) {
          yield* tar.push(chunk);
          continue;
        }
        held.push(chunk);
        heldBytes += chunk.length;
        // The first header tells an archive; only a file by itself is held whole.
        if (heldBytes >= TAR_BLOCK && heldBytes - chunk.length < TAR_BLOCK && isTar(Buffer.concat(held))) {
          tar = new TarFiles(limits);
          for (const each of held.splice(0)) yield* tar.push(each);
        } else if (heldBytes > limits.feedFileBytes) {
          return yield { name: '', refused: 'a file past the limit feedFileBytes' };
        }
      }
    } catch (cause) {
      if (cause instanceof PlimsollError && cause.code !== 'ARCHIVE_INVALID') throw cause;
      throw new PlimsollError('FEED_UNREADABLE', `${file} cannot be read: ${messageOf(cause)}. Fetch it again.`, {
        cause,
      });
    }
    if (tar === null) yield { name: '', bytes: Buffer.concat(held) };
    else if (!tar.ended)
      throw new PlimsollError('FEED_UNREADABLE', `${file} is cut short. Fetch it again.`, { details: { path: file } });
  }

  #check(limit: 'feedFiles' | 'feedBytes', value: number): void {
    if (value > this.#limits[limit]) throw past(limit, 'The feeds are more than a build takes');
  }
}

/** The regular files of a tar archive that comes in chunks. */
class TarFiles {
  readonly #parser: TarParser;
  #ready: Member[] = [];
  #name = '';
  #chunks: Buffer[] = [];

  constructor(limits: Limits) {
    const handler = {
      entry: (entry: { path: string; type: string; size: number }): boolean => {
        if (entry.type !== 'file') return false;
        this.#name = entry.path;
        if (entry.size > limits.feedFileBytes) {
          this.#ready.push({ name: entry.path, refused: 'a file of an archive past the limit feedFileBytes' });
          return false;
        }
        return true;
      },
      data: (chunk: Uint8Array): void => {
        this.#chunks.push(Buffer.from(chunk));
      },
      end: (): void => {
        this.#ready.push({ name: this.#name, bytes: Buffer.concat(this.#chunks) });
        this.#chunks = [];
      },
    };
    this.#parser = new TarParser(handler, limits);
  }

  get ended(): boolean {
    return this.#parser.ended;
  }

  push(chunk: Buffer): Member[] {
    this.#ready = [];
    this.#parser.push(chunk);
    return this.#ready;
  }
}

async function* walk(path: string): AsyncIterable<string> {
  const found = await stat(path).catch((cause) => {
    throw new PlimsollError('FEED_UNREADABLE', `${path} cannot be read: ${messageOf(cause)}.`, { cause });
  });
  if (!found.isDirectory()) {
    if (!found.isFile()) throw new PlimsollError('FEED_UNREADABLE', `${path} is neither a file nor a folder.`);
    return yield path;
  }
  for (const name of (await readdir(path)).sort()) {
    const inner = join(path, name);
    const entry = await lstat(inner);
    if (name.startsWith('.')) continue;
    if (entry.isDirectory()) yield* walk(inner);
    else if (entry.isFile()) yield inner;
  }
}

/** One member without its compression. */
function unpacked(name: string, bytes: Buffer, limits: Limits): Member {
  const compression = compressionOf(bytes);
  if (compression === null) return { name, bytes };
  const grace = limits.ratioGraceBytes;
  const most = Math.min(limits.feedFileBytes, Math.max(grace, limits.ratio * bytes.length));
  try {
    const options = { maxOutputLength: most };
    return { name, bytes: compression === 'gzip' ? gunzipSync(bytes, options) : zstdDecompressSync(bytes, options) };
  } catch {
    return {
      name,
      refused: 'a file whose compressed data are broken, or unpack to more than feedFileBytes or ratio allow',
    };
  }
}

function decompressed(source: Readable, compression: 'gzip' | 'zstd'): Readable {
  const output = new PassThrough({ highWaterMark: 1 << 20 });
  const decoder =
    compression === 'gzip' ? createGunzip({ chunkSize: 1 << 18 }) : createZstdDecompress({ chunkSize: 1 << 18 });
  // Its failure destroys the output, where the reader meets it.
  pipeline(source, decoder, output).catch((error) => output.destroy(error));
  return output;
}

async function headOf(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const head = Buffer.alloc(4);
    const { bytesRead } = await handle.read(head, 0, 4, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function isZip(head: Buffer): boolean {
  return head.length === 4 && [0x04034b50, 0x06054b50].includes(head.readUInt32LE(0));
}

function compressionOf(head: Buffer): 'gzip' | 'zstd' | null {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : null;
}

/** Bytes of the first header, which has the archive's magic number. */
const TAR_BLOCK = 512;

function isTar(head: Buffer): boolean {
  return head.toString('latin1', 257, 262) === 'ustar';
}

function past(limit: string, what: string): PlimsollError {
  return new PlimsollError('LIMIT_EXCEEDED', `${what} (${limit}).`, { details: { limit } });
}
