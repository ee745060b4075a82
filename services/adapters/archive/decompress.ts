import { constants, createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';
import type { Compression } from './compression.ts';
import { ZstdFrames } from './zstd-frames.ts';

type Inflater = Gunzip | ZstdDecompress;

/** One output chunk. With the input, a few of these are all that is held. Some chunks take long to look at, others none. */
const CHUNK_BYTES = 4 << 20;
/** So much waits for whoever looks, that a chunk which takes long does not stop the inflater. */
const WAITING_BYTES = 2 * CHUNK_BYTES;

/**
 * The uncompressed bytes of `input` in chunks of up to 4 MiB. The next two are inflated in the thread pool while the
 * caller works on this one; nothing more is read ahead. Input is best fed in chunks of 1 to 4 MiB. A chunk is only
 * lent, until the next one is asked for.
 *
 * Reads every member and frame, and the input to its end, so that whoever hashes it on its way sees all of it. Throws
 * COMPRESSION_INVALID (broken, truncated, or followed by other bytes), LIMIT_EXCEEDED (`layerBytes`, `ratio`,
 * `zstdWindowBytes`), CANCELLED or the signal's own reason, and the input's own errors as they are.
 */
export async function* decompress(
  input: AsyncIterable<Uint8Array>,
  compression: Compression,
  limits: Limits,
  signal: AbortSignal | null,
): AsyncGenerator<Uint8Array> {
  const size = new SizeCheck(limits);
  if (compression !== 'none') return yield* inflate(input, compression, size, limits, signal);
  for await (const chunk of input) {
    refuseCancelled(signal);
    size.add(chunk, Infinity);
    yield chunk;
  }
}

async function* inflate(
  input: AsyncIterable<Uint8Array>,
  compression: 'gzip' | 'zstd',
  size: SizeCheck,
  limits: Limits,
  signal: AbortSignal | null,
): AsyncGenerator<Uint8Array> {
  refuseCancelled(signal);
  const inflater = compression === 'gzip' ? gunzip() : unzstd(limits);
  const destroy = (): void => void inflater.destroy();
  // The loop below sees errors of its own accord; one that comes after its end must not go unhandled.
  inflater.on('error', () => {});
  signal?.addEventListener('abort', destroy, { once: true });
  let failure: { readonly error: unknown } | null = null;
  const fed = feed(input, inflater, compression === 'zstd' ? new ZstdFrames(limits) : null).catch((error: unknown) => {
    failure ??= { error };
    destroy();
  });
  try {
    for await (const chunk of inflater as AsyncIterable<Uint8Array>) {
      size.add(chunk, inflater.bytesWritten);
      yield chunk;
      release(chunk);
    }
    await fed;
  } catch (error) {
    failure ??= { error };
  } finally {
    signal?.removeEventListener('abort', destroy);
    destroy();
  }
  refuseCancelled(signal);
  if (failure !== null) throw explained(failure.error, compression, inflater.bytesWritten);
}

/**
 * Frees the memory of a chunk at once. Left to the garbage collector, a gigabyte of chunks costs a fifth of the time,
 * as what lies outside the heap makes it collect again and again. The inflater fills a buffer from front to end, so
 * whoever was lent its last bytes was the last to use it.
 */
function release(chunk: Uint8Array): void {
  if (chunk.byteOffset + chunk.byteLength === chunk.buffer.byteLength) (chunk.buffer as ArrayBuffer).transfer(0);
}

function gunzip(): Inflater {
  return createGunzip({ chunkSize: CHUNK_BYTES, readableHighWaterMark: WAITING_BYTES } as object);
}

function unzstd(limits: Limits): Inflater {
  const windowLog = Math.min(31, Math.max(10, Math.ceil(Math.log2(limits.zstdWindowBytes))));
  return createZstdDecompress({
    chunkSize: CHUNK_BYTES,
    readableHighWaterMark: WAITING_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: windowLog },
  } as object);
}

/**
 * Writes all input, one chunk being inflated and one waiting. What the inflater leaves over lies behind the end of the
 * last gzip member, and may only be zeros: tar and tape writers pad with them.
 */
async function feed(input: AsyncIterable<Uint8Array>, inflater: Inflater, frames: ZstdFrames | null): Promise<void> {
  let fed = 0;
  let ended = false;
  let trailing = false;
  const unsettled = new Set<() => void>();
  // On an error or destroy the inflater forgets the callback of the write that it works on.
  inflater.once('close', () => {
    for (const settle of unsettled) settle();
  });
  const write = (piece: Uint8Array): Promise<void> => {
    fed += piece.length;
    const upTo = fed;
    return new Promise((resolve) => {
      const settle = (): void => {
        if (!unsettled.delete(settle)) return;
        const isCounted = inflater.readableEnded || !inflater.destroyed;
        const left = ended ? piece.length : isCounted ? upTo - inflater.bytesWritten : 0;
        if (left > 0) {
          ended = true;
          if (frames !== null || !isZero(piece.subarray(piece.length - left))) trailing = true;
        }
        resolve();
      };
      unsettled.add(settle);
      inflater.write(piece, settle);
    });
  };
  // The input only lends its chunks until the next one is asked for, while one is being inflated and one waits.
  const keep = alternatingCopies();
  let written = Promise.resolve();
  for await (const chunk of input) {
    for (const piece of frames === null ? [chunk] : frames.split(chunk)) {
      const before = written;
      written = write(keep(piece));
      await before;
      if (inflater.destroyed && !ended) return;
    }
  }
  await written;
  if (trailing) {
    throw new PlimsollError(
      'COMPRESSION_INVALID',
      `the compressed stream ends at byte ${inflater.bytesWritten}, but other bytes follow`,
    );
  }
  frames?.finish();
  if (!ended) inflater.end();
}

/** Copies into two buffers in turn, which are made once: fresh memory costs more than the copy. */
function alternatingCopies(): (chunk: Uint8Array) => Uint8Array {
  const buffers = [new Uint8Array(0), new Uint8Array(0)];
  let turn = 0;
  return (chunk) => {
    turn = 1 - turn;
    if (buffers[turn]!.length < chunk.length) buffers[turn] = new Uint8Array(chunk.length);
    const copy = buffers[turn]!.subarray(0, chunk.length);
    copy.set(chunk);
    return copy;
  };
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Counts what comes out, against the limits of a layer. */
class SizeCheck {
  readonly #limits: Limits;
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  add(chunk: Uint8Array, compressedBytes: number): void {
    const { layerBytes, ratio, ratioGraceBytes } = this.#limits;
    this.#bytes += chunk.length;
    if (this.#bytes > layerBytes) {
      throw new PlimsollError('LIMIT_EXCEEDED', `uncompressed it has more than ${layerBytes} bytes (layerBytes)`, {
        details: { limit: 'layerBytes' },
      });
    }
    if (this.#bytes > ratioGraceBytes && this.#bytes > compressedBytes * ratio) {
      throw new PlimsollError(
        'LIMIT_EXCEEDED',
        `it expands to more than ${ratio} bytes for each compressed byte (ratio, ratioGraceBytes)`,
        {
          details: { limit: 'ratio' },
        },
      );
    }
  }
}

function refuseCancelled(signal: AbortSignal | null): void {
  if (signal === null || !signal.aborted) return;
  if (signal.reason instanceof PlimsollError) throw signal.reason;
  throw new PlimsollError('CANCELLED', 'reading was cancelled', { cause: signal.reason });
}

/** Errors of zlib and zstd get our code; others came with the input and stay what they are. */
function explained(error: unknown, compression: Compression, offset: number): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof PlimsollError || !/^Z(?:STD)?_/.test(code)) return error;
  const what = code === 'Z_BUF_ERROR' ? 'it ends too early (truncated)' : messageOf(error);
  return new PlimsollError('COMPRESSION_INVALID', `the ${compression} stream is broken near byte ${offset}: ${what}`, {
    cause: error,
    details: { offset },
  });
}
