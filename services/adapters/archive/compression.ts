import { PlimsollError } from '../../domain/errors.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

/** First bytes by which formats are told (RFC 1952, RFC 8878; bzip2 and xz have no RFC). */
const MAGIC = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  bzip2: [0x42, 0x5a, 0x68],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
} as const;

const BZIP2_BLOCKS = [
  [0x31, 0x41],
  [0x17, 0x72],
] as const;

/** The compression of bytes that start with `head` (6 bytes suffice), never by what a media type claims. */
export function detectCompression(head: Uint8Array): Compression {
  if (startsWith(head, MAGIC.gzip)) return 'gzip';
  if (startsWith(head, MAGIC.zstd) || isSkippableFrame(head)) return 'zstd';
  for (const format of ['bzip2', 'xz'] as const) {
    if (!startsWith(head, MAGIC[format])) continue;
    // A tar archive may begin with the same letters: behind them bzip2 has a digit and the first of its block magics.
    if (format === 'bzip2' && !BZIP2_BLOCKS.some((magic) => startsWith(head.subarray(4), magic))) continue;
    throw new PlimsollError('COMPRESSION_INVALID', `${format} is not supported: layers are gzip, zstd or plain`, {
      details: { compression: format },
    });
  }
  return 'none';
}

/** A zstd stream may begin with frames that hold no content. */
function isSkippableFrame(head: Uint8Array): boolean {
  return head.length >= 4 && (head[0]! & 0xf0) === 0x50 && startsWith(head.subarray(1), [0x2a, 0x4d, 0x18]);
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return head.length >= magic.length && magic.every((byte, i) => head[i] === byte);
}
