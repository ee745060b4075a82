import { createWriteStream, fstatSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { OpenOptions } from '../../pipeline/image-ports.ts';

/** Standard input as a file that can be read at any place. */
export interface SpilledInput {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * A redirected file is read where it lies. A pipe must be kept, as it is read twice: the document that says which of
 * its files are layers comes last in what docker save writes. It is kept as it comes (compressed stays compressed), in
 * a file that only this user can read, and removed afterwards.
 */
export async function spillStandardInput({ limits, signal }: OpenOptions): Promise<SpilledInput> {
  if (fstatSync(0).isFile()) return { path: '/proc/self/fd/0', remove: async () => {} };
  if (process.stdin.isTTY) throw new PlimsollError('USAGE', 'standard input is a terminal; pipe an archive into it');
  const directory = await mkdtemp(join(tmpdir(), 'plimsoll-'));
  const path = join(directory, 'stdin');
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  let bytes = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= limits.imageBytes) return done(null, chunk);
      done(
        new PlimsollError('LIMIT_EXCEEDED', `standard input has more than ${limits.imageBytes} bytes`, {
          details: { limit: 'imageBytes' },
        }),
      );
    },
  });
  try {
    await pipeline(process.stdin, bounded, createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal });
  } catch (cause) {
    await remove();
    if (cause instanceof PlimsollError) throw cause;
    // Of the signal there is only an AbortError here, which does not say why.
    signal.throwIfAborted();
    throw new PlimsollError(
      'TARGET_UNREADABLE',
      `standard input could not be kept in ${directory}: ${messageOf(cause)}`,
      { cause },
    );
  }
  return { path, remove };
}
