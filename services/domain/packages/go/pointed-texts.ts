import type { Limits } from '../../limits.ts';
import { concatenated } from '../concatenated.ts';
import { MODULES_END, MODULES_START, makeBlob, type PointerForm, pointerForm } from './build-info-blob.ts';

/** So begins the version of every Go that has modules and points to its texts: 1.13 to 1.17. */
const VERSION_START = [...'go1.1'].map((char) => char.charCodeAt(0));
const VERSION_BYTES = 64;

interface Piece {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/**
 * The texts of a program of Go before 1.18. They lie among its constants, which the file has before the data that point
 * to them: so what looks like one of them is kept as it passes, and all data, until the pointers are read.
 */
export class PointedTexts {
  readonly #limits: Limits;
  /** By address. */
  readonly #versions = new Map<number, Uint8Array>();
  #modules: Uint8Array | null = null;
  /** From the first mark of the modules on, until the last is there. */
  #open: { readonly address: number; readonly parts: Uint8Array[]; length: number } | null = null;
  /** The end of the constants so far: a text may go over from one piece to the next. */
  #tail: Piece = { address: 0, bytes: new Uint8Array(0) };
  readonly #data: Piece[] = [];
  #dataBytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** The next piece of what is loaded read-only. */
  constants(piece: Uint8Array, address: number): void {
    const follows = this.#tail.address + this.#tail.bytes.length === address;
    const bytes = follows ? concatenated([this.#tail.bytes, piece]) : piece;
    const start = follows ? this.#tail.address : address;
    if (!follows) this.#open = null;
    for (const at of occurrences(bytes, VERSION_START)) {
      if (this.#versions.size >= this.#limits.goVersionTexts) break;
      this.#versions.set(start + at, bytes.slice(at, at + VERSION_BYTES));
    }
    if (this.#modules === null) this.#findModules(bytes, start, piece);
    const kept = Math.min(bytes.length, VERSION_BYTES);
    this.#tail = { address: address + piece.length - kept, bytes: bytes.slice(bytes.length - kept) };
  }

  /** The next piece of what is loaded writable. */
  data(piece: Uint8Array, address: number): void {
    this.#dataBytes += piece.length;
    if (this.#dataBytes <= this.#limits.goDataBytes) this.#data.push({ address, bytes: new Uint8Array(piece) });
    else this.#data.length = 0;
  }

  /** What a newer Go would have written; null where the pointers of `header` lead to no version. */
  blob(header: Uint8Array): Uint8Array | null {
    const form = pointerForm(header)!;
    const string = this.#dataAt(readPointer(header, 16, form), 2 * form.pointer);
    if (string === null) return null;
    const version = this.#versions.get(readPointer(string, 0, form));
    const length = readPointer(string, form.pointer, form);
    if (version === undefined || length > version.length) return null;
    return makeBlob(version.subarray(0, length), this.#modules ?? new Uint8Array(0));
  }

  #findModules(bytes: Uint8Array, start: number, piece: Uint8Array): void {
    if (this.#open === null) {
      const first = occurrences(bytes, MODULES_START)[0];
      if (first === undefined) return;
      this.#open = { address: start + first, parts: [bytes.slice(first)], length: bytes.length - first };
    } else {
      this.#open.parts.push(new Uint8Array(piece));
      this.#open.length += piece.length;
    }
    const { address, parts, length } = this.#open;
    for (const at of occurrences(bytes, MODULES_END)) {
      if (start + at < address + MODULES_START.length) continue;
      this.#modules = concatenated(parts).slice(0, start + at + MODULES_END.length - address);
      this.#open = null;
      return;
    }
    if (length > this.#limits.goBuildInfoBytes) this.#open = null;
  }

  #dataAt(address: number, length: number): Uint8Array | null {
    const first = this.#data.findIndex(
      (piece) => address >= piece.address && address < piece.address + piece.bytes.length,
    );
    if (first < 0) return null;
    const pieces = this.#data.slice(first, first + 1 + length);
    const from = address - pieces[0]!.address;
    const bytes = concatenated(pieces.map((piece) => piece.bytes.subarray(0, from + length)));
    return from + length <= bytes.length ? bytes.subarray(from, from + length) : null;
  }
}

/** Where `pattern` stands. Looks at one byte of every few: one of its first, which all differ, must be there. */
function occurrences(bytes: Uint8Array, pattern: readonly number[]): readonly number[] {
  const step = pattern.findIndex((byte, i) => pattern.indexOf(byte) < i);
  const stride = step < 0 ? pattern.length : step;
  const places = new Int8Array(256).fill(-1);
  for (let i = 0; i < stride; i++) places[pattern[i]!] = i;
  const found: number[] = [];
  for (let at = stride - 1; at < bytes.length; at += stride) {
    const place = places[bytes[at]!]!;
    if (place >= 0 && standsAt(bytes, at - place, pattern)) found.push(at - place);
  }
  return found;
}

function standsAt(bytes: Uint8Array, at: number, pattern: readonly number[]): boolean {
  for (let i = 0; i < pattern.length; i++) if (bytes[at + i] !== pattern[i]) return false;
  return true;
}

function readPointer(bytes: Uint8Array, at: number, { pointer, littleEndian }: PointerForm): number {
  let value = 0;
  for (let i = 0; i < pointer; i++) value = value * 256 + bytes[at + (littleEndian ? pointer - 1 - i : i)]!;
  return value;
}
