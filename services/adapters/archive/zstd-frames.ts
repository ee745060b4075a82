import { PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';

const FRAME = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;

const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;

/** What the next bytes of the stream are. */
type Part =
  | 'magic'
  | 'skippable-size'
  | 'skippable'
  | 'descriptor'
  | 'window-and-dictionary'
  | 'content-size'
  | 'block-header'
  | 'block'
  | 'checksum';

/**
 * Finds where frames end (RFC 8878 §3.1), which Node's decompressor needs: it stops without error at the end of a frame
 * inside the bytes that it was given, and continues only if the next frame comes in a write of its own. Frames without
 * content are left out.
 */
export class ZstdFrames {
  readonly #limits: Limits;
  #part: Part = 'magic';
  /** Bytes that the part still has. */
  #left = 4;
  /** The part's value so far, little-endian, and how many of its bytes were read. */
  #value = 0;
  #read = 0;
  #descriptor = 0;
  #lastBlock = false;
  #offset = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** The pieces of a chunk that hold frames with content, none reaching over the end of a frame. */
  split(chunk: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let start = 0;
    let at = 0;
    while (at < chunk.length) {
      const passing = this.#part === 'block' || this.#part === 'skippable';
      const length = Math.min(this.#left, chunk.length - at);
      if (!passing) this.#accumulate(chunk, at, length);
      this.#left -= length;
      at += length;
      this.#offset += length;
      if (this.#left > 0) continue;
      const part = this.#part;
      this.#next();
      if (part === 'magic' && this.#part === 'descriptor') {
        // Only here bytes of a frame may lie in the chunk before: they are known.
        start = at;
        if (at >= 4) start = at - 4;
        else pieces.push(FRAME);
      }
      if (this.#part === 'magic') {
        if (part !== 'skippable' && part !== 'skippable-size') pieces.push(chunk.subarray(start, at));
        start = at;
      }
    }
    const inFrame = this.#part !== 'magic' && this.#part !== 'skippable-size' && this.#part !== 'skippable';
    if (inFrame && start < chunk.length) pieces.push(chunk.subarray(start));
    return pieces;
  }

  /** The stream's end, which must be that of a frame. */
  finish(): void {
    if (this.#part !== 'magic' || this.#read > 0) throw this.#invalid('it ends in the middle of a frame (truncated)');
  }

  #accumulate(chunk: Uint8Array, at: number, length: number): void {
    for (let i = at; i < at + length; i++) this.#value += chunk[i]! * 2 ** (8 * this.#read++);
  }

  /** The part is complete: sets the one that follows. Parts of no bytes are passed over. */
  #next(): void {
    const value = this.#value;
    switch (this.#part) {
      case 'magic':
        if (value === FRAME_MAGIC) this.#expect('descriptor', 1);
        else if (value - (value % 16) === SKIPPABLE_MAGIC) this.#expect('skippable-size', 4);
        else throw this.#invalid('what follows is no zstd frame', this.#offset - 4);
        break;
      case 'skippable-size':
        if (value > 0) this.#expect('skippable', value);
        else this.#expect('magic', 4);
        break;
      case 'skippable':
      case 'checksum':
        this.#expect('magic', 4);
        break;
      case 'descriptor': {
        this.#descriptor = value;
        const window = isSingleSegment(value) ? 0 : 1;
        const bytes = window + DICTIONARY_BYTES[value & 3]!;
        if (bytes > 0) this.#expect('window-and-dictionary', bytes);
        else this.#contentSize();
        break;
      }
      case 'window-and-dictionary':
        if (!isSingleSegment(this.#descriptor)) this.#checkWindow(windowBytes(value % 256));
        this.#contentSize();
        break;
      case 'content-size':
        if (isSingleSegment(this.#descriptor)) this.#checkWindow(value);
        this.#expect('block-header', 3);
        break;
      case 'block-header': {
        const type = (value >> 1) & 3;
        if (type === BLOCK_RESERVED) throw this.#invalid('a block has a reserved type');
        this.#lastBlock = (value & 1) === 1;
        const size = type === BLOCK_RLE ? 1 : value >> 3;
        if (size > 0) this.#expect('block', size);
        else this.#blockEnd();
        break;
      }
      case 'block':
        this.#blockEnd();
        break;
    }
  }

  #contentSize(): void {
    const bytes = contentSizeBytes(this.#descriptor);
    if (bytes > 0) this.#expect('content-size', bytes);
    else this.#expect('block-header', 3);
  }

  #blockEnd(): void {
    const hasChecksum = (this.#descriptor & 4) !== 0;
    if (!this.#lastBlock) this.#expect('block-header', 3);
    else if (hasChecksum) this.#expect('checksum', 4);
    else this.#expect('magic', 4);
  }

  #expect(part: Part, bytes: number): void {
    this.#part = part;
    this.#left = bytes;
    this.#value = 0;
    this.#read = 0;
  }

  #checkWindow(bytes: number): void {
    const { zstdWindowBytes: most } = this.#limits;
    if (bytes <= most) return;
    throw new PlimsollError(
      'LIMIT_EXCEEDED',
      `a zstd frame needs a window of ${bytes} bytes; the limit is ${most} (zstdWindowBytes)`,
      {
        details: { limit: 'zstdWindowBytes', offset: this.#offset },
      },
    );
  }

  #invalid(what: string, offset: number = this.#offset): PlimsollError {
    return new PlimsollError('COMPRESSION_INVALID', `the zstd stream is broken at byte ${offset}: ${what}`, {
      details: { offset },
    });
  }
}

const DICTIONARY_BYTES = [0, 1, 2, 4] as const;

function isSingleSegment(descriptor: number): boolean {
  return (descriptor & 0x20) !== 0;
}

function contentSizeBytes(descriptor: number): number {
  const flag = descriptor >> 6;
  return flag === 0 ? (isSingleSegment(descriptor) ? 1 : 0) : 2 ** flag;
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
