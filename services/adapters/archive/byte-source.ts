import type { FileHandle } from 'node:fs/promises';

/** Big reads: half the cost of small ones, and what a gunzip call is fed at once. */
const CHUNK_BYTES = 2 << 20;

/**
 * The bytes `offset` to `offset + size` of a file, fewer where it ends before. Two buffers take turns, so that the next
 * is filled while the caller works on the last: a chunk is only lent, until the next one is asked for.
 */
export async function* fileBytes(file: FileHandle, offset: number, size: number): AsyncGenerator<Uint8Array> {
  const buffers = [0, 1].map(() => Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size)));
  let done = 0;
  const read = (turn: number): Promise<Uint8Array> => {
    const buffer = buffers[turn % 2]!;
    const length = Math.min(buffer.length, size - done);
    return file.read(buffer, 0, length, offset + done).then(({ bytesRead }) => {
      done += bytesRead;
      return buffer.subarray(0, bytesRead);
    });
  };
  let ahead = read(0);
  try {
    for (let turn = 1; ; turn++) {
      const chunk = await ahead;
      if (chunk.length === 0) return;
      ahead = read(turn);
      yield chunk;
    }
  } finally {
    // Whoever stops early closes the file: not under a running read.
    await ahead.catch(() => {});
  }
}

/** Pieces of a stream that can only be read forward, in ascending order of offset. */
export class ForwardReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** What lies before it has gone by. */
  get position(): number {
    return this.#position;
  }

  /** The bytes `offset` to `offset + size`, fewer where the stream ends before; what lies before them is passed over. */
  async *range(offset: number, size: number): AsyncGenerator<Uint8Array> {
    const end = offset + size;
    while (this.#position < end) {
      if (this.#rest.length === 0 && !(await this.#fill())) return;
      const from = Math.max(0, offset - this.#position);
      const to = Math.min(this.#rest.length, end - this.#position);
      const piece = this.#rest.subarray(Math.min(from, to), to);
      this.#rest = this.#rest.subarray(to);
      this.#position += to;
      if (piece.length > 0) yield piece;
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done) return false;
    this.#rest = next.value;
    return true;
  }
}
