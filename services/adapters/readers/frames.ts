/*
 * What passes between Plimsoll and the process that reads one layer. By its standard input the task, then the layer's bytes, then
 * that they are over; by its standard output how far it is, the facts, and what came of the layer. Frames: a byte that says the
 * kind, the length of what follows as a little-endian uint32, and that.
 */

export const HEADER_BYTES = 5;

/** To the process. All but `bytes` are JSON. */
export const TASK = 1;
export const BYTES = 2;
/** The digest of all the bytes, which is verified. */
export const END = 3;
/** Why there are no more bytes: code and message of an error. */
export const FAILED = 4;

/** From the process, in JSON. */
export const PROGRESS = 1;
/** The name and the length of one part of the facts, whose bytes follow as they are. */
export const PART = 2;
/** The last one. */
export const READING = 3;

export function frameHeader(kind: number, length: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header[0] = kind;
  new DataView(header.buffer).setUint32(1, length, true);
  return header;
}

export function jsonFrame(kind: number, document: unknown): Uint8Array {
  const text = Buffer.from(JSON.stringify(document));
  return Buffer.concat([frameHeader(kind, text.length), text]);
}
