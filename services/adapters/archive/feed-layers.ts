import { createHash } from 'node:crypto';
import { PlimsollError } from '../../domain/errors.ts';
import { TarParser } from '../../domain/layers/tar/parser.ts';
import type { Limits } from '../../domain/limits.ts';
import type { LayerFeed, LayerInTask, WholeLayer } from '../../pipeline/layer-ports.ts';
import { detectCompression } from './compression.ts';
import { decompress } from './decompress.ts';
import { archivedBytes, HashedBytes } from './stored-layers.ts';

/** By so many bytes compressions are told apart. */
const MAGIC_BYTES = 6;

/** Feeds layers that lie in one file. */
export const feedArchivedLayers: LayerFeed = async (layers, limits) => {
  const located = layers.flatMap((layer) =>
    layer.job.location.kind === 'file' ? [{ layer, location: layer.job.location }] : [],
  );
  for await (const { item, bytes } of archivedBytes(located, limits)) {
    await feedLayer(item.layer, item.location.size, bytes, limits);
  }
};

/** Feeds layers whose bytes come from elsewhere, as they come. */
export const feedStreamedLayers: LayerFeed = async (layers, limits) => {
  for (const layer of layers) {
    const { stream, job } = layer;
    if (stream !== null && job.location.kind === 'streamed') await feedLayer(layer, job.location.size, stream, limits);
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
  const { job, collector, verified } = layer;
  const hashed = verified === null ? new HashedBytes(stored, job.digest, job.size ?? locatedSize) : null;
  const source = await peeked(counted(hashed ?? stored, layer.onProgress));
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
  const digest = hashed === null ? verified!() : hashed.verify();
  // A wrong digest is the graver news: it says that these are not the layer's bytes at all.
  if (trouble !== null) throw trouble;
  parser.finish();
  const diffId = compression === 'none' ? digest : diffHash === null ? null : `sha256:${diffHash.digest('hex')}`;
  return { bytes, digest, diffId };
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onProgress: (readBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    onProgress(bytes);
    yield chunk;
  }
}

/** The first bytes, to tell the compression by, and all chunks, those included. */
async function peeked(
  source: AsyncGenerator<Uint8Array>,
): Promise<{ head: Uint8Array; chunks: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
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
  return { head, chunks: chunks() };
}
