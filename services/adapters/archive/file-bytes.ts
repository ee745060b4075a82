import { constants, type FileHandle, open } from 'node:fs/promises';
import { messageOf, PlimsollError } from '../../domain/errors.ts';

/** Opens a regular file for reading, and nothing else: a FIFO or a device must neither hang nor feed us. */
export async function openRegularFile(path: string): Promise<{ file: FileHandle; size: number }> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new PlimsollError('TARGET_NOT_FOUND', `${path} does not exist`, { cause });
    throw new PlimsollError('TARGET_UNREADABLE', `${path} cannot be opened: ${messageOf(cause)}`, { cause });
  }
  const stats = await file.stat();
  if (stats.isFile()) return { file, size: stats.size };
  await file.close();
  throw new PlimsollError(
    'TARGET_UNREADABLE',
    `${path} is a ${stats.isDirectory() ? 'directory' : 'special file'}, not a regular file`,
  );
}

/** Exactly `size` bytes from `offset`. */
export async function readExactly(file: FileHandle, offset: number, size: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(size);
  for (let done = 0; done < size; ) {
    const { bytesRead } = await file.read(bytes, done, size - done, offset + done);
    if (bytesRead === 0)
      throw new PlimsollError('ARCHIVE_INVALID', `the file ends at byte ${offset + done}, inside what it should hold`);
    done += bytesRead;
  }
  return bytes;
}
