import type { Limits } from '../../limits.ts';
import { BLOCK, numberField } from './header.ts';
import { addNumber, decimal } from './pax.ts';

/** Offset and length of each run of data in turn, in bytes of the expanded file. What lies between is zeros. */
export type SparseMap = readonly number[];

/** Old GNU: 4 segments in the header at 386, then blocks of 21 while the flag behind them is set. */
const IN_HEADER = { at: 386, segments: 4, extended: 482 };
const IN_EXTENSION = { at: 0, segments: 21, extended: 504 };
const REAL_SIZE = 483;
const FIELD = 12;

/** The expanded size in an old GNU header (type S), or -1. */
export function realSizeField(bytes: Uint8Array, at: number): number {
  return numberField(bytes, at + REAL_SIZE, FIELD);
}

/**
 * Adds the segments of an old GNU header, or of a block that extends it, to `map`. Says whether a further block follows,
 * or 'invalid'.
 */
export function addGnuSegments(
  map: number[],
  bytes: Uint8Array,
  at: number,
  where: 'header' | 'extension',
  limits: Limits,
): 'more' | 'done' | 'invalid' {
  const layout = where === 'header' ? IN_HEADER : IN_EXTENSION;
  for (let i = 0; i < layout.segments; i++) {
    const field = at + layout.at + i * 2 * FIELD;
    if (bytes[field] === 0) break;
    if (!addNumber(map, numberField(bytes, field, FIELD), limits)) return 'invalid';
    if (!addNumber(map, numberField(bytes, field + FIELD, FIELD), limits)) return 'invalid';
  }
  return bytes[at + layout.extended] === 0 ? 'done' : 'more';
}

/** The map of PAX sparse 1.0: lines of decimal numbers in the first blocks of the content, the first their count. */
export class SparseMapReader {
  readonly map: number[] = [];
  readonly #limits: Limits;
  readonly #digits = new Uint8Array(20);
  #held = 0;
  #expected = -1;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Takes one block of content. The map ends with the block that holds its last line. */
  add(bytes: Uint8Array, at: number): 'more' | 'done' | 'invalid' {
    for (let i = at; i < at + BLOCK; i++) {
      if (bytes[i] !== 0x0a) {
        if (this.#held === this.#digits.length) return 'invalid';
        this.#digits[this.#held++] = bytes[i]!;
        continue;
      }
      const value = decimal(this.#digits, 0, this.#held);
      this.#held = 0;
      if (this.#expected >= 0) {
        if (!addNumber(this.map, value, this.#limits)) return 'invalid';
      } else if (value < 0) return 'invalid';
      else this.#expected = value * 2;
      if (this.map.length === this.#expected) return 'done';
    }
    return 'more';
  }
}

/** True where the segments are in order, apart, inside `size`, and hold exactly the `stored` bytes. */
export function isSparseMap(map: SparseMap, size: number, stored: number): boolean {
  let end = 0;
  let total = 0;
  for (let i = 0; i < map.length; i += 2) {
    const offset = map[i]!;
    const length = map[i + 1]!;
    if (offset < end || offset > size || length > size - offset) return false;
    end = offset + length;
    total += length;
  }
  return total === stored;
}

const ZEROS = new Uint8Array(64 * 1024);

/** Turns the stored bytes of a sparse file, as they come, into those of the expanded file. */
export class SparseExpander {
  readonly #map: SparseMap;
  readonly #size: number;
  #segment = 0;
  #position = 0;

  /** `map` satisfies `isSparseMap`. */
  constructor(map: SparseMap, size: number) {
    this.#map = map;
    this.#size = size;
  }

  /** How many stored bytes the first `length` bytes of the expanded file need. */
  storedBefore(length: number): number {
    let stored = 0;
    for (let i = 0; i < this.#map.length && this.#map[i]! < length; i += 2) {
      stored += Math.min(this.#map[i + 1]!, length - this.#map[i]!);
    }
    return stored;
  }

  /** The first `length` bytes of the expanded file, out of `storedBefore(length)` stored ones. Moves nothing. */
  head(stored: Uint8Array, length: number): Uint8Array {
    const head = new Uint8Array(length);
    let at = 0;
    for (let i = 0; at < stored.length; i += 2) {
      const piece = stored.subarray(at, at + this.#map[i + 1]!);
      head.set(piece, this.#map[i]!);
      at += piece.length;
    }
    return head;
  }

  write(stored: Uint8Array, emit: (chunk: Uint8Array) => void): void {
    let at = 0;
    while (at < stored.length) {
      const offset = this.#map[this.#segment]!;
      this.#zerosTo(offset, emit);
      const left = offset + this.#map[this.#segment + 1]! - this.#position;
      const piece = stored.subarray(at, at + left);
      if (piece.length === left) this.#segment += 2;
      if (piece.length === 0) continue;
      this.#position += piece.length;
      at += piece.length;
      emit(piece);
    }
  }

  finish(emit: (chunk: Uint8Array) => void): void {
    this.#zerosTo(this.#size, emit);
  }

  #zerosTo(offset: number, emit: (chunk: Uint8Array) => void): void {
    while (this.#position < offset) {
      const zeros = ZEROS.subarray(0, offset - this.#position);
      this.#position += zeros.length;
      emit(zeros);
    }
  }
}
