import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { concat } from './tar-blocks.ts';

/** Compressed streams of the shapes that layers come in. All deterministic. */

/** Below this many pieces, whatever the content. */
const MANY = 1000;

/** One gzip member. Level 0 stores. */
export function gzip(bytes: Uint8Array, level = 6): Uint8Array<ArrayBuffer> {
  return concat(gzipSync(bytes, { level }));
}

/** One member for each piece, as eStargz has one for each file. */
export function gzipMembers(bytes: Uint8Array, pieceBytes: number): Uint8Array<ArrayBuffer> {
  return concat(...pieces(bytes, pieceBytes).map((piece) => gzip(piece)));
}

/** One zstd frame, with checksum. */
export function zstd(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }));
}

/** One frame for each piece, and at the end a skippable frame with a table of contents, as zstd:chunked has. */
export function zstdChunked(bytes: Uint8Array, pieceBytes: number): Uint8Array<ArrayBuffer> {
  const frames = pieces(bytes, pieceBytes).map((piece) => zstd(piece));
  return concat(
    ...frames,
    skippableFrame(new TextEncoder().encode('{"version":1,"entries":[]}')),
    skippableFrame(new Uint8Array(0)),
  );
}

/** A zstd frame that holds no content (RFC 8878 §3.1.2). */
export function skippableFrame(userData: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, 0x184d2a5e, true);
  head.setUint32(4, userData.length, true);
  return concat(new Uint8Array(head.buffer), userData);
}

/** A zstd frame by hand: the descriptor byte, what follows it, and blocks of [type, size field, bytes]. */
export function rawZstdFrame(
  header: readonly number[],
  blocks: readonly (readonly [type: number, size: number, bytes: Uint8Array])[],
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), Uint8Array.from(header)];
  for (const [i, [type, size, bytes]] of blocks.entries()) {
    const value = (size << 3) | (type << 1) | (i === blocks.length - 1 ? 1 : 0);
    parts.push(Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff), bytes);
  }
  return concat(...parts);
}

function pieces(bytes: Uint8Array, pieceBytes: number): Uint8Array[] {
  const size = Math.max(pieceBytes, Math.ceil(bytes.length / MANY));
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length || at === 0; at += size) found.push(bytes.subarray(at, at + size));
  return found;
}
