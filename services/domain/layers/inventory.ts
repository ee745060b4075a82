import type { EntryType } from '../packages/ecosystem.ts';
import { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { decodePath, encodePath } from './path.ts';

/**
 * The file inventory of one layer: every path once, as the layer leaves it, in tree order, front-coded in blocks.
 * A lookup decodes one block; nothing ever becomes one object per entry. It is a tree: whatever stands above an entry
 * is a directory, named or implicit. Whiteout markers are not in it.
 *
 * Bytes: blocks, one uint32 offset per block, uint32 block count, uint32 entry count.
 * Entry: varint shared UTF-16 units, varint suffix bytes, suffix, type byte (0x80: a digest follows), varint mode,
 * then varint size (files), varint length and target (links), 32 bytes of SHA-256 (where flagged).
 */

/** 'implicit': a directory that the layer never names but puts something into, or deletes something from. */
export type InventoryType = EntryType | 'implicit';

export interface InventoryEntry {
  readonly path: string;
  readonly type: InventoryType;
  readonly mode: number;
  /** Bytes; 0 for anything but a file. */
  readonly size: number;
  /** symlink: the target as spelled; hardlink: the path of the other name, placed as the layer's own entries are. */
  readonly target: string | null;
  /** SHA-256 of the content, lower-case hex; only with the full inventory, for executables and libraries. */
  readonly sha256: string | null;
}

const TYPES: readonly InventoryType[] = [
  'file',
  'directory',
  'symlink',
  'hardlink',
  'character-device',
  'block-device',
  'fifo',
  'implicit',
];
const TYPE_CODES = new Map(TYPES.map((type, code) => [type, code]));
const HAS_DIGEST = 0x80;
const BLOCK_ENTRIES = 64;
/** Longer than any path that was read: a block of foreign bytes takes no more than so many times its entries. */
const KEY_UNITS = 1 << 16;
/** Decoded blocks kept for the next lookup: those of the directories above a path come again and again. */
const DECODED_BLOCKS = 64;

/**
 * Tree order: '/' sorts below every other character, so that a directory is followed by all that lies in it.
 * NUL cannot stand in a name, which makes the mapping one to one.
 */
export function treeKey(path: string): string {
  return path.replaceAll('/', '\0');
}

export function pathOfKey(key: string): string {
  return key.replaceAll('\0', '/');
}

/** One entry on its way into or out of a block; `key` is the tree key. */
export interface KeyedEntry {
  key: string;
  type: InventoryType;
  mode: number;
  size: number;
  target: string | null;
  sha256: Uint8Array | null;
}

/** Writes entries in tree order; front-codes against the previous one unless `restart`. */
export function writeEntry(out: ByteWriter, entry: KeyedEntry, previousKey: string, restart: boolean): void {
  const shared = restart ? 0 : sharedUnits(previousKey, entry.key);
  out.varint(shared);
  writeText(out, shared === 0 ? entry.key : entry.key.slice(shared));
  const code = TYPE_CODES.get(entry.type) as number;
  out.byte(entry.sha256 === null ? code : code | HAS_DIGEST);
  out.varint(entry.mode);
  if (entry.type === 'file') out.varint(entry.size);
  if (entry.type === 'symlink' || entry.type === 'hardlink') writeText(out, entry.target ?? '');
  if (entry.sha256 !== null) out.bytes(entry.sha256);
}

export function readEntry(from: ByteReader, previousKey: string): KeyedEntry {
  const shared = from.varint();
  if (shared > previousKey.length) throw new RangeError('an inventory entry shares more than there is');
  const suffix = readText(from);
  // Each entry of a block may be longer than the one before it.
  if (shared + suffix.length > KEY_UNITS) throw new RangeError('an inventory entry with too long a path');
  const key = shared === 0 ? suffix : previousKey.slice(0, shared) + suffix;
  const code = from.byte();
  const type = TYPES[code & ~HAS_DIGEST];
  if (type === undefined) throw new RangeError(`unknown inventory type ${code}`);
  const mode = from.varint();
  const size = type === 'file' ? from.varint() : 0;
  const target = type === 'symlink' || type === 'hardlink' ? readText(from) : null;
  const sha256 = (code & HAS_DIGEST) === 0 ? null : from.bytes(32);
  return { key, type, mode, size, target, sha256 };
}

function writeText(out: ByteWriter, text: string): void {
  const start = out.length;
  // One varint byte holds the length of nearly every suffix: write ASCII straight behind it.
  if (text.length < 0x80) {
    out.byte(text.length);
    if (out.ascii(text)) return;
    out.length = start;
  }
  const bytes = encodePath(text);
  out.varint(bytes.length);
  out.bytes(bytes);
}

function readText(from: ByteReader): string {
  const bytes = from.bytes(from.varint());
  if (bytes.length > 32) return decodePath(bytes);
  let text = '';
  for (const byte of bytes) {
    if (byte >= 0x80) return decodePath(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}

function sharedUnits(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < most && a.charCodeAt(shared) === b.charCodeAt(shared)) shared++;
  // Never cut between the halves of a pair: each piece is encoded alone.
  const next = b.charCodeAt(shared);
  return shared > 0 && next >= 0xdc00 && next <= 0xdfff ? shared - 1 : shared;
}

/** Reads an inventory in place. RangeError where the bytes are none: at once, or when the damaged block is read. */
export class Inventory {
  static readonly blockEntries = BLOCK_ENTRIES;
  /** Entries, implicit directories included. */
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #offsets: Uint32Array;
  /** Of each block, once it was looked at. */
  readonly #firstKeys: (string | undefined)[] = [];
  readonly #decoded = new Map<number, KeyedEntry[]>();

  constructor(bytes: Uint8Array) {
    const counts = new ByteReader(bytes, bytes.length - 8);
    const blocks = counts.uint32();
    this.size = counts.uint32();
    if (blocks !== Math.ceil(this.size / BLOCK_ENTRIES))
      throw new RangeError('inventory with a wrong number of blocks');
    const end = bytes.length - 8 - blocks * 4;
    const table = new ByteReader(bytes, end);
    this.#offsets = new Uint32Array(blocks + 1);
    for (let i = 0; i < blocks; i++) this.#offsets[i] = table.uint32();
    this.#offsets[blocks] = end;
    for (let i = 0; i < blocks; i++) {
      if (this.#offsets[i]! >= this.#offsets[i + 1]!) throw new RangeError('inventory blocks out of order');
    }
    this.#bytes = bytes;
  }

  find(path: string): InventoryEntry | null {
    const key = treeKey(path);
    const entries = this.#block(this.#blockOf(key));
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (entries[middle]!.key < key) low = middle + 1;
      else high = middle;
    }
    const entry = entries[low];
    return entry?.key === key ? toEntry(entry, path) : null;
  }

  /** Everything below `directory` in tree order ('' for all), not the directory itself. */
  *below(directory: string): Generator<InventoryEntry> {
    for (const entry of this.keyedBelow(directory)) yield toEntry(entry);
  }

  /** As `below`, without the cost of making paths of the keys. */
  *keyedBelow(directory: string): Generator<KeyedEntry> {
    const prefix = directory === '' ? '' : `${treeKey(directory)}\0`;
    for (let block = this.#blockOf(prefix); block < this.#offsets.length - 1; block++) {
      for (const entry of this.#block(block)) {
        if (entry.key.startsWith(prefix)) yield entry;
        else if (entry.key > prefix) return;
      }
    }
  }

  #block(index: number): readonly KeyedEntry[] {
    const blocks = this.#offsets.length - 1;
    if (index >= blocks) return [];
    const decoded = this.#decoded.get(index);
    if (decoded !== undefined) return decoded;
    const from = new ByteReader(this.#bytes, this.#offsets[index]!, this.#offsets[index + 1]!);
    const entries: KeyedEntry[] = [];
    const count = index === blocks - 1 ? this.size - index * BLOCK_ENTRIES : BLOCK_ENTRIES;
    for (let key = ''; entries.length < count; key = entries.at(-1)!.key) entries.push(readEntry(from, key));
    if (from.offset !== from.end) throw new RangeError('inventory block longer than its entries');
    if (this.#decoded.size >= DECODED_BLOCKS) this.#decoded.clear();
    this.#decoded.set(index, entries);
    return entries;
  }

  /** The last block whose first key is not above `key`. */
  #blockOf(key: string): number {
    let low = 0;
    let high = this.#offsets.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#firstKey(middle) <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #firstKey(block: number): string {
    const known = this.#firstKeys[block];
    if (known !== undefined) return known;
    const from = new ByteReader(this.#bytes, this.#offsets[block]!, this.#offsets[block + 1]!);
    const { key } = readEntry(from, '');
    this.#firstKeys[block] = key;
    return key;
  }
}

export function toEntry(entry: KeyedEntry, path = pathOfKey(entry.key)): InventoryEntry {
  const { type, mode, size, target, sha256 } = entry;
  return { path, type, mode, size, target, sha256: sha256 === null ? null : hex(sha256) };
}

export function isDirectory({ type }: { readonly type: InventoryType }): boolean {
  return type === 'directory' || type === 'implicit';
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
