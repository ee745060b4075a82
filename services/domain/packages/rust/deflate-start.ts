/** Canonical Huffman code (RFC 1951, 3.2.2): how many codes of each length there are, and their symbols in order. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

const LONGEST = 15;
/** In which order the lengths of the code of lengths stand (RFC 1951, 3.2.7). */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/** Repeats the last length, or zero: least count, and the bits of what is to be added. */
const REPEATS: Readonly<Record<number, readonly [least: number, bits: number]>> = {
  16: [3, 2],
  17: [3, 3],
  18: [11, 7],
};

const STORED = 0;
const FIXED = 1;
const DYNAMIC = 2;

let fixedCode: Code | null = null;

/**
 * Whether the raw DEFLATE stream that begins at `at` begins with `text`, ASCII in which no three letters occur twice,
 * so that every one is spelt out. Tells a stream from other bytes without unpacking it, which may be large. False where
 * `bytes` end too early.
 */
export function deflatesFrom(bytes: Uint8Array, at: number, text: string): boolean {
  const bits = new Bits(bytes, at);
  bits.take(1);
  const kind = bits.take(2);
  if (kind === STORED) {
    const start = bits.nextByte() + 4;
    for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }
  const code = kind === FIXED ? fixed() : kind === DYNAMIC ? dynamic(bits) : null;
  if (code === null) return false;
  for (let i = 0; i < text.length; i++) if (bits.symbol(code) !== text.charCodeAt(i)) return false;
  return true;
}

/** Bits from the lowest on. Behind the end all are zero, and `isOver` is true. */
class Bits {
  isOver = false;
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, byte: number) {
    this.#bytes = bytes;
    this.#at = byte * 8;
  }

  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++) {
      const byte = this.#bytes[this.#at >>> 3];
      if (byte === undefined) this.isOver = true;
      value |= (((byte ?? 0) >>> (this.#at & 7)) & 1) << i;
    }
    return value;
  }

  /** The index of the first whole byte that is left. */
  nextByte(): number {
    return (this.#at + 7) >>> 3;
  }

  /** -1 where no code begins here. */
  symbol({ counts, symbols }: Code): number {
    let [value, first, index] = [0, 0, 0];
    for (let length = 1; length <= LONGEST; length++) {
      value |= this.take(1);
      const count = counts[length]!;
      if (value - count < first) return this.isOver ? -1 : symbols[index + value - first]!;
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    return -1;
  }
}

/** Null where more codes are claimed than there can be. */
function codeOf(lengths: Uint8Array): Code | null {
  const counts = new Uint16Array(LONGEST + 1);
  for (const length of lengths) counts[length]!++;
  const offsets = new Uint16Array(LONGEST + 2);
  let left = 1;
  for (let length = 1; length <= LONGEST; length++) {
    left = left * 2 - counts[length]!;
    if (left < 0) return null;
    offsets[length + 1] = offsets[length]! + counts[length]!;
  }
  const symbols = new Uint16Array(lengths.length);
  for (const [symbol, length] of lengths.entries()) if (length > 0) symbols[offsets[length]!++] = symbol;
  return { counts, symbols };
}

function fixed(): Code {
  if (fixedCode === null) {
    const lengths = new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
    fixedCode = codeOf(lengths)!;
  }
  return fixedCode;
}

/** The code of literals; with that of distances, which is not needed, it stands before the data. */
function dynamic(bits: Bits): Code | null {
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const count = bits.take(4) + 4;
  if (literals > 286 || distances > 30) return null;
  const lengthLengths = new Uint8Array(LENGTH_ORDER.length);
  for (let i = 0; i < count; i++) lengthLengths[LENGTH_ORDER[i]!] = bits.take(3);
  const code = codeOf(lengthLengths);
  if (code === null) return null;
  const lengths = new Uint8Array(literals + distances);
  for (let i = 0; i < lengths.length; ) {
    const symbol = bits.symbol(code);
    if (symbol < 0) return null;
    const repeat = REPEATS[symbol];
    if (repeat === undefined) {
      lengths[i++] = symbol;
      continue;
    }
    if (symbol === 16 && i === 0) return null;
    const end = i + repeat[0] + bits.take(repeat[1]);
    if (end > lengths.length) return null;
    lengths.fill(symbol === 16 ? lengths[i - 1]! : 0, i, end);
    i = end;
  }
  return codeOf(lengths.subarray(0, literals));
}
