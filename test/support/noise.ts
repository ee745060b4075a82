import { createHash } from 'node:crypto';

/** Bytes that do not compress, 64 a block; the same for the same name. */
export function noise(name: string, blocks: number): Buffer {
  return Buffer.concat(Array.from({ length: blocks }, (_, i) => createHash('sha512').update(`${name} ${i}`).digest()));
}
