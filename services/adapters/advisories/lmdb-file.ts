import { type Database, open, type RootDatabase } from 'lmdb';

/** Keys and values are bytes; the file lies beside no other, so that one directory is one database. */
const SHAPE = { noSubdir: true, encoding: 'binary', keyEncoding: 'binary', compression: false } as const;

export type ByteStore = RootDatabase<Buffer, Buffer>;

export function openForReading(path: string): ByteStore {
  return open<Buffer, Buffer>({ path, ...SHAPE, readOnly: true });
}

/** For one writer, who makes it durable at the end. */
export function openForWriting(path: string): ByteStore {
  return open<Buffer, Buffer>({ path, ...SHAPE, noSync: true, overlappingSync: false });
}

/** All pairs whose key starts with a letter, in the order of their keys. */
export function* pairs(store: Database<Buffer, Buffer>, prefix: string): Generator<{ key: Buffer; value: Buffer }> {
  const start = Buffer.from(prefix);
  const end = Buffer.from([start[0]! + 1]);
  for (const { key, value } of store.getRange({ start, end })) yield { key: Buffer.from(key), value };
}
