import { createHash, type Hash } from 'node:crypto';
import { PlimsollError } from '../../domain/errors.ts';
import { parseDigest } from '../../domain/image/digest.ts';
import type { Limits } from '../../domain/limits.ts';
import type { BlobLocation, BlobSource, FetchOptions, StoredBytes } from '../../pipeline/image-ports.ts';
import type { LayerJob, LayerOpener } from '../../pipeline/layer-ports.ts';
import { ForwardReader, fileBytes } from './byte-source.ts';
import { decompress } from './decompress.ts';
import { openRegularFile } from './file-bytes.ts';

type FileLocation = Extract<BlobLocation, { readonly kind: 'file' }>;

/** The bytes of layers that lie in one file: by offset where it is plain, in one forward pass where it is compressed. */
export async function* archivedBytes<Item extends { readonly location: FileLocation }>(
  items: readonly Item[],
  limits: Limits,
): AsyncGenerator<{ readonly item: Item; readonly bytes: AsyncIterable<Uint8Array> }> {
  const located = items.toSorted((a, b) => a.location.offset - b.location.offset);
  const first = located[0]?.location;
  if (first === undefined) return;
  const { file, size } = await openRegularFile(first.path);
  try {
    if (first.compression === 'none') {
      for (const item of located) {
        yield { item, bytes: fileBytes(file, item.location.offset, item.location.size) };
      }
      return;
    }
    const bounds = { ...limits, layerBytes: limits.imageBytes };
    // One pass, unless layers share bytes: links in the archive can lead several names to one file.
    for (let waiting = located; waiting.length > 0; ) {
      const passed: typeof located = [];
      const reader = new ForwardReader(decompress(fileBytes(file, 0, size), first.compression, bounds, null));
      try {
        for (const item of waiting) {
          const { offset, size: length } = item.location;
          if (offset < reader.position) passed.push(item);
          else yield { item, bytes: reader.range(offset, length) };
        }
      } finally {
        await reader.close();
      }
      waiting = passed;
    }
  } finally {
    await file.close();
  }
}

/** Passes bytes on and hashes them; also by the algorithm of the expected digest where that is not SHA-256. */
export class HashedBytes implements StoredBytes {
  readonly #chunks: AsyncIterable<Uint8Array>;
  readonly #expected: string | null;
  readonly #size: number;
  readonly #sha256 = createHash('sha256');
  readonly #other: Hash | null;
  #bytes = 0;

  /** `expected`: what they must hash to, where somebody said; `size`: how many they must be. */
  constructor(chunks: AsyncIterable<Uint8Array>, expected: string | null, size: number) {
    this.#chunks = chunks;
    this.#expected = expected;
    this.#size = size;
    this.#other = expected !== null && parseDigest(expected).algorithm === 'sha512' ? createHash('sha512') : null;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#chunks) {
      this.#bytes += chunk.length;
      this.#sha256.update(chunk);
      this.#other?.update(chunk);
      yield chunk;
    }
  }

  verify(): string {
    const digest = `sha256:${this.#sha256.digest('hex')}`;
    const actual = this.#other === null ? digest : `sha512:${this.#other.digest('hex')}`;
    if (this.#expected !== null && actual !== this.#expected) {
      throw new PlimsollError(
        'DIGEST_MISMATCH',
        `the layer's bytes have the digest ${actual}, the manifest says ${this.#expected}`,
      );
    }
    if (this.#bytes !== this.#size) {
      throw new PlimsollError('DIGEST_MISMATCH', `the layer has ${this.#bytes} bytes, ${this.#size} were expected`);
    }
    return digest;
  }
}

/** Opens layers in archives, layouts and registries. */
export class StoredLayers implements LayerOpener {
  readonly #blobs: BlobSource | null;

  /** `blobs` has the bytes of layers that lie in registries; null where no layer does. */
  constructor(blobs: BlobSource | null) {
    this.#blobs = blobs;
  }

  async *open(
    jobs: readonly LayerJob[],
    options: FetchOptions,
  ): AsyncGenerator<{ readonly job: LayerJob; readonly bytes: StoredBytes }> {
    const located = jobs.flatMap((job) => (job.location.kind === 'file' ? [{ job, location: job.location }] : []));
    for await (const { item, bytes } of archivedBytes(located, options.limits)) {
      const { job, location } = item;
      yield { job, bytes: new HashedBytes(bytes, job.digest, job.size ?? location.size) };
    }
    for (const job of jobs) {
      const { location } = job;
      if (location.kind !== 'fetched') continue;
      if (this.#blobs === null) throw new PlimsollError('INTERNAL', 'this reader fetches no layers');
      yield {
        job,
        bytes: new HashedBytes(this.#blobs.fetch(location, options), job.digest, job.size ?? location.size),
      };
    }
  }
}
