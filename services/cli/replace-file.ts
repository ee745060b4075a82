import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The whole text or the old file: written beside it, then renamed. Raises what the file system raises. */
export function replaceFile(file: string, text: string, mode?: number): void {
  const temporary = join(dirname(file), `.${basename(file).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`);
  const handle = openSync(temporary, 'wx', mode === undefined ? 0o666 : mode & 0o777);
  try {
    try {
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (cause) {
    unlinkSync(temporary);
    throw cause;
  }
}
