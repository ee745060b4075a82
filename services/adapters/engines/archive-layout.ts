import { createHash, type Hash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../domain/errors.ts';
import type { TarEntry } from '../../domain/layers/tar/entry.ts';
import { type TarHandler, TarParser } from '../../domain/layers/tar/parser.ts';
import type { Limits } from '../../domain/limits.ts';
import type { EngineOptions, EngineTarget } from '../../pipeline/engine-ports.ts';
import { EngineFailure } from './engine-failure.ts';
import { describeImage, plainStreams } from './image-input.ts';
import type { PrivateDirectory } from './private-directory.ts';

/**
 * The image that we chose of an OCI layout in a tar, as a layout of its own: what an engine would choose of the archive, or
 * whether it reads one at all, makes no difference. At most `imageBytes` are unpacked, and only blobs of this image that are
 * what their digests say. Raises EngineFailure.
 */
export async function archiveLayout(
  target: EngineTarget,
  directory: PrivateDirectory,
  options: EngineOptions,
): Promise<string> {
  const { manifestDigest, configDigest, layers } = target;
  if (manifestDigest === null) throw new EngineFailure('the layout names no manifest');
  const { input } = directory;
  const wanted = [manifestDigest, configDigest, ...layers.map(({ digest }) => digest)];
  const unpacker = new BlobUnpacker(input, new Set(wanted.flatMap((digest) => digest ?? [])), options.limits);
  try {
    const parser = new TarParser(unpacker, options.limits);
    const streams = await plainStreams(resolve(target.path), options.limits);
    const sink = new Writable({
      write: (chunk: Uint8Array, _encoding, done) => attempt(() => parser.push(chunk), done),
      final: (done) => attempt(() => parser.finish(), done),
    });
    await pipeline([...streams, sink], { signal: options.signal });
    unpacker.expectAll();
    return await describeImage(input, manifestDigest);
  } catch (cause) {
    options.signal.throwIfAborted();
    if (cause instanceof EngineFailure) throw cause;
    throw new EngineFailure(`the archive could not be unpacked for it: ${messageOf(cause)}`, { cause });
  } finally {
    unpacker.close();
  }
}

/** A stream hears of errors by its callback only. */
function attempt(step: () => void, done: (error?: Error) => void): void {
  let failure: Error | undefined;
  try {
    step();
  } catch (error) {
    failure = error as Error;
  }
  done(failure);
}

class BlobUnpacker implements TarHandler {
  readonly #folder: string;
  readonly #missing: Set<string>;
  readonly #wanted: ReadonlySet<string>;
  readonly #limits: Limits;
  #bytes = 0;
  #current: { readonly digest: string; readonly file: number; readonly hash: Hash } | null = null;

  constructor(folder: string, wanted: ReadonlySet<string>, limits: Limits) {
    this.#folder = folder;
    this.#wanted = wanted;
    this.#missing = new Set(wanted);
    this.#limits = limits;
  }

  entry({ path, type, size }: TarEntry): boolean {
    const [, algorithm, hex] = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(path) ?? [];
    const digest = `${algorithm}:${hex}`;
    if (type !== 'file' || algorithm === undefined || !this.#wanted.has(digest)) return false;
    this.#bytes += size;
    if (this.#bytes > this.#limits.imageBytes) {
      throw new EngineFailure(`the image has more than ${this.#limits.imageBytes} bytes (imageBytes)`);
    }
    const file = join(this.#folder, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Of two by one name the last one counts, as for us.
    this.#current = { digest, file: openSync(file, 'w', 0o600), hash: createHash(algorithm) };
    return true;
  }

  data(chunk: Uint8Array): void {
    const current = this.#current;
    if (current === null) return;
    current.hash.update(chunk);
    for (let at = 0; at < chunk.length; ) at += writeSync(current.file, chunk, at);
  }

  end(): void {
    const current = this.#current;
    if (current === null) return;
    this.close();
    if (!current.digest.endsWith(`:${current.hash.digest('hex')}`)) {
      throw new EngineFailure(`the bytes of ${current.digest} in the archive are not those that it names`);
    }
    this.#missing.delete(current.digest);
  }

  expectAll(): void {
    const [first] = this.#missing;
    if (first !== undefined) throw new EngineFailure(`the archive holds no plain file of the blob ${first}`);
  }

  close(): void {
    if (this.#current !== null) closeSync(this.#current.file);
    this.#current = null;
  }
}
