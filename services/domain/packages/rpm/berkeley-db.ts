import { joined, viewOf } from './bytes.ts';
import type { Report } from './flaw.ts';

/** Berkeley DB's hash access method, as `Packages` used it until rpm 4.16 (db_page.h of Berkeley DB 4 and 5). */
const HASH_MAGIC = 0x00061561;

const META = { magic: 12, version: 16, pageSize: 20, encryption: 24, flags: 26, lastPage: 32, records: 88, bytes: 512 };
const PAGE = { number: 8, next: 16, entries: 20, overflowBytes: 22, type: 25, header: 26 };

/** Page types. The hash method had its pages unsorted until 4.6. */
const FREE = 0;
const HASH_UNSORTED = 2;
const OVERFLOW = 7;
const HASH = 13;

/** Kinds of item on a hash page: on it, or a pointer {kind, 3 bytes unused, page, length} to a chain of overflow pages. */
const KEY_DATA = 1;
const OFF_PAGE = 3;
const OFF_PAGE_BYTES = 12;

const CHECKSUMMED = 0x01;

/** The byte order of the machine that wrote the file; null where it is no hash database. */
function littleEndian(bytes: Uint8Array): boolean | null {
  if (bytes.length < META.magic + 4) return null;
  const view = viewOf(bytes);
  if (view.getUint32(META.magic, true) === HASH_MAGIC) return true;
  return view.getUint32(META.magic, false) === HASH_MAGIC ? false : null;
}

export function isBerkeleyDb(bytes: Uint8Array): boolean {
  return littleEndian(bytes) !== null;
}

/** The values of all records but number 0, which holds the next free number: one rpm header each. */
export function* berkeleyDbHeaders(bytes: Uint8Array, report: Report): Generator<Uint8Array> {
  if (bytes.length < META.bytes) {
    report(`Berkeley DB: the file ends at byte ${bytes.length}, inside of its first page`);
    return;
  }
  const database = new HashDatabase(bytes, report);
  if (database.isSupported()) yield* database.headers();
}

class HashDatabase {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #pageSize: number;
  /** Pages that are wholly there. */
  readonly #pages: number;
  /** Overflow pages that were read: each belongs to one record. */
  readonly #used: Uint8Array;
  readonly #report: Report;

  constructor(bytes: Uint8Array, report: Report) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#little = littleEndian(bytes) ?? true;
    this.#report = report;
    this.#pageSize = this.#u32(META.pageSize);
    this.#pages = isPageSize(this.#pageSize) ? Math.floor(bytes.length / this.#pageSize) : 0;
    this.#used = new Uint8Array(this.#pages);
  }

  isSupported(): boolean {
    const version = this.#u32(META.version);
    if (!isPageSize(this.#pageSize)) this.#report(`Berkeley DB: a page size of ${this.#pageSize}`);
    else if (version < 7 || version > 10) this.#report(`Berkeley DB: hash version ${version}; 7 to 10 are known`);
    else if (this.#bytes[META.encryption] !== 0) this.#report('Berkeley DB: the database is encrypted');
    else if (this.#bytes[META.flags]! & CHECKSUMMED)
      this.#report('Berkeley DB: pages with checksums are not supported');
    else return true;
    return false;
  }

  /**
   * All hash pages in the order of the file, not bucket by bucket: a record is found also where a bucket's chain is
   * broken, and the count on the first page tells whether one is missing.
   */
  *headers(): Generator<Uint8Array> {
    const lastPage = this.#u32(META.lastPage);
    if (lastPage >= this.#pages) {
      this.#report(`Berkeley DB: truncated: ${this.#pages} of ${lastPage + 1} pages of ${this.#pageSize} bytes`);
    }
    let records = 0;
    for (let page = 1; page < this.#pages; page++) {
      const start = page * this.#pageSize;
      const type = this.#bytes[start + PAGE.type];
      if (type === FREE || type === OVERFLOW) continue;
      if (page > lastPage) {
        // What lies there may be left over; that it was in use, and the first page is damaged, cannot be ruled out.
        this.#report(`Berkeley DB: page ${page} is in use, where the first page counts ${lastPage + 1} pages`);
        break;
      }
      if ((type !== HASH && type !== HASH_UNSORTED) || this.#u32(start + PAGE.number) !== page) {
        this.#report(`Berkeley DB: page ${page}: type ${type}, number ${this.#u32(start + PAGE.number)}`);
        continue;
      }
      records += yield* this.#pageHeaders(page, start);
    }
    const expected = this.#u32(META.records);
    if (records < expected)
      this.#report(`Berkeley DB: ${records} records found, where the first page counts ${expected}`);
  }

  /** Items grow from the page's end down; the index of 16-bit offsets lists key, value, key, value. */
  *#pageHeaders(page: number, start: number): Generator<Uint8Array, number> {
    const entries = this.#u16(start + PAGE.entries);
    const indexEnd = PAGE.header + entries * 2;
    if (indexEnd > this.#pageSize || entries % 2 !== 0) {
      this.#report(`Berkeley DB: page ${page}: ${entries} entries`);
      return 0;
    }
    let itemEnd = this.#pageSize;
    for (let i = 0; i < entries; i += 2) {
      const key = this.#u16(start + PAGE.header + i * 2);
      const value = this.#u16(start + PAGE.header + i * 2 + 2);
      if (key >= itemEnd || value >= key || value < indexEnd) {
        this.#report(
          `Berkeley DB: page ${page}: items at ${key} and ${value} do not lie between ${indexEnd} and ${itemEnd}`,
        );
        return i / 2;
      }
      if (this.#bytes[start + key] !== KEY_DATA || itemEnd - key !== 5) {
        this.#report(`Berkeley DB: page ${page}: the key at ${key} is no record number`);
      } else if (this.#u32(start + key + 1) !== 0) {
        const header = this.#value(page, start + value, start + key);
        if (header !== null) yield header;
      } else if (key - value !== 5) {
        this.#report(`Berkeley DB: page ${page}: record 0 is no counter but ${key - value - 1} bytes`);
      }
      itemEnd = value;
    }
    return entries / 2;
  }

  #value(page: number, from: number, to: number): Uint8Array | null {
    const kind = this.#bytes[from];
    if (kind === KEY_DATA) return this.#bytes.subarray(from + 1, to);
    if (kind === OFF_PAGE && to - from === OFF_PAGE_BYTES)
      return this.#overflow(this.#u32(from + 4), this.#u32(from + 8));
    this.#report(`Berkeley DB: page ${page}: an item of kind ${kind} and ${to - from} bytes`);
    return null;
  }

  /** The chain is checked to its end before anything of the stated length is allocated. */
  #overflow(first: number, length: number): Uint8Array | null {
    const parts: Uint8Array[] = [];
    let filled = 0;
    let page = first;
    while (filled < length) {
      const flaw = this.#overflowFlaw(page, length - filled);
      if (flaw !== null) {
        this.#report(`Berkeley DB: the record at page ${first} breaks after ${filled} of ${length} bytes: ${flaw}`);
        return null;
      }
      this.#used[page] = 1;
      const start = page * this.#pageSize;
      const size = this.#u16(start + PAGE.overflowBytes);
      parts.push(this.#bytes.subarray(start + PAGE.header, start + PAGE.header + size));
      filled += size;
      page = this.#u32(start + PAGE.next);
    }
    return joined(parts, length);
  }

  #overflowFlaw(page: number, missing: number): string | null {
    if (page === 0) return 'its chain ends';
    if (page >= this.#pages) return `page ${page} is not in the file`;
    const start = page * this.#pageSize;
    if (this.#bytes[start + PAGE.type] !== OVERFLOW) return `page ${page} is of type ${this.#bytes[start + PAGE.type]}`;
    if (this.#u32(start + PAGE.number) !== page) return `page ${page} says it is ${this.#u32(start + PAGE.number)}`;
    if (this.#used[page] !== 0) return `page ${page} was read before`;
    const size = this.#u16(start + PAGE.overflowBytes);
    if (size === 0 || size > this.#pageSize - PAGE.header || size > missing) return `page ${page} holds ${size} bytes`;
    return null;
  }

  #u16(at: number): number {
    return this.#view.getUint16(at, this.#little);
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, this.#little);
  }
}

function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65_536 && Number.isInteger(Math.log2(size));
}
