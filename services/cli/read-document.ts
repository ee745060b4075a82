import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { messageOf, PlimsollError } from '../domain/errors.ts';

export interface ReadDocument {
  readonly text: string;
  /** `sha256:HEX` of the bytes as they are. */
  readonly digest: string;
}

/** Standard input to its end, as UTF-8 text, no longer than it may be. Raises USAGE. */
export async function readStandardInput(maxBytes: number): Promise<string> {
  const refuse = (why: string, cause?: unknown): PlimsollError =>
    new PlimsollError('USAGE', `standard input cannot be read: ${why}`, { cause });
  if (process.stdin.isTTY) throw refuse('it is a terminal; pipe something into it');
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of process.stdin as AsyncIterable<Uint8Array>) {
      bytes += piece.length;
      if (bytes > maxBytes) throw refuse(`it has more than ${maxBytes} bytes`);
      pieces.push(piece);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
  } catch (error) {
    throw error instanceof PlimsollError ? error : refuse(messageOf(error), error);
  }
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
