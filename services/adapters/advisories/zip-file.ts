import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32, inflateRawSync } from 'node:zlib';
import { PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';

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
const FULL16 = 0xffff;
const FULL32 = 0xffffffff;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;
/** Entries mostly lie in the order of the directory, so that one read serves many. */
const WINDOW = 4 * 2 ** 20;

/** One file of an archive, or why it could not be had. */
export type ZipMember =
  | { readonly name: string; readonly bytes: Buffer }
  | { readonly name: string; readonly refused: string };

/**
 * The files of a zip archive on disk (APPNOTE.TXT), one after the other: in memory are its directory and one file at a
 * time. A broken file is refused alone; FEED_UNREADABLE where the archive is none, or says something impossible;
 * LIMIT_EXCEEDED for one that unpacks to more than `limits.ratio` times its size, as only bombs do.
 */
export function* zipMembers(path: string, limits: Limits): Generator<ZipMember, void> {
  const file = openSync(path, 'r');
  try {
    const size = fstatSync(file).size;
    const read = windowOn(file, size);
    const entries = directoryOf(file, size, path, limits);
    const packed = entries.reduce((sum, entry) => sum + entry.compressed, 0);
    if (packed > size) throw unreadable(path, 'its files overlap');
    let unpacked = 0;
    for (const entry of entries) {
      if (entry.name.endsWith('/')) continue;
      const member = readMember(entry, read, limits);
      if ('bytes' in member) unpacked += member.bytes.length;
      if (unpacked > limits.ratioGraceBytes && unpacked > limits.ratio * size) {
        throw new PlimsollError(
          'LIMIT_EXCEEDED',
          `${path} unpacks to more than ${limits.ratio} times its size (ratio).`,
          {
            details: { limit: 'ratio' },
          },
        );
      }
      yield member;
    }
  } finally {
    closeSync(file);
  }
}

interface Entry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
  readonly offset: number;
}

type Read = (at: number, length: number) => Buffer | null;

function readMember(entry: Entry, read: Read, limits: Limits): ZipMember {
  const { name, method, compressed, size } = entry;
  const refused = (why: string): ZipMember => ({ name, refused: `a file of an archive ${why}` });
  if ((entry.flags & ENCRYPTED) !== 0) return refused('that is encrypted');
  if (method !== STORED && method !== DEFLATED) return refused('that is compressed in an unknown way');
  if (size > limits.feedFileBytes) return refused('past the limit feedFileBytes');
  const local = read(entry.offset, LOCAL_SIZE);
  if (local === null || local.readUInt32LE(0) !== LOCAL) return refused('that is not where its directory says');
  const data = read(entry.offset + LOCAL_SIZE + local.readUInt16LE(26) + local.readUInt16LE(28), compressed);
  if (data === null) return refused('that is cut short');
  let bytes: Buffer;
  try {
    bytes =
      method === STORED
        ? Buffer.from(data)
        : size === 0
          ? Buffer.alloc(0)
          : inflateRawSync(data, { maxOutputLength: size });
  } catch {
    return refused('whose data are broken, or unpack to more than they claim');
  }
  if (bytes.length !== size || crc32(bytes) !== entry.crc) return refused('whose data are not those of its checksum');
  return { name, bytes };
}

/** Bytes of a file by position; null past its end. What it gives is valid until the next call. */
function windowOn(file: number, size: number): Read {
  const window = Buffer.alloc(WINDOW);
  let start = 0;
  let held = 0;
  return (at, length) => {
    if (!(at >= 0) || at + length > size) return null;
    if (length > WINDOW) {
      const own = Buffer.alloc(length);
      return readFully(file, own, at) === length ? own : null;
    }
    if (at < start || at + length > start + held) {
      start = at;
      held = readFully(file, window, at);
    }
    return at + length <= start + held ? window.subarray(at - start, at - start + length) : null;
  };
}

function readFully(file: number, into: Buffer, at: number): number {
  let got = 0;
  while (got < into.length) {
    const bytes = readSync(file, into, got, into.length - got, at + got);
    if (bytes === 0) break;
    got += bytes;
  }
  return got;
}

function directoryOf(file: number, size: number, path: string, limits: Limits): Entry[] {
  const tail = Buffer.alloc(Math.min(size, END_SIZE + FULL16 + LOCATOR64_SIZE));
  readFully(file, tail, size - tail.length);
  let end = tail.length - END_SIZE;
  while (end >= 0 && !(tail.readUInt32LE(end) === END && end + END_SIZE + tail.readUInt16LE(end + 20) === tail.length))
    end--;
  if (end < 0) throw unreadable(path, 'it has no end record: it is cut short, or no zip archive');
  let count = tail.readUInt16LE(end + 10);
  let bytes = tail.readUInt32LE(end + 12);
  let start = tail.readUInt32LE(end + 16);
  if (count === FULL16 || bytes === FULL32 || start === FULL32) {
    const locator = end - LOCATOR64_SIZE;
    if (locator >= 0 && tail.readUInt32LE(locator) === LOCATOR64) {
      const record = Buffer.alloc(END64_SIZE);
      const at = uint64(tail, locator + 8);
      if (at + END64_SIZE > size || readFully(file, record, at) !== END64_SIZE || record.readUInt32LE(0) !== END64) {
        throw unreadable(path, 'its zip64 end record is not there');
      }
      [count, bytes, start] = [uint64(record, 32), uint64(record, 40), uint64(record, 48)];
    }
  }
  if (bytes > limits.feedDirectoryBytes || count > limits.feedFiles) {
    throw new PlimsollError(
      'LIMIT_EXCEEDED',
      `${path} has a directory past the limits feedDirectoryBytes and feedFiles.`,
      {
        details: { limit: bytes > limits.feedDirectoryBytes ? 'feedDirectoryBytes' : 'feedFiles' },
      },
    );
  }
  if (start + bytes > size) throw unreadable(path, 'its directory does not fit into it');
  const directory = Buffer.alloc(bytes);
  readFully(file, directory, start);
  const entries: Entry[] = [];
  let at = 0;
  while (at + CENTRAL_SIZE <= bytes && directory.readUInt32LE(at) === CENTRAL) {
    const nameEnd = at + CENTRAL_SIZE + directory.readUInt16LE(at + 28);
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
    const next = extraEnd + directory.readUInt16LE(at + 32);
    if (next > bytes) break;
    entries.push(entryAt(directory, at, nameEnd, extraEnd));
    at = next;
  }
  if (at !== bytes || (entries.length !== count && (count > FULL16 || (entries.length & FULL16) !== count))) {
    throw unreadable(path, `its directory is broken: it says ${count} files, and ${entries.length} can be read`);
  }
  return entries;
}

function entryAt(directory: Buffer, at: number, nameEnd: number, extraEnd: number): Entry {
  const sizes = [directory.readUInt32LE(at + 24), directory.readUInt32LE(at + 20), directory.readUInt32LE(at + 42)];
  if (sizes.includes(FULL32)) {
    // Numbers that do not fit stand in an extra field, in this order (APPNOTE.TXT 4.5.3).
    for (let field = nameEnd; field + 4 <= extraEnd; field += 4 + directory.readUInt16LE(field + 2)) {
      if (directory.readUInt16LE(field) !== 1) continue;
      let value = field + 4;
      const end = Math.min(value + directory.readUInt16LE(field + 2), extraEnd);
      for (const [i, short] of sizes.entries()) {
        if (short !== FULL32 || value + 8 > end) continue;
        sizes[i] = uint64(directory, value);
        value += 8;
      }
    }
  }
  return {
    name: directory.toString('utf8', at + CENTRAL_SIZE, nameEnd),
    flags: directory.readUInt16LE(at + 8),
    method: directory.readUInt16LE(at + 10),
    crc: directory.readUInt32LE(at + 16),
    size: sizes[0]!,
    compressed: sizes[1]!,
    offset: sizes[2]!,
  };
}

/** Past 2^53 it loses digits, and is past every file too. */
function uint64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

function unreadable(path: string, why: string): PlimsollError {
  return new PlimsollError('FEED_UNREADABLE', `${path} cannot be read: ${why}. Fetch it again.`, { details: { path } });
}
