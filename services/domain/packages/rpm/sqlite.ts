import { joined, viewOf } from './bytes.ts';
import type { Report } from './flaw.ts';
import type { WriteAheadLog } from './sqlite-wal.ts';

/** The tables of one SQLite 3 database, read-only (sqlite.org/fileformat2.html, sections 1 and 2). */
const MAGIC = 'SQLite format 3\0';
const FILE_HEADER_BYTES = 100;

const HEADER = { pageSize: 16, reserved: 20, changes: 24, pageCount: 28, encoding: 56, pageCountValidFor: 92 };
const ENCODINGS = ['utf-8', 'utf-8', 'utf-16le', 'utf-16be'];

const INTERIOR_TABLE = 5;
const LEAF_TABLE = 13;

/** Column numbers of sqlite_schema. */
const SCHEMA = { type: 0, name: 1, rootPage: 3 };

export function isSqlite(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && [...MAGIC].every((char, i) => bytes[i] === char.charCodeAt(0));
}

/** The column `blob` of the table Packages, which is its second: one rpm header a row. */
export function* sqliteHeaders(bytes: Uint8Array, wal: WriteAheadLog | null, report: Report): Generator<Uint8Array> {
  const database = openDatabase(bytes, wal, report);
  if (database === null) return;
  const root = database.rootOf('Packages');
  if (root === null) {
    report('SQLite: the schema names no table Packages');
    return;
  }
  for (const { row, payload } of database.rows(root)) {
    const blob = columnAt(payload, 1);
    if (blob !== null && blob.type >= 12 && blob.type % 2 === 0) yield payload.subarray(blob.start, blob.end);
    else report(`SQLite: row ${row} of Packages has no blob in its second column`);
  }
}

/** Null, and reported, where the first page cannot be understood. */
function openDatabase(bytes: Uint8Array, wal: WriteAheadLog | null, report: Report): Database | null {
  const first = wal?.pages.get(1) ?? bytes;
  if (first.length < FILE_HEADER_BYTES || !isSqlite(first)) {
    report(`SQLite: the file ends at byte ${bytes.length}, inside of its header`);
    return null;
  }
  const view = viewOf(first);
  const stated = view.getUint16(HEADER.pageSize);
  const pageSize = stated === 1 ? 65_536 : stated;
  const usable = pageSize - first[HEADER.reserved]!;
  if (pageSize < 512 || !Number.isInteger(Math.log2(pageSize)) || usable < 480) {
    report(`SQLite: a page size of ${stated} with ${first[HEADER.reserved]} bytes reserved`);
    return null;
  }
  if (wal !== null && wal.pageSize !== pageSize) {
    report(`SQLite: the write-ahead log has pages of ${wal.pageSize} bytes, the database of ${pageSize}`);
    return null;
  }
  const inHeader = view.getUint32(HEADER.pageCount);
  const isStated = inHeader !== 0 && view.getUint32(HEADER.changes) === view.getUint32(HEADER.pageCountValidFor);
  const inFile = Math.ceil(bytes.length / pageSize);
  const pageCount = wal?.pageCount ?? (isStated ? inHeader : inFile);
  if (wal === null && pageCount * pageSize > bytes.length) {
    report(`SQLite: truncated: ${bytes.length} bytes, where the header states ${pageCount} pages of ${pageSize} bytes`);
  }
  const encoding = ENCODINGS[view.getUint32(HEADER.encoding)] ?? 'utf-8';
  return new Database({ bytes, wal, pageSize, usable, pageCount, encoding, report });
}

interface Layout {
  readonly bytes: Uint8Array;
  readonly wal: WriteAheadLog | null;
  readonly pageSize: number;
  /** Bytes of a page without those reserved at its end. */
  readonly usable: number;
  readonly pageCount: number;
  readonly encoding: string;
  readonly report: Report;
}

interface Row {
  readonly row: number;
  readonly payload: Uint8Array;
}

class Database {
  readonly #layout: Layout;
  /** Pages that were read: each belongs to one tree, or to one row's overflow chain. */
  readonly #used = new Set<number>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** The first page of a table; null where the schema does not name it. */
  rootOf(table: string): number | null {
    const decoder = new TextDecoder(this.#layout.encoding);
    for (const { payload } of this.rows(1)) {
      const text = (index: number) => {
        const column = columnAt(payload, index);
        return column === null ? null : decoder.decode(payload.subarray(column.start, column.end));
      };
      if (text(SCHEMA.type) === 'table' && text(SCHEMA.name) === table) return integerAt(payload, SCHEMA.rootPage);
    }
    return null;
  }

  /** Rows of a table b-tree in the order of their row ids. */
  *rows(root: number): Generator<Row> {
    const pending = [root];
    let last = -Infinity;
    for (let number = pending.pop(); number !== undefined; number = pending.pop()) {
      const page = this.#page(number);
      if (page === null) continue;
      const start = number === 1 ? FILE_HEADER_BYTES : 0;
      const type = page[start];
      const cells = this.#cells(page, start, number);
      if (type === INTERIOR_TABLE) pending.push(...childrenOf(page, start, cells));
      else if (type !== LEAF_TABLE) this.#broken(number, `is of type ${type}`);
      else if (cells.length === 0 && number !== root) this.#broken(number, 'is an empty leaf');
      else {
        for (const cell of cells) {
          const row = this.#row(page, cell, number);
          if (row === null) continue;
          if (row.row <= last) {
            this.#broken(number, `has row ${row.row} after row ${last}`);
            break;
          }
          last = row.row;
          yield row;
        }
      }
    }
  }

  /** The page's bytes, the newest that are committed; null, and reported, where it cannot be read a first time. */
  #page(number: number): Uint8Array | null {
    const { bytes, wal, pageSize, pageCount } = this.#layout;
    const end = number * pageSize;
    const page = wal?.pages.get(number) ?? (end <= bytes.length ? bytes.subarray(end - pageSize, end) : null);
    if (number === 0 || number > pageCount || page === null) {
      this.#layout.report(`SQLite: page ${number} is not in the database (${pageCount} pages, ${bytes.length} bytes)`);
      return null;
    }
    if (this.#used.has(number)) {
      this.#broken(number, 'is linked twice');
      return null;
    }
    this.#used.add(number);
    return page;
  }

  /** Where the cells of a b-tree page start. Empty, and reported, where the page cannot be trusted. */
  #cells(page: Uint8Array, start: number, number: number): readonly number[] {
    const view = viewOf(page);
    const count = view.getUint16(start + 3);
    const index = start + (page[start] === INTERIOR_TABLE ? 12 : 8);
    const indexEnd = index + count * 2;
    if (indexEnd > this.#layout.usable) {
      this.#broken(number, `states ${count} cells`);
      return [];
    }
    const cells: number[] = [];
    for (let at = index; at < indexEnd; at += 2) {
      const cell = view.getUint16(at);
      if (cell >= indexEnd && cell + 4 <= this.#layout.usable) cells.push(cell);
      else this.#broken(number, `has a cell at byte ${cell}`);
    }
    return cells;
  }

  /** A leaf cell: payload length, row id, payload; what does not fit lies in a chain of overflow pages (section 1.6). */
  #row(page: Uint8Array, cell: number, number: number): Row | null {
    const { usable, pageCount, pageSize } = this.#layout;
    const length = varintAt(page, cell, usable);
    const id = length === null ? null : varintAt(page, length.end, usable);
    if (length === null || id === null || length.value > pageCount * pageSize) {
      this.#broken(number, `has a damaged cell at byte ${cell}`);
      return null;
    }
    const atMost = usable - 35;
    const atLeast = Math.floor(((usable - 12) * 32) / 255) - 23;
    const fitted = atLeast + ((length.value - atLeast) % (usable - 4));
    const local = length.value <= atMost ? length.value : fitted <= atMost ? fitted : atLeast;
    const dataEnd = id.end + local;
    if (dataEnd + (local < length.value ? 4 : 0) > usable) {
      this.#broken(number, `has a cell at byte ${cell} that overruns it`);
      return null;
    }
    const parts = [page.subarray(id.end, dataEnd)];
    let missing = length.value - local;
    let next = missing === 0 ? 0 : viewOf(page).getUint32(dataEnd);
    while (missing > 0) {
      const overflow = this.#page(next);
      if (overflow === null) {
        this.#broken(number, `: row ${id.value} breaks ${missing} bytes before its end`);
        return null;
      }
      const part = overflow.subarray(4, Math.min(usable, 4 + missing));
      parts.push(part);
      missing -= part.length;
      next = viewOf(overflow).getUint32(0);
    }
    return { row: id.value, payload: joined(parts, length.value) };
  }

  #broken(page: number, how: string): void {
    this.#layout.report(`SQLite: page ${page} ${how}`);
  }
}

/** Last child first: they are visited from the end of the list. */
function childrenOf(page: Uint8Array, start: number, cells: readonly number[]): number[] {
  const view = viewOf(page);
  const children = [view.getUint32(start + 8)];
  for (const cell of cells.toReversed()) children.push(view.getUint32(cell));
  return children;
}

interface Column {
  /** Serial type (section 2.1). */
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

/** A column of a record; null where the record is damaged or too short. */
function columnAt(record: Uint8Array, wanted: number): Column | null {
  const header = varintAt(record, 0, record.length);
  if (header === null || header.value > record.length) return null;
  let at = header.end;
  let start = header.value;
  for (let index = 0; at < header.value; index++) {
    const type = varintAt(record, at, header.value);
    if (type === null) return null;
    const size = type.value >= 12 ? Math.floor((type.value - 12) / 2) : (INTEGER_BYTES[type.value] ?? 0);
    if (start + size > record.length) return null;
    if (index === wanted) return { type: type.value, start, end: start + size };
    at = type.end;
    start += size;
  }
  return null;
}

/** A positive integer column; null where it is anything else. */
function integerAt(record: Uint8Array, wanted: number): number | null {
  const column = columnAt(record, wanted);
  if (column === null || column.type > 9 || column.type === 7) return null;
  if (column.type >= 8) return column.type - 8;
  let value = 0;
  for (let at = column.start; at < column.end; at++) value = value * 256 + record[at]!;
  return value;
}

/** Big-endian, 7 bits a byte, the ninth whole (section 1.6). Null beyond `end` or 2^53. */
function varintAt(bytes: Uint8Array, at: number, end: number): { value: number; end: number } | null {
  let value = 0;
  for (let i = 0; i < 9 && at + i < end; i++) {
    const byte = bytes[at + i]!;
    value = i === 8 ? value * 256 + byte : value * 128 + (byte & 0x7f);
    if (i === 8 || byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? { value, end: at + i + 1 } : null;
  }
  return null;
}
