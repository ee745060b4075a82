import { viewOf } from './bytes.ts';
import type { Report } from './flaw.ts';

/** The write-ahead log of SQLite (sqlite.org/fileformat2.html, section 4) as far as it is committed. */
export interface WriteAheadLog {
  readonly pageSize: number;
  /** Pages of the database after the last commit. */
  readonly pageCount: number;
  /** The newest committed bytes of each page that the log holds, by page number from 1. */
  readonly pages: ReadonlyMap<number, Uint8Array>;
}

const MAGIC = 0x377f0682;
const VERSION = 3_007_000;
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

const JOURNAL_MAGIC = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/** A rollback journal that SQLite would play back: its header stands (section 3). */
export function isHotJournal(bytes: Uint8Array): boolean {
  return bytes.length >= JOURNAL_MAGIC.length && JOURNAL_MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * Null where nothing is committed. As in SQLite a frame counts if it bears the header's salts and its running checksum
 * holds, up to the last frame that ends a transaction; frames with other salts are left from before a checkpoint.
 */
export function readWal(bytes: Uint8Array, report: Report): WriteAheadLog | null {
  if (bytes.length === 0) return null;
  const view = viewOf(bytes);
  const pageSize = bytes.length < HEADER_BYTES ? 0 : view.getUint32(8);
  if (pageSize < 512 || pageSize > 65_536 || !Number.isInteger(Math.log2(pageSize))) {
    report(`SQLite: the write-ahead log of ${bytes.length} bytes has no valid header; it was not applied`);
    return null;
  }
  const little = view.getUint32(0) === MAGIC;
  const sum = new Checksum(view, little);
  sum.add(0, HEADER_BYTES - 8);
  if ((!little && view.getUint32(0) !== MAGIC + 1) || view.getUint32(4) !== VERSION || !sum.matches(HEADER_BYTES - 8)) {
    report('SQLite: the header of the write-ahead log fails its checks; the log was not applied');
    return null;
  }

  const bearsSalts = (frame: number) =>
    view.getUint32(frame + 8) === view.getUint32(16) && view.getUint32(frame + 12) === view.getUint32(20);
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  const pages = new Map<number, Uint8Array>();
  let pageCount = 0;
  const open = new Map<number, Uint8Array>();
  let isLeftover = false;
  for (let at = HEADER_BYTES; at < bytes.length; at += frameBytes) {
    const hasHeader = at + FRAME_HEADER_BYTES <= bytes.length;
    if (hasHeader ? !bearsSalts(at) : isLeftover) {
      isLeftover = true;
      continue;
    }
    const data = at + FRAME_HEADER_BYTES;
    // New frames overwrite left ones from the start on: one behind a left one means that the latter was damaged.
    const isWhole = data + pageSize <= bytes.length && !isLeftover;
    if (isWhole) {
      sum.add(at, 8);
      sum.add(data, pageSize);
    }
    const number = isWhole ? view.getUint32(at) : 0;
    if (number === 0 || !sum.matches(at + 16)) {
      report(`SQLite: the write-ahead log breaks at byte ${at}; what follows was not applied`);
      break;
    }
    open.set(number, bytes.subarray(data, data + pageSize));
    const commit = view.getUint32(at + 4);
    if (commit === 0) continue;
    for (const [page, newest] of open) pages.set(page, newest);
    open.clear();
    pageCount = commit;
  }
  return pageCount === 0 ? null : { pageSize, pageCount, pages };
}

/** Two running sums over pairs of 32-bit words, in the byte order that the log's magic names. */
class Checksum {
  readonly #view: DataView;
  readonly #little: boolean;
  #first = 0;
  #second = 0;

  constructor(view: DataView, little: boolean) {
    this.#view = view;
    this.#little = little;
  }

  add(from: number, length: number): void {
    for (let at = from; at < from + length; at += 8) {
      this.#first = (this.#first + this.#view.getUint32(at, this.#little) + this.#second) >>> 0;
      this.#second = (this.#second + this.#view.getUint32(at + 4, this.#little) + this.#first) >>> 0;
    }
  }

  /** The sums so far are the two big-endian words at `at`. */
  matches(at: number): boolean {
    return this.#view.getUint32(at) === this.#first && this.#view.getUint32(at + 4) === this.#second;
  }
}
