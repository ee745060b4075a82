import { PlimsollError } from '../domain/errors.ts';
import { parseByteSize } from './byte-size.ts';
import { parseDuration } from './duration.ts';
import { printable } from './printable.ts';
import type { CacheSession, Session } from './session.ts';
import { byteCount } from './wording.ts';

export interface PruneCommandOptions {
  readonly all?: boolean;
  readonly olderThan?: string;
  readonly maxSize?: string;
  readonly cacheDir?: string;
}

/** `plimsoll cache info` */
export async function runCacheInfo(session: Session, cacheDir: string | undefined): Promise<void> {
  const cache = await open(session, cacheDir);
  const { directory, entries, bytes, oldest, newest } = await cache.info();
  const lines = [`directory  ${printable(directory)}`, `entries    ${entries}`, `size       ${byteCount(bytes)}`];
  if (oldest !== null && newest !== null) lines.push(`last used  ${day(oldest)} to ${day(newest)}`);
  session.stdout.write(`${lines.join('\n')}\n`);
}

/** `plimsoll cache prune` */
export async function runCachePrune(session: Session, options: PruneCommandOptions): Promise<void> {
  const { all, olderThan, maxSize, cacheDir } = options;
  if (!all && olderThan === undefined && maxSize === undefined) {
    throw new PlimsollError('USAGE', 'say what to remove: --all, --older-than DURATION or --max-size SIZE');
  }
  const cache = await open(session, cacheDir);
  const { removed, bytes } = await cache.prune({
    ...(all && { all }),
    ...(olderThan !== undefined && { olderThanMs: parseDuration(olderThan, '--older-than') }),
    ...(maxSize !== undefined && { maxBytes: parseByteSize(maxSize, '--max-size') }),
  });
  session.stdout.write(`removed ${removed === 1 ? '1 entry' : `${removed} entries`}, ${byteCount(bytes)}\n`);
}

function open(session: Session, directory: string | undefined): Promise<CacheSession> {
  return session.openCache({
    directory,
    onWarning: (message) => session.stderr.write(`warning: ${printable(message)}\n`),
  });
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
