import { createHash, type Hash } from 'node:crypto';
import { PlimsollError } from '../../domain/errors.ts';
import { parseDigest } from '../../domain/image/digest.ts';
import { TarParser } from '../../domain/layers/tar/parser.ts';
import type { Limits } from '../../domain/limits.ts';
import type { LayerFeed, LayerInTask, WholeLayer } from '../../pipeline/ports.ts';
import { ForwardReader, fileBytes } from './byte-source.ts';
import { detectCompression } from './compression.ts';
import { decompress } from './decompress.ts';
import { openRegularFile } from './file-bytes.ts';

/** By so many bytes compressions are told apart. */
const MAGIC_BYTES = 6;

/** Feeds layers that lie in one file: by offset where it is plain, in one forward pass where it is compressed. */
export const feedArchivedLayers: LayerFeed = async (layers, limits) => {
  const located = layers
    .flatMap((layer) => (layer.job.location.kind === 'file' ? [{ layer, location: layer.job.location }] : []))
    .sort((a, b) => a.location.offset - b.location.offset);
  const first = located[0]?.location;
  if (first === undefined) return;
  const { file, size } = await openRegularFile(first.path);
  try {
    if (first.compression === 'none') {
      for (const { layer, location } of located) {
        await feedLayer(layer, location.size, fileBytes(file, location.offset, location.size), limits);
      }
      return;
    }
    const bounds = { ...limits, layerBytes: limits.imageBytes };
    // One pass, unless layers share bytes: links in the archive can lead several names to one file.
    for (let waiting = located; waiting.length > 0; ) {
      const passed: typeof located = [];
      const reader = new ForwardReader(decompress(fileBytes(file, 0, size), first.compression, bounds, null));
      for (const item of waiting) {
        const { layer, location } = item;
        if (location.offset < reader.position) passed.push(item);
        else await feedLayer(layer, location.size, reader.range(location.offset, location.size), limits);
      }
      await reader.close();
      waiting = passed;
    }
  } finally {
    await file.close();
  }
};

/** Feeds layers whose bytes come from elsewhere, as they come. */
export const feedFetchedLayers: LayerFeed = async (layers, limits) => {
  for (const layer of layers) {
    const { stream, job } = layer;
    if (stream !== null && job.location.kind === 'fetched') await feedLayer(layer, job.location.size, stream, limits);
  }
};

async function feedLayer(
  layer: LayerInTask,
  size: number,
  stored: AsyncIterable<Uint8Array>,
  limits: Limits,
): Promise<void> {
  try {
    layer.succeed(await readLayer(layer, size, stored, limits));
  } catch (error) {
    layer.fail(error);
  }
}

async function readLayer(
  layer: LayerInTask,
  locatedSize: number,
  stored: AsyncIterable<Uint8Array>,
  limits: Limits,
): Promise<WholeLayer> {
  const { job, collector } = layer;
  const source = await peeked(new HashedBytes(stored, job.digest, (bytes) => layer.onProgress(bytes)));
  const compression = detectCompression(source.head);
  // The bytes of a plain layer are hashed once: as stored they are its uncompressed bytes.
  const diffHash = job.wantDiffId && compression !== 'none' ? createHash('sha256') : null;
  const parser = new TarParser(collector, limits);
  let bytes = 0;
  let trouble: unknown = null;
  for await (const chunk of decompress(source.chunks, compression, limits, null)) {
    bytes += chunk.length;
    diffHash?.update(chunk);
    if (trouble === null) {
      try {
        parser.push(chunk);
      } catch (error) {
        trouble = error;
        if (error instanceof PlimsollError && error.code === 'LIMIT_EXCEEDED') throw error;
      }
    }
  }
  const digest = source.hashed.verify(job.size ?? locatedSize);
  // A wrong digest is the graver news: it says that these are not the layer's bytes at all.
  if (trouble !== null) throw trouble;
  parser.finish();
  const diffId = compression === 'none' ? digest : diffHash === null ? null : `sha256:${diffHash.digest('hex')}`;
  return { bytes, digest, diffId };
}

/** Passes bytes on and hashes them; also by the algorithm of the expected digest where that is not SHA-256. */
class HashedBytes {
  readonly #chunks: AsyncIterable<Uint8Array>;
  readonly #expected: string | null;
  readonly #sha256 = createHash('sha256');
  readonly #other: Hash | null;
  readonly #onBytes: (bytes: number) => void;
  #bytes = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, expected: string | null, onBytes: (bytes: number) => void) {
    this.#chunks = chunks;
    this.#expected = expected;
    this.#onBytes = onBytes;
    this.#other = expected !== null && parseDigest(expected).algorithm === 'sha512' ? createHash('sha512') : null;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#chunks) {
      this.#bytes += chunk.length;
      this.#sha256.update(chunk);
      this.#other?.update(chunk);
      this.#onBytes(this.#bytes);
      yield chunk;
    }
  }

  /** The SHA-256 digest of all that passed; DIGEST_MISMATCH where the bytes are not those expected. */
  verify(size: number): string {
    const digest = `sha256:${this.#sha256.digest('hex')}`;
    const actual = this.#other === null ? digest : `sha512:${this.#other.digest('hex')}`;
    if (this.#expected !== null && actual !== this.#expected) {
      throw new PlimsollError(
        'DIGEST_MISMATCH',
        `the layer's bytes have the digest ${actual}, the manifest says ${this.#expected}`,
      );
    }
    if (this.#bytes !== size) {
      throw new PlimsollError('DIGEST_MISMATCH', `the layer has ${this.#bytes} bytes, ${size} were expected`);
    }
    return digest;
  }
}

/** The first bytes, to tell the compression by, and all chunks, those included. */
async function peeked(
  hashed: HashedBytes,
): Promise<{ head: Uint8Array; chunks: AsyncIterable<Uint8Array>; hashed: HashedBytes }> {
  const iterator = hashed[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  // A compressed archive hands on what its frames hold: the first piece of a layer may be a single byte.
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    const isEnough = head.length + next.value.length >= MAGIC_BYTES;
    // Lent bytes, unless it is the last piece that is asked for.
    head = head.length === 0 && isEnough ? next.value : Buffer.concat([head, next.value]);
    if (isEnough) break;
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    yield* iterator;
  }
  return { head, chunks: chunks(), hashed };
}
