import { decodePath } from '../layers/path.ts';
import { quote } from './unit-gaps.ts';

/** One entry as the central directory has it (APPNOTE.TXT 4.3.12), which is what the Java runtime goes by. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc32: number;
  /** Bytes of its data in the archive, and unpacked. */
  readonly compressed: number;
  readonly size: number;
  /** Where its data start; null where the local header before them is not there. */
  readonly data: number | null;
}

/** Raw DEFLATE; throws as ReadContext.inflate. */
export type Inflate = (bytes: Uint8Array, maxBytes: number) => Uint8Array;

const END = 0x06054b50;
const END_SIZE = 22;
const END64 = 0x06064b50;
const END64_SIZE = 56;
const LOCATOR64 = 0x07064b50;
const LOCATOR64_SIZE = 20;
const CENTRAL = 0x02014b50;
const CENTRAL_SIZE = 46;
const LOCAL = 0x04034b50;
const LOCAL_SIZE = 30;
const EXTRA64 = 1;

const FULL16 = 0xffff;
const FULL32 = 0xffffffff;

const ENCRYPTED = 1;
/** Sizes and checksum stand behind the data, and in the central directory. */
const DESCRIPTOR = 8;

const STORED = 0;
const DEFLATED = 8;

/**
 * A zip archive in memory. The central directory at its end says what is in it; each local header must agree, as a tool
 * that reads from the start goes by those. Bytes before the archive (a start script) are passed over.
 */
export class ZipArchive {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #directory: Directory;

  private constructor(bytes: Uint8Array, view: DataView, directory: Directory) {
    this.#bytes = bytes;
    this.#view = view;
    this.#directory = directory;
  }

  /** The archive, or what is wrong with it. */
  static open(bytes: Uint8Array): ZipArchive | string {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const directory = findDirectory(view);
    return typeof directory === 'string' ? directory : new ZipArchive(bytes, view, directory);
  }

  /** How many entries the archive says it has. */
  get count(): number {
    return this.#directory.count;
  }

  /** All entries in the order of the central directory. What is wrong with them is reported, those that are there come. */
  *entries(report: (flaw: string) => void): Generator<ZipEntry, void> {
    const { start, end, base, count, isLast } = this.#directory;
    if (!isLast) report('it goes on behind its end record');
    const spans = new Spans();
    let at = start;
    let read = 0;
    while (at + CENTRAL_SIZE <= end && this.#view.getUint32(at, true) === CENTRAL) {
      const next = at + CENTRAL_SIZE + this.#uint16(at + 28) + this.#uint16(at + 30) + this.#uint16(at + 32);
      if (next > end) break;
      read++;
      yield this.#entry(at, base, spans, report);
      at = next;
    }
    // The 16 bits of old archives with more entries count on from 0.
    if (at !== end) report('its central directory ends in the middle of an entry');
    else if (read !== count && (count > FULL16 || (read & FULL16) !== count)) {
      report(`it says that it has ${count} entries, and has ${read}`);
    }
    if (spans.overlap()) report('its entries overlap');
  }

  /** The content of an entry, `size` bytes, or why there is none. A stored one is a view into the archive. */
  read(entry: ZipEntry, inflate: Inflate): Uint8Array | string {
    if (entry.data === null) return 'it is not where the central directory says';
    if (entry.encrypted) return 'it is encrypted';
    const data = this.#bytes.subarray(entry.data, entry.data + entry.compressed);
    if (entry.method === STORED)
      return entry.compressed === entry.size ? data : 'it is stored, in another size than its own';
    if (entry.method !== DEFLATED) return `it is compressed by method ${entry.method}, which Java does not know`;
    try {
      const content = inflate(data, entry.size);
      return content.length === entry.size
        ? content
        : `it unpacks to ${content.length} bytes in place of ${entry.size}`;
    } catch {
      return 'its compressed data are broken, or unpack to more than they claim';
    }
  }

  #entry(at: number, base: number, spans: Spans, report: (flaw: string) => void): ZipEntry {
    const nameSize = this.#uint16(at + 28);
    const flags = this.#uint16(at + 8);
    const nameBytes = this.#bytes.subarray(at + CENTRAL_SIZE, at + CENTRAL_SIZE + nameSize);
    const name = decodePath(nameBytes);
    const sizes = this.#sizes(at, at + CENTRAL_SIZE + nameSize, this.#uint16(at + 30));
    const entry = {
      name,
      method: this.#uint16(at + 10),
      encrypted: (flags & ENCRYPTED) !== 0,
      crc32: this.#view.getUint32(at + 16, true),
      compressed: sizes.compressed,
      size: sizes.size,
    };
    const local = base + sizes.offset;
    const limit = this.#directory.start;
    if (local + LOCAL_SIZE > limit || this.#view.getUint32(local, true) !== LOCAL) {
      report(`${quote(name)}: no local header where the central directory says`);
      return { ...entry, data: null };
    }
    const localName = this.#uint16(local + 26);
    const data = local + LOCAL_SIZE + localName + this.#uint16(local + 28);
    const end = data + entry.compressed;
    if (end > limit) {
      report(`${quote(name)}: its data go past the central directory`);
      return { ...entry, data: null };
    }
    spans.add(local, end);
    const difference = this.#difference(local, nameBytes, entry);
    if (difference !== null) report(`${quote(name)}: its local header has another ${difference}`);
    return { ...entry, data };
  }

  /** In what the local header differs from the central directory. */
  #difference(local: number, name: Uint8Array, entry: Omit<ZipEntry, 'data'>): string | null {
    const flags = this.#uint16(local + 6);
    if (this.#uint16(local + 26) !== name.length) return 'name';
    for (let i = 0; i < name.length; i++) if (this.#bytes[local + LOCAL_SIZE + i] !== name[i]) return 'name';
    if (this.#uint16(local + 8) !== entry.method) return 'method';
    if (((flags & ENCRYPTED) !== 0) !== entry.encrypted) return 'encryption';
    if ((flags & DESCRIPTOR) !== 0) return null;
    if (this.#view.getUint32(local + 14, true) !== entry.crc32) return 'checksum';
    const [compressed, size] = [this.#view.getUint32(local + 18, true), this.#view.getUint32(local + 22, true)];
    const differs = (claimed: number, real: number): boolean => claimed !== FULL32 && claimed !== real;
    return differs(compressed, entry.compressed) || differs(size, entry.size) ? 'size' : null;
  }

  /** Numbers that do not fit into 32 bits stand in an extra field, in this order (APPNOTE.TXT 4.5.3). */
  #sizes(at: number, extra: number, extraSize: number): { size: number; compressed: number; offset: number } {
    const short = [
      this.#view.getUint32(at + 24, true),
      this.#view.getUint32(at + 20, true),
      this.#view.getUint32(at + 42, true),
    ];
    let [field, end] = [0, 0];
    if (short.includes(FULL32)) {
      for (let next = extra; next + 4 <= extra + extraSize; next += 4 + this.#uint16(next + 2)) {
        if (this.#uint16(next) !== EXTRA64) continue;
        field = next + 4;
        end = Math.min(field + this.#uint16(next + 2), extra + extraSize);
      }
    }
    const [size, compressed, offset] = short.map((value) => {
      if (value !== FULL32 || field + 8 > end) return value;
      field += 8;
      return uint64(this.#view, field - 8);
    });
    return { size: size!, compressed: compressed!, offset: offset! };
  }

  #uint16(at: number): number {
    return this.#view.getUint16(at, true);
  }
}

interface Directory {
  readonly start: number;
  readonly end: number;
  /** Bytes before the archive, from whose end all offsets count. */
  readonly base: number;
  readonly count: number;
  /** Nothing but a comment follows. */
  readonly isLast: boolean;
}

/**
 * The last end record, as for the Java runtime: one whose comment ends with the file or, in a file with more behind it,
 * one that leads to entries. A comment may hold what looks like an end record.
 */
function findDirectory(view: DataView): Directory | string {
  const length = view.byteLength;
  let flaw = 'it has no end record: it is cut short, or no zip archive';
  for (let at = length - END_SIZE; at >= 0 && at >= length - END_SIZE - FULL16; at--) {
    if (view.getUint32(at, true) !== END) continue;
    const found = directoryOf(view, at);
    if (at + END_SIZE + view.getUint16(at + 20, true) === length) return found;
    if (typeof found === 'string') flaw = found;
    else if (found.count > 0 && view.getUint32(found.base, true) === LOCAL) return { ...found, isLast: false };
  }
  return flaw;
}

function directoryOf(view: DataView, at: number): Directory | string {
  let end = at;
  let count = view.getUint16(at + 10, true);
  let size = view.getUint32(at + 12, true);
  let offset = view.getUint32(at + 16, true);
  let disks = view.getUint16(at + 4, true) + view.getUint16(at + 6, true);
  const wide = count === FULL16 || size === FULL32 || offset === FULL32 ? findEnd64(view, at) : null;
  if (wide !== null) {
    end = wide;
    disks = view.getUint32(wide + 16, true) + view.getUint32(wide + 20, true);
    count = uint64(view, wide + 32);
    size = uint64(view, wide + 40);
    offset = uint64(view, wide + 48);
  }
  if (disks !== 0) return 'it is one part of several';
  const start = end - size;
  const base = start - offset;
  if (!(base >= 0)) return 'its central directory does not fit into it';
  if (count > 0 && (size < CENTRAL_SIZE || view.getUint32(start, true) !== CENTRAL)) {
    return 'its central directory is not where its end record says';
  }
  return { start, end, base, count, isLast: true };
}

/** The end record of zip64: where the locator says or, with bytes before the archive, right before the locator. */
function findEnd64(view: DataView, end: number): number | null {
  const locator = end - LOCATOR64_SIZE;
  if (locator < END64_SIZE || view.getUint32(locator, true) !== LOCATOR64) return null;
  for (const at of [uint64(view, locator + 8), locator - END64_SIZE]) {
    if (at + END64_SIZE <= locator && view.getUint32(at, true) === END64) return at;
  }
  return null;
}

/** Past 2^53 it loses digits, and is past every archive too. */
function uint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** Stretches of the archive. Archives have them in order, so that there is nothing to sort. */
class Spans {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #inOrder = true;

  add(start: number, end: number): void {
    if (start < (this.#ends.at(-1) ?? 0)) this.#inOrder = false;
    this.#starts.push(start);
    this.#ends.push(end);
  }

  overlap(): boolean {
    if (this.#inOrder) return false;
    const order = [...this.#starts.keys()].sort((a, b) => this.#starts[a]! - this.#starts[b]!);
    return order.some((span, i) => i > 0 && this.#starts[span]! < this.#ends[order[i - 1]!]!);
  }
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 of zip (APPNOTE.TXT 4.4.7). */
export function crc32(bytes: Uint8Array): number {
  let value = -1;
  for (const byte of bytes) value = (value >>> 8) ^ CRC_TABLE[(value ^ byte) & 0xff]!;
  return ~value >>> 0;
}
