import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { messageOf, PlimsollError } from '../domain/errors.ts';

export interface ReadDocument {
  readonly text: string;
  /** `sha256:HEX` of the bytes as they are. */
  readonly digest: string;
}

/** A file that was named on the command line, as UTF-8 text, no longer than it may be. Raises USAGE. */
export function readDocument(file: string, maxBytes: number): ReadDocument {
  const refuse = (why: string, cause?: unknown): PlimsollError =>
    new PlimsollError('USAGE', `${file} cannot be read: ${why}`, { cause });
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    const handle = openSync(file, 'r');
    try {
      for (;;) {
        const piece = Buffer.alloc(1 << 20);
        const count = readSync(handle, piece);
        if (count === 0) break;
        bytes += count;
        if (bytes > maxBytes) throw refuse(`it has more than ${maxBytes} bytes`);
        pieces.push(piece.subarray(0, count));
      }
    } finally {
      closeSync(handle);
    }
    const whole = Buffer.concat(pieces);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(whole);
    return { text, digest: `sha256:${createHash('sha256').update(whole).digest('hex')}` };
  } catch (error) {
    throw error instanceof PlimsollError ? error : refuse(messageOf(error), error);
  }
}
