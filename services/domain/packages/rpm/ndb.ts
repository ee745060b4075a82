import { viewOf } from './bytes.ts';
import type { Report } from './flaw.ts';

/** rpm's own database, `Packages.db` (rpm, lib/backend/ndb/rpmpkg.c). All numbers are 32-bit little-endian. */
const FILE_MAGIC = 0x506d7052; // RpmP
const SLOT_MAGIC = 0x746f6c53; // Slot
const BLOB_MAGIC = 0x53626c42; // BlbS
const TAIL_MAGIC = 0x45626c42; // BlbE

const FILE_HEADER_BYTES = 32;
const SLOT_BYTES = 16;
const SLOT_PAGE_BYTES = 4_096;
const BLOCK_BYTES = 16;
const BLOB_HEADER_BYTES = 16;
const BLOB_TAIL_BYTES = 12;

export function isNdb(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && viewOf(bytes).getUint32(0, true) === FILE_MAGIC;
}

/** The blobs that the slots point to, in the order of the slots: one rpm header each. */
export function* ndbHeaders(bytes: Uint8Array, report: Report): Generator<Uint8Array> {
  const view = viewOf(bytes);
  const u32 = (at: number) => view.getUint32(at, true);
  if (bytes.length < FILE_HEADER_BYTES) {
    report(`NDB: the file ends at byte ${bytes.length}, inside of its header`);
    return;
  }
  if (u32(4) !== 0) {
    report(`NDB: version ${u32(4)}; 0 is known`);
    return;
  }
  const slotsEnd = u32(12) * SLOT_PAGE_BYTES;
  if (slotsEnd === 0 || slotsEnd > bytes.length) {
    report(`NDB: ${u32(12)} pages of slots in a file of ${bytes.length} bytes`);
  }
  const seen = new Set<number>();
  let unread = bytes.length;
  for (let slot = FILE_HEADER_BYTES; slot + SLOT_BYTES <= Math.min(slotsEnd, bytes.length); slot += SLOT_BYTES) {
    const number = u32(slot + 4);
    const start = u32(slot + 8) * BLOCK_BYTES;
    const size = u32(slot + 12) * BLOCK_BYTES;
    const isFree = number === 0 && start === 0 && size === 0;
    if (u32(slot) !== SLOT_MAGIC || (number === 0 && !isFree)) report(`NDB: the slot at byte ${slot} is damaged`);
    else if (seen.has(number)) report(`NDB: the slot at byte ${slot} repeats package ${number}`);
    else if (!isFree) {
      seen.add(number);
      unread -= size;
      if (unread < 0) {
        report('NDB: the slots claim more bytes than the file has');
        return;
      }
      const flaw = start < slotsEnd ? 'lies among the slots' : blobFlaw(bytes, view, { number, start, size });
      if (flaw === null) yield bytes.subarray(start + BLOB_HEADER_BYTES, start + BLOB_HEADER_BYTES + u32(start + 12));
      else report(`NDB: package ${number} at byte ${start} ${flaw}`);
    }
  }
}

/** A blob is {magic, package, generation, length}, the bytes, padding, {Adler-32 of all before, length, magic}. */
function blobFlaw(bytes: Uint8Array, view: DataView, blob: { number: number; start: number; size: number }) {
  const { number, start, size } = blob;
  const tail = start + size - BLOB_TAIL_BYTES;
  if (start + size > bytes.length) return `ends beyond the file (${bytes.length} bytes)`;
  if (size < BLOB_HEADER_BYTES + BLOB_TAIL_BYTES) return `has ${size} bytes`;
  if (view.getUint32(start, true) !== BLOB_MAGIC) return 'has no blob header';
  if (view.getUint32(start + 4, true) !== number) return `is package ${view.getUint32(start + 4, true)}`;
  const length = view.getUint32(start + 12, true);
  const blocks = Math.ceil((BLOB_HEADER_BYTES + length + BLOB_TAIL_BYTES) / BLOCK_BYTES);
  if (blocks * BLOCK_BYTES !== size) return `states ${length} bytes in a slot of ${size}`;
  if (view.getUint32(tail + 8, true) !== TAIL_MAGIC || view.getUint32(tail + 4, true) !== length) return 'has no tail';
  if (view.getUint32(tail, true) !== adler32(bytes, start, tail)) return 'fails its checksum';
  return null;
}

/** RFC 1950, section 8.2. 3,800 bytes are the most that cannot overflow 31 bits between two divisions. */
export function adler32(bytes: Uint8Array, start: number, end: number): number {
  let a = 1;
  let b = 0;
  for (let at = start; at < end; ) {
    const stop = Math.min(at + 3_800, end);
    for (; at < stop; at++) {
      a += bytes[at]!;
      b += a;
    }
    a %= 65_521;
    b %= 65_521;
  }
  return b * 65_536 + a;
}
