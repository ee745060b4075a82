import type { Stats } from 'node:fs';
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { messageOf, PlimsollError } from '../../domain/errors.ts';

const REMEDY = 'Give another directory with PLIMSOLL_CACHE_DIR, or scan without a cache (--no-cache).';

/**
 * Where facts are kept: PLIMSOLL_CACHE_DIR, else `plimsoll` below XDG_CACHE_HOME (only if absolute: XDG Base
 * Directory Specification, "Basics"), else ~/.cache/plimsoll.
 */
export function cacheDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  if (environment.PLIMSOLL_CACHE_DIR) return resolve(environment.PLIMSOLL_CACHE_DIR);
  const xdg = environment.XDG_CACHE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, 'plimsoll');
  return join(environment.HOME || homedir(), '.cache', 'plimsoll');
}

/**
 * Makes the directory (0700) where it is absent, and returns its real path once nobody else can have put anything
 * into it. CACHE_UNUSABLE otherwise; `details.reason`: create, link, type, owner, mode.
 */
export async function claimDirectory(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const named = await lstat(directory);
    // Who may set the link chooses the directory, now and later.
    if (named.isSymbolicLink() && !isOurs(named)) {
      throw unusable('link', `The cache directory ${directory} is a link that belongs to uid ${named.uid}.`);
    }
    // From here on by its real path: a link that changes later changes nothing.
    const real = await realpath(directory);
    const found = await lstat(real);
    if (!found.isDirectory()) throw unusable('type', `The cache directory ${directory} is not a directory.`);
    if (!isOurs(found)) {
      throw unusable(
        'owner',
        `The cache directory ${directory} belongs to uid ${found.uid}, who could plant false facts in it; this process runs as uid ${process.geteuid?.()}.`,
      );
    }
    if ((found.mode & 0o022) !== 0) {
      const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
      throw unusable(
        'mode',
        `The cache directory ${directory} has mode ${mode}: others could plant false facts in it. If nobody has, run: chmod 0700 ${directory}`,
      );
    }
    return real;
  } catch (cause) {
    if (cause instanceof PlimsollError) throw cause;
    throw unusable('create', `The cache directory ${directory} cannot be used: ${messageOf(cause)}.`, cause);
  }
}

export function isOurs(stats: Pick<Stats, 'uid'>): boolean {
  return process.geteuid === undefined || stats.uid === process.geteuid();
}

function unusable(reason: string, what: string, cause?: unknown): PlimsollError {
  return new PlimsollError('CACHE_UNUSABLE', `${what} ${REMEDY}`, { cause, details: { reason } });
}
