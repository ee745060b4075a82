import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { adler32 } from '../../services/domain/packages/rpm/ndb.ts';

/** Writers of rpm databases, for tests: real in every byte that a reader looks at. rpm 4.18 reads them (test/e2e). */

export interface RpmPackage {
  readonly name: string;
  readonly epoch?: number;
  readonly version: string;
  readonly release: string;
  readonly arch?: string;
  readonly sourceRpm?: string;
  readonly vendor?: string;
  readonly license?: string;
  readonly modularity?: string;
  readonly provides?: readonly string[];
  readonly requires?: readonly string[];
  /** Absolute paths with the SHA-256 of their content in hex, '' where they have none. */
  readonly files?: Readonly<Record<string, string>>;
}

export type RpmFormat = 'bdb-little' | 'bdb-big' | 'ndb' | 'sqlite';
export const RPM_FORMATS: readonly RpmFormat[] = ['bdb-little', 'bdb-big', 'ndb', 'sqlite'];

/** The name that rpm gives a database of this format. */
export const RPM_FILE_NAMES: Readonly<Record<RpmFormat, string>> = {
  'bdb-little': 'Packages',
  'bdb-big': 'Packages',
  ndb: 'Packages.db',
  sqlite: 'rpmdb.sqlite',
};

export function buildRpmDatabase(format: RpmFormat, packages: readonly RpmPackage[], pageSize = 4_096): Uint8Array {
  return wrapRpmHeaders(format, packages.map(buildRpmHeader), pageSize);
}

/** The container alone, round whatever should lie in it. Header 1 is the first. */
export function wrapRpmHeaders(format: RpmFormat, headers: readonly Uint8Array[], pageSize = 4_096): Uint8Array {
  if (format === 'ndb') return buildNdb(headers);
  if (format === 'sqlite') return buildSqlite(headers, pageSize);
  return buildBerkeleyDb(headers, pageSize, format === 'bdb-little');
}

/* The header of one package. */

export const RPM_TYPE = { int32: 4, string: 6, binary: 7, stringArray: 8, i18nString: 9 } as const;

export interface RpmTag {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly data: Uint8Array;
}

const encoder = new TextEncoder();

export function textTag(tag: number, text: string): RpmTag {
  return { tag, type: RPM_TYPE.string, count: 1, data: encoder.encode(`${text}\0`) };
}

export function listTag(tag: number, texts: readonly string[]): RpmTag {
  const data = encoder.encode(texts.map((text) => `${text}\0`).join(''));
  return { tag, type: RPM_TYPE.stringArray, count: texts.length, data };
}

export function numbersTag(tag: number, numbers: readonly number[]): RpmTag {
  const data = new Uint8Array(numbers.length * 4);
  numbers.forEach((number, i) => {
    new DataView(data.buffer).setUint32(i * 4, number);
  });
  return { tag, type: RPM_TYPE.int32, count: numbers.length, data };
}

export function buildRpmHeader(rpm: RpmPackage): Uint8Array {
  const tags: RpmTag[] = [textTag(1000, rpm.name), textTag(1001, rpm.version), textTag(1002, rpm.release)];
  const text = (tag: number, value: string | undefined) => {
    if (value !== undefined) tags.push(textTag(tag, value));
  };
  const list = (tag: number, values: readonly string[] | undefined) => {
    if (values !== undefined && values.length > 0) tags.push(listTag(tag, values));
  };
  if (rpm.epoch !== undefined) tags.push(numbersTag(1003, [rpm.epoch]));
  text(1011, rpm.vendor);
  text(1014, rpm.license ?? 'MIT');
  text(1021, 'linux');
  text(1022, rpm.arch);
  text(1044, rpm.sourceRpm);
  list(1047, rpm.provides);
  list(1049, rpm.requires);
  const files = Object.entries(rpm.files ?? {});
  if (files.length > 0) {
    const directories = [...new Set(files.map(([path]) => path.slice(0, path.lastIndexOf('/') + 1)))];
    list(
      1035,
      files.map(([, digest]) => digest),
    );
    tags.push(
      numbersTag(
        1116,
        files.map(([path]) => directories.indexOf(path.slice(0, path.lastIndexOf('/') + 1))),
      ),
    );
    list(
      1117,
      files.map(([path]) => path.slice(path.lastIndexOf('/') + 1)),
    );
    list(1118, directories);
    tags.push(numbersTag(5011, [8]));
  }
  text(5096, rpm.modularity);
  return buildHeader(tags, [numbersTag(1008, [1_700_000_000])]);
}

/** `sealed` tags in an immutable region, as built; `added` ones behind it, as rpm adds them at installation. */
export function buildHeader(sealed: readonly RpmTag[], added: readonly RpmTag[] = []): Uint8Array {
  const store: number[] = [];
  const index: number[][] = [];
  const add = ({ tag, type, count, data }: RpmTag) => {
    while (type === RPM_TYPE.int32 && store.length % 4 !== 0) store.push(0);
    index.push([tag, type, store.length, count]);
    store.push(...data);
  };
  for (const tag of sealed.toSorted((a, b) => a.tag - b.tag)) add(tag);
  const indexBytes = (index.length + 1) * 16;
  const region = [63, RPM_TYPE.binary, store.length, 16];
  store.push(...words([63, RPM_TYPE.binary, -indexBytes, 16]));
  for (const tag of added) add(tag);
  return Uint8Array.from([...words([index.length + 1, store.length]), ...words([region, ...index].flat()), ...store]);
}

/** The same without a region: as rpm 3 stored it. */
export function buildPlainHeader(tags: readonly RpmTag[]): Uint8Array {
  const store: number[] = [];
  const index = tags.flatMap(({ tag, type, count, data }) => {
    const offset = store.length;
    store.push(...data);
    return [tag, type, offset, count];
  });
  return Uint8Array.from([...words([tags.length, store.length]), ...words(index), ...store]);
}

function words(numbers: readonly number[]): Uint8Array {
  const out = new Uint8Array(numbers.length * 4);
  numbers.forEach((number, i) => {
    new DataView(out.buffer).setInt32(i * 4, number | 0);
  });
  return out;
}

/* Berkeley DB: two buckets on pages 1 and 2, long values in chains of overflow pages. */

function buildBerkeleyDb(headers: readonly Uint8Array[], pageSize: number, little: boolean): Uint8Array {
  const pages: DataView[] = [];
  const allocate = (type: number) => {
    const page = new DataView(new ArrayBuffer(pageSize));
    page.setUint32(8, pages.length, little);
    page.setUint16(22, type === 7 ? 0 : pageSize, little);
    page.setUint8(25, type);
    pages.push(page);
    return pages.length - 1;
  };
  const item = (kind: number, data: Uint8Array) => Uint8Array.from([kind, ...data]);
  const number = (value: number) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, little);
    return bytes;
  };
  const meta = pages[allocate(8)]!;
  const bucketTails = [allocate(13), allocate(13)];

  const overflow = (value: Uint8Array) => {
    const first = pages.length;
    for (let at = 0; at < value.length; at += pageSize - 26) {
      const part = value.subarray(at, at + pageSize - 26);
      const page = allocate(7);
      new Uint8Array(pages[page]!.buffer).set(part, 26);
      pages[page]!.setUint16(22, part.length, little);
      if (at > 0) pages[page]!.setUint32(12, page - 1, little);
      if (at + part.length < value.length) pages[page]!.setUint32(16, page + 1, little);
    }
    return Uint8Array.from([3, 0, 0, 0, ...number(first), ...number(value.length)]);
  };
  const insert = (record: number, value: Uint8Array) => {
    const items = [item(1, number(record)), value.length > pageSize / 4 ? overflow(value) : item(1, value)];
    const bucket = record % 2;
    const free = (page: DataView) => page.getUint16(22, little) - 26 - 2 * page.getUint16(20, little);
    if (free(pages[bucketTails[bucket]!]!) < items[0]!.length + items[1]!.length + 4) {
      const next = allocate(13);
      pages[next]!.setUint32(12, bucketTails[bucket]!, little);
      pages[bucketTails[bucket]!]!.setUint32(16, next, little);
      bucketTails[bucket] = next;
    }
    const page = pages[bucketTails[bucket]!]!;
    for (const bytes of items) {
      const entries = page.getUint16(20, little);
      const offset = page.getUint16(22, little) - bytes.length;
      new Uint8Array(page.buffer).set(bytes, offset);
      page.setUint16(26 + entries * 2, offset, little);
      page.setUint16(20, entries + 1, little);
      page.setUint16(22, offset, little);
    }
  };
  insert(0, number(headers.length + 1));
  headers.forEach((header, i) => {
    insert(i + 1, header);
  });

  const fields: Record<number, number> = { 12: 0x00061561, 16: 9, 20: pageSize, 32: pages.length - 1 };
  // Records, then the number of buckets and its masks, the hash of a test string, where buckets start.
  Object.assign(fields, { 72: 1, 76: 1, 80: 0, 88: headers.length + 1, 92: 0x5e688dd1, 96: 1, 100: 1 });
  for (const [at, value] of Object.entries(fields)) meta.setUint32(Number(at), value, little);
  meta.setUint16(22, 0, little);
  meta.setUint32(20, pageSize, little);
  return concatenated(pages.map((page) => new Uint8Array(page.buffer)));
}

/* NDB: one page of slots, then blobs in blocks of 16 bytes. */

function buildNdb(headers: readonly Uint8Array[]): Uint8Array {
  const slotPages = Math.ceil((2 + headers.length) / 256);
  const slots = new DataView(new ArrayBuffer(slotPages * 4_096));
  const le = (view: DataView, at: number, numbers: readonly number[]) => {
    numbers.forEach((number, i) => {
      view.setUint32(at + i * 4, number, true);
    });
  };
  le(slots, 0, [0x506d7052, 0, headers.length, slotPages, headers.length + 1]);
  for (let at = 32; at < slots.byteLength; at += 16) le(slots, at, [0x746f6c53, 0, 0, 0]);
  const parts = [new Uint8Array(slots.buffer)];
  let block = slots.byteLength / 16;
  headers.forEach((header, i) => {
    const blocks = Math.ceil((16 + header.length + 12) / 16);
    le(slots, 32 + i * 16, [0x746f6c53, i + 1, block, blocks]);
    const blob = new Uint8Array(blocks * 16);
    const view = new DataView(blob.buffer);
    le(view, 0, [0x53626c42, i + 1, i + 1, header.length]);
    blob.set(header, 16);
    const tail = blob.length - 12;
    le(view, tail, [adler32(blob, 0, tail), header.length, 0x45626c42]);
    parts.push(blob);
    block += blocks;
  });
  return concatenated(parts);
}

/* SQLite, by SQLite. */

function buildSqlite(headers: readonly Uint8Array[], pageSize: number): Uint8Array {
  return inFile((path) => {
    const database = openSqlite(path, `PRAGMA page_size=${pageSize}`);
    insertHeaders(database, headers);
    database.close();
    return bytesOf(path);
  });
}

/** A database in WAL mode: `settled` packages are in the file, `logged` ones only in the log beside it. */
export function buildSqliteWithWal(
  settled: readonly RpmPackage[],
  logged: readonly RpmPackage[],
): { database: Uint8Array; wal: Uint8Array } {
  return inFile((path) => {
    const database = openSqlite(path, 'PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0');
    insertHeaders(database, settled.map(buildRpmHeader));
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    if (logged.length > 0) insertHeaders(database, logged.map(buildRpmHeader));
    const files = { database: bytesOf(path), wal: bytesOf(`${path}-wal`) };
    database.close();
    return files;
  });
}

/** Not a Buffer, whose slice() is no copy. */
function bytesOf(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}

function openSqlite(path: string, pragmas: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(pragmas);
  database.exec(`
    CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL);
  `);
  return database;
}

function insertHeaders(database: DatabaseSync, headers: readonly Uint8Array[]): void {
  const statement = database.prepare("INSERT INTO 'Packages' (blob) VALUES (?)");
  database.exec('BEGIN');
  for (const header of headers) statement.run(header);
  database.exec('COMMIT');
}

function inFile<T>(use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-rpm-'));
  try {
    return use(join(folder, 'rpmdb.sqlite'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
