import { decodePath } from '../../layers/path.ts';
import { LIMITS } from '../../limits.ts';
import { viewOf } from './bytes.ts';
import type { Report } from './flaw.ts';

/** Tags that are read, by their names in rpm's rpmtag.h. */
export const TAG = {
  NAME: 1000,
  VERSION: 1001,
  RELEASE: 1002,
  EPOCH: 1003,
  VENDOR: 1011,
  LICENSE: 1014,
  ARCH: 1022,
  OLDFILENAMES: 1027,
  FILEDIGESTS: 1035,
  SOURCERPM: 1044,
  PROVIDENAME: 1047,
  REQUIRENAME: 1049,
  DIRINDEXES: 1116,
  BASENAMES: 1117,
  DIRNAMES: 1118,
  FILEDIGESTALGO: 5011,
  MODULARITYLABEL: 5096,
} as const;

export type TagName = keyof typeof TAG;

const NAME_OF = new Map<number, TagName>(Object.entries(TAG).map(([name, tag]) => [tag, name as TagName]));

/** Types of values (rpmtag.h, rpmTagType). */
const INT32 = 4;
const STRING = 6;
const BINARY = 7;
const STRING_ARRAY = 8;
const I18N_STRING = 9;

/** HEADERIMAGE, HEADERSIGNATURES, HEADERIMMUTABLE: the first entry may say that the next ones are a sealed region. */
const FIRST_REGION = 61;
const LAST_REGION = 63;

const PREAMBLE_BYTES = 8;
const ENTRY_BYTES = 16;
const TRAILER_BYTES = 16;

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder('latin1');

/**
 * One package as rpm stores it (rpm's docs/manual/format_header.md, without the file magic): two big-endian counts,
 * index entries {tag, type, offset, count}, then the store that they point into. A value is decoded when it is asked
 * for; a value of the wrong type or outside of the store is reported and reads as absent.
 */
export class Header {
  readonly #store: Uint8Array;
  readonly #entries: ReadonlyMap<TagName, Entry>;
  readonly #report: Report;

  private constructor(store: Uint8Array, entries: ReadonlyMap<TagName, Entry>, report: Report) {
    this.#store = store;
    this.#entries = entries;
    this.#report = report;
  }

  /** Null, and reported, where the blob is no header. */
  static open(blob: Uint8Array, report: Report): Header | null {
    if (blob.length < PREAMBLE_BYTES) {
      report(`a header of ${blob.length} bytes, where 8 is the least`);
      return null;
    }
    const view = viewOf(blob);
    const count = view.getUint32(0);
    const storeBytes = view.getUint32(4);
    const storeStart = PREAMBLE_BYTES + count * ENTRY_BYTES;
    if (count === 0 || storeStart + storeBytes !== blob.length) {
      report(`a header of ${blob.length} bytes states ${count} index entries and a store of ${storeBytes} bytes`);
      return null;
    }
    const store = blob.subarray(storeStart);
    return new Header(store, readIndex(view, count, store, report), report);
  }

  /** The number of values that the index states for a tag. */
  count(name: TagName): number {
    return this.#entries.get(name)?.count ?? 0;
  }

  /** A text value, or the first of several; null where the tag is absent or empty. */
  text(name: TagName): string | null {
    const range = this.#strings(name, 1);
    if (range === null) return null;
    const text = decodeText(this.#store.subarray(range.start, range.end));
    return text === '' ? null : text;
  }

  /** All strings of a tag; none where it is absent. */
  list(name: TagName): readonly string[] {
    const bytes = this.#all(name);
    return bytes === null ? [] : decodeText(bytes).split('\0');
  }

  /** The same for paths, whose very bytes are kept (decodePath). */
  paths(name: TagName): readonly string[] {
    const bytes = this.#all(name);
    return bytes === null ? [] : decodePaths(bytes);
  }

  /** The numbers of a tag; none where it is absent. */
  numbers(name: TagName): Uint32Array {
    const entry = this.#typed(name, [INT32]);
    if (entry === null) return new Uint32Array(0);
    if (entry.offset + entry.count * 4 > this.#store.length) {
      this.#report(`${name}: ${entry.count} numbers at offset ${entry.offset} overrun the store`);
      return new Uint32Array(0);
    }
    const view = viewOf(this.#store);
    const numbers = new Uint32Array(entry.count);
    for (let i = 0; i < numbers.length; i++) numbers[i] = view.getUint32(entry.offset + i * 4);
    return numbers;
  }

  #all(name: TagName): Uint8Array | null {
    const range = this.#strings(name, this.count(name));
    return range === null ? null : this.#store.subarray(range.start, range.end);
  }

  #typed(name: TagName, types: readonly number[]): Entry | null {
    const entry = this.#entries.get(name);
    if (entry === undefined) return null;
    if (types.includes(entry.type) && entry.count > 0) return entry;
    this.#report(`${name}: type ${entry.type} with ${entry.count} values`);
    return null;
  }

  /** The bytes of `count` strings, each but the last with its NUL. */
  #strings(name: TagName, count: number): { start: number; end: number } | null {
    const entry = this.#typed(name, [STRING, STRING_ARRAY, I18N_STRING]);
    if (entry === null) return null;
    let end = entry.offset - 1;
    for (let i = 0; i < count; i++) {
      end = end + 1 > this.#store.length ? -1 : this.#store.indexOf(0, end + 1);
      if (end < 0) {
        this.#report(`${name}: string ${i + 1} of ${count} at offset ${entry.offset} overruns the store`);
        return null;
      }
    }
    return { start: entry.offset, end };
  }
}

/** Where the tags of interest lie. Entries behind the region replace those in it, as rpm adds them at installation. */
function readIndex(view: DataView, count: number, store: Uint8Array, report: Report): Map<TagName, Entry> {
  const entries = new Map<TagName, Entry>();
  const regionEnd = regionEntries(view, count, store, report);
  for (let i = 0; i < count; i++) {
    const at = PREAMBLE_BYTES + i * ENTRY_BYTES;
    const name = NAME_OF.get(view.getUint32(at));
    if (name === undefined) continue;
    if (entries.has(name) && i < regionEnd) {
      report(`${name}: the index has it twice; the first was taken`);
      continue;
    }
    entries.set(name, {
      type: view.getUint32(at + 4),
      offset: view.getUint32(at + 8),
      count: view.getUint32(at + 12),
    });
  }
  return entries;
}

/** How many entries the region holds, from its trailer in the store; all of them where there is no region. */
function regionEntries(view: DataView, count: number, store: Uint8Array, report: Report): number {
  const tag = view.getUint32(PREAMBLE_BYTES);
  if (tag < FIRST_REGION || tag > LAST_REGION) return count;
  const type = view.getUint32(PREAMBLE_BYTES + 4);
  const offset = view.getUint32(PREAMBLE_BYTES + 8);
  const size = view.getUint32(PREAMBLE_BYTES + 12);
  // Headers of rpm 3, which had no regions, were sealed without a trailer.
  if (offset === 0) return count;
  if (type !== BINARY || size !== TRAILER_BYTES || offset + TRAILER_BYTES > store.length) {
    report(`region ${tag}: type ${type}, ${size} bytes at offset ${offset}`);
    return count;
  }
  const trailer = new DataView(store.buffer, store.byteOffset + offset, TRAILER_BYTES);
  const indexBytes = -trailer.getInt32(8);
  const held = indexBytes / ENTRY_BYTES;
  if (Number.isInteger(held) && held >= 1 && held <= count) return held;
  report(`region ${tag}: its trailer states ${indexBytes} bytes of index, where the header has ${count} entries`);
  return count;
}

/** Paths with a NUL between them: all at once where they are UTF-8, which is several times faster than one by one. */
function decodePaths(bytes: Uint8Array): string[] {
  try {
    return utf8.decode(bytes).split('\0');
  } catch {
    const strings: string[] = [];
    for (let start = 0; start <= bytes.length; ) {
      const nul = bytes.indexOf(0, start);
      const end = nul < 0 ? bytes.length : nul;
      const string = bytes.subarray(start, end);
      // Longer ones are no paths, and only paths must keep their very bytes.
      strings.push(string.length > LIMITS.pathBytes ? decodeText(string) : decodePath(string));
      start = end + 1;
    }
    return strings;
  }
}

/** Headers are UTF-8; before rpm 4.12 nothing checked that, and packagers wrote Latin-1. */
function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return latin1.decode(bytes);
  }
}
