import type { Limits } from '../../limits.ts';
import { concatenated } from '../concatenated.ts';

/**
 * What the Go linker leaves in a program for `go version -m` (cmd/link, debug/buildinfo): at a multiple of 16, a header
 * of 32 bytes (magic, size of a pointer, flags) and, since Go 1.18, two texts behind it, each after its length as a
 * varint: the version of Go, and the modules between two marks of 16 bytes.
 */
export const ALIGNMENT = 16;
const HEADER_SIZE = 32;

const MAGIC = [...'\xff Go buildinf:'].map((char) => char.charCodeAt(0));
const POINTER_SIZE = 14;
const FLAGS = 15;
const BIG_ENDIAN = 1;
const INLINE = 2;

/** cmd/go/internal/modload: infoStart, infoEnd. */
export const MODULES_START = fromHex('3077af0c9274080241e1c107e6d618e6');
export const MODULES_END = fromHex('f932433186182072008242104116d8f2');
const MARK = MODULES_START.length;

/** A version is some ten bytes; with a list of experiments, some hundred. */
const VERSION_BYTES = 1_024;

/** Whether the bytes from `at` on, as many as there are, may be the first 16 of a header. */
export function isHeaderAt(bytes: Uint8Array, at: number): boolean {
  const length = Math.min(bytes.length - at, ALIGNMENT);
  for (let i = 0; i < length; i++) {
    const byte = bytes[at + i]!;
    if (i < MAGIC.length) {
      if (byte !== MAGIC[i]) return false;
    } else if (i === POINTER_SIZE ? byte !== 4 && byte !== 8 : byte > (BIG_ENDIAN | INLINE)) return false;
  }
  return true;
}

/** How Go before 1.18 says where its texts lie: two addresses of strings, which are an address and a length each. */
export interface PointerForm {
  /** 4 or 8 bytes. */
  readonly pointer: number;
  readonly littleEndian: boolean;
}

/** Null where the texts stand behind the header. `header` has at least 16 bytes. */
export function pointerForm(header: Uint8Array): PointerForm | null {
  if ((header[FLAGS]! & INLINE) !== 0) return null;
  return { pointer: header[POINTER_SIZE]!, littleEndian: (header[FLAGS]! & BIG_ENDIAN) === 0 };
}

/** How many bytes the whole takes; while `bytes` are too few to tell, some number that is greater than theirs. */
export function blobSize(bytes: Uint8Array, limits: Limits): number {
  if (bytes.length < HEADER_SIZE || pointerForm(bytes) !== null) return HEADER_SIZE;
  let end = HEADER_SIZE;
  for (const most of [VERSION_BYTES, limits.goBuildInfoBytes + 2 * MARK]) {
    const length = varintAt(bytes, end);
    if (length === null) return bytes.length + 1;
    // What is no length ends here, and is told by whoever reads the texts.
    if (length.value > most) return length.end;
    end = length.end + length.value;
    if (end > bytes.length) return end;
  }
  return end;
}

export interface BlobTexts {
  readonly version: Uint8Array;
  /** Empty where the program was built without modules. */
  readonly modules: Uint8Array;
}

/** The texts of a whole blob; else what is wrong with it. */
export function blobTexts(bytes: Uint8Array, limits: Limits): BlobTexts | { readonly flaw: string } {
  if (bytes.length < HEADER_SIZE || !isHeaderAt(bytes, 0)) return { flaw: 'its build information ends in its header' };
  if (pointerForm(bytes) !== null) {
    return { flaw: 'it was built by Go before 1.18, and its build information does not lie where it says' };
  }
  const texts: Uint8Array[] = [];
  let at = HEADER_SIZE;
  for (const most of [VERSION_BYTES, limits.goBuildInfoBytes + 2 * MARK]) {
    const length = varintAt(bytes, at);
    if (length === null) return { flaw: 'its build information ends too early' };
    if (length.value > most) return { flaw: `a text of its build information claims more than ${most} bytes` };
    at = length.end + length.value;
    if (at > bytes.length) return { flaw: 'its build information ends too early' };
    texts.push(bytes.subarray(length.end, at));
  }
  const [version, framed] = texts as [Uint8Array, Uint8Array];
  // As debug/buildinfo has it: the text ends in a new line before the mark, or there is none.
  const isFramed = framed.length > 2 * MARK && framed[framed.length - MARK - 1] === 0x0a;
  return { version, modules: framed.subarray(isFramed ? MARK : 0, isFramed ? -MARK : 0) };
}

/** The texts as Go writes them since 1.18; `modules` with its marks. */
export function makeBlob(version: Uint8Array, modules: Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER_SIZE);
  header.set([...MAGIC, 8, INLINE]);
  return concatenated([header, varint(version.length), version, varint(modules.length), modules]);
}

/** Null where `bytes` end in it. A number of too many bytes is too great for anything. */
function varintAt(bytes: Uint8Array, at: number): { value: number; end: number } | null {
  let value = 0;
  for (let i = 0; at + i < bytes.length; i++) {
    const byte = bytes[at + i]!;
    if (i === 7) return { value: Number.POSITIVE_INFINITY, end: at + i + 1 };
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return null;
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))];
}

function fromHex(hex: string): readonly number[] {
  return hex.match(/../g)!.map((digits) => Number.parseInt(digits, 16));
}
