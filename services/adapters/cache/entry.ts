import { createHash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { LIMITS } from '../../domain/limits.ts';
import type { FactsKey } from '../../pipeline/layer-ports.ts';

/*
 * One cache entry, integers little-endian:
 *
 *   0  8  magic "PLIMFACT"
 *   8  4  format version
 *  12  4  length of the key
 *  16  8  length of the facts
 *  24  8  length of the packed facts
 *  32 32  SHA-256 of everything but this field
 *  64     key (UTF-8), then the facts as one zstd frame
 *
 * The checksum covers the packed bytes: hashing and unpacking those costs less than hashing the facts unpacked.
 */
const MAGIC = Buffer.from('PLIMFACT', 'latin1');
const FORMAT = 1;
const CHECKSUM_AT = 32;
const HEADER_BYTES = 64;

/** Levels 1 to 3 take the same time here; all shrink facts 6 to 20 times. */
const PACKING = { params: { [constants.ZSTD_c_compressionLevel]: 2 } };

/** The key as the entry states it; no digest holds a NUL, so two keys never read the same. */
export function keyText(key: FactsKey): string {
  return `${key.digest}\0${key.part}`;
}

/** The file's bytes, in the parts to be written one after the other. */
export function encodeEntry(key: FactsKey, facts: Uint8Array): [head: Buffer, packed: Buffer] {
  const keyBytes = Buffer.from(keyText(key), 'utf8');
  const packed = zstdCompressSync(facts, PACKING);
  const head = Buffer.alloc(HEADER_BYTES + keyBytes.length);
  MAGIC.copy(head, 0);
  head.writeUInt32LE(FORMAT, 8);
  head.writeUInt32LE(keyBytes.length, 12);
  head.writeBigUInt64LE(BigInt(facts.length), 16);
  head.writeBigUInt64LE(BigInt(packed.length), 24);
  keyBytes.copy(head, HEADER_BYTES);
  checksum(head, packed).copy(head, CHECKSUM_AT);
  return [head, packed];
}

/** The facts; null where the bytes are not exactly the entry of this key, whatever the reason. */
export function decodeEntry(key: FactsKey, file: Buffer): Uint8Array | null {
  if (file.length < HEADER_BYTES || !file.subarray(0, 8).equals(MAGIC) || file.readUInt32LE(8) !== FORMAT) return null;
  const keyEnd = HEADER_BYTES + file.readUInt32LE(12);
  const factsLength = Number(file.readBigUInt64LE(16));
  const packedLength = Number(file.readBigUInt64LE(24));
  if (keyEnd + packedLength !== file.length || factsLength > LIMITS.cacheEntryBytes) return null;
  const head = file.subarray(0, keyEnd);
  const packed = file.subarray(keyEnd);
  if (!checksum(head, packed).equals(file.subarray(CHECKSUM_AT, HEADER_BYTES))) return null;
  if (head.toString('utf8', HEADER_BYTES) !== keyText(key)) return null;
  try {
    // One byte of room: zlib refuses an output limit of 0.
    const facts = zstdDecompressSync(packed, { maxOutputLength: factsLength + 1 });
    return facts.length === factsLength ? facts : null;
  } catch {
    return null;
  }
}

function checksum(head: Buffer, packed: Buffer): Buffer {
  return createHash('sha256')
    .update(head.subarray(0, CHECKSUM_AT))
    .update(head.subarray(HEADER_BYTES))
    .update(packed)
    .digest();
}
