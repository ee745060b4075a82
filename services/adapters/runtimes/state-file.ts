import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * The whole of a regular file that root (or we) own and nobody else may write, up to `limit` bytes; null otherwise: who
 * else could write it could say what container he likes.
 */
export async function readStateFile(path: string, limit: number): Promise<Uint8Array | null> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const found = await handle.stat();
    const isTrusted = (found.uid === 0 || found.uid === process.geteuid?.()) && (found.mode & 0o022) === 0;
    if (!found.isFile() || !isTrusted || found.size > limit) return null;
    // One byte more than fits: a file that grows meanwhile is refused too.
    const bytes = Buffer.alloc(limit < found.size + 1 ? limit : found.size + 1);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return bytesRead > found.size ? null : bytes.subarray(0, bytesRead);
  } catch {
    return null;
  } finally {
    await handle.close();
  }
}
