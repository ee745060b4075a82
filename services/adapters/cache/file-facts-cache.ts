import { hash, randomBytes } from 'node:crypto';
import { constants, unlinkSync } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { FactsCache, FactsKey } from '../../pipeline/layer-ports.ts';
import { claimDirectory, isOurs } from './directory.ts';
import { decodeEntry, encodeEntry, keyText } from './entry.ts';

const ENTRY_NAME = /^[0-9a-f]{64}\.facts$/;
const TEMPORARY_NAME = /^tmp-(\d{1,10})-[0-9a-f]{16}$/;
const DEFAULT_MAX_BYTES = 2 * 2 ** 30;
/** Pruning goes this far below the cap, so that it is not due again at once. */
const PRUNE_TO = 0.9;
const DAY_MS = 86_400_000;
const ORPHAN_MS = 3_600_000;

export interface FileFactsCacheOptions {
  readonly directory: string;
  /** Size cap in bytes; default 2 GiB. Kept at `close`. */
  readonly maxBytes?: number;
  /** Told once, when facts can no longer be written; they are then not kept and the scan goes on. */
  readonly onWarning?: (message: string) => void;
}

export interface CacheInfo {
  readonly directory: string;
  readonly entries: number;
  readonly bytes: number;
  /** When the entries were last used, to the day. */
  readonly oldest: Date | null;
  readonly newest: Date | null;
}

export interface PruneOptions {
  /** Everything, orphaned temporary files too. */
  readonly all?: boolean;
  /** Least recently used first, until no more than this is left; default the cache's own cap. */
  readonly maxBytes?: number;
  /** What was not used for so long. */
  readonly olderThanMs?: number;
}

interface StoredFile {
  readonly name: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/**
 * Layer facts in files, one an entry, shared by any number of processes of one user: an entry appears whole by rename,
 * is never changed, and whatever is found that is not exactly what was written reads as absent and is deleted.
 */
export class FileFactsCache implements FactsCache {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #onWarning: (message: string) => void;
  readonly #temporaries = new Set<string>();
  #written = false;
  #readOnly = false;

  private constructor(directory: string, options: FileFactsCacheOptions) {
    this.#directory = directory;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#onWarning = options.onWarning ?? (() => {});
  }

  /** CACHE_UNUSABLE where the directory cannot be made, or others may write to it. */
  static async open(options: FileFactsCacheOptions): Promise<FileFactsCache> {
    return new FileFactsCache(await claimDirectory(options.directory), options);
  }

  async get(key: FactsKey): Promise<Uint8Array | null> {
    const path = this.#pathOf(key);
    const file = await readEntryFile(path);
    if (file === 'absent') return null;
    const facts = file === 'foreign' ? null : decodeEntry(key, file);
    if (facts === null) await unlink(path).catch(() => {});
    return facts;
  }

  /** Never fails: facts that cannot be kept are read again next time. */
  async put(key: FactsKey, facts: Uint8Array): Promise<void> {
    if (this.#readOnly || facts.length > LIMITS.cacheEntryBytes) return;
    const temporary = join(this.#directory, `tmp-${process.pid}-${randomBytes(8).toString('hex')}`);
    this.#temporaries.add(temporary);
    try {
      await writeDurably(temporary, encodeEntry(key, facts));
      await rename(temporary, this.#pathOf(key));
      this.#written = true;
    } catch (cause) {
      await unlink(temporary).catch(() => {});
      this.#giveUpWriting(cause);
    } finally {
      this.#temporaries.delete(temporary);
    }
  }

  /**
   * After the last `put`: makes the new entries' names durable, removes orphans, keeps the size cap. A process that
   * wrote nothing does nothing, so that a scan served from the cache pays for none of it.
   */
  async close(): Promise<void> {
    if (!this.#written) return;
    this.#written = false;
    try {
      // Once for all renames: a name lost with the power costs one more read of a layer, nothing else.
      await syncDirectory(this.#directory);
      await this.#removeOrphans(ORPHAN_MS);
      const entries = await this.#entries();
      if (sum(entries) > this.#maxBytes) await this.#remove(excess(entries, this.#maxBytes * PRUNE_TO));
    } catch (cause) {
      this.#giveUpWriting(cause);
    }
  }

  /** For a signal handler: removes what this process is about to write, at once. */
  discardUnfinished(): void {
    this.#readOnly = true;
    for (const path of this.#temporaries) {
      try {
        unlinkSync(path);
      } catch {
        // Renamed or removed in the meantime.
      }
    }
  }

  async info(): Promise<CacheInfo> {
    const entries = await this.#entries();
    const used = entries.map((entry) => entry.usedMs).sort((a, b) => a - b);
    return {
      directory: this.#directory,
      entries: entries.length,
      bytes: sum(entries),
      oldest: used.length === 0 ? null : new Date(used[0]!),
      newest: used.length === 0 ? null : new Date(used.at(-1)!),
    };
  }

  /** Removes entries by age and size, and orphaned temporary files; says how many files and bytes went. */
  async prune(options: PruneOptions = {}): Promise<{ removed: number; bytes: number }> {
    const orphans = await this.#removeOrphans(options.all ? 0 : ORPHAN_MS);
    const entries = await this.#entries();
    const oldest = options.all
      ? Number.POSITIVE_INFINITY
      : Date.now() - (options.olderThanMs ?? Number.POSITIVE_INFINITY);
    const expired = entries.filter((entry) => entry.usedMs < oldest);
    const kept = entries.filter((entry) => entry.usedMs >= oldest);
    const removed = await this.#remove([...expired, ...excess(kept, options.maxBytes ?? this.#maxBytes)]);
    return { removed: orphans.length + removed.length, bytes: sum(orphans) + sum(removed) };
  }

  #pathOf(key: FactsKey): string {
    return join(this.#directory, `${hash('sha256', keyText(key))}.facts`);
  }

  #giveUpWriting(cause: unknown): void {
    if (this.#readOnly) return;
    this.#readOnly = true;
    this.#onWarning(
      `Facts are not kept for the next scan: writing to ${this.#directory} failed (${messageOf(cause)}). Free some space (plimsoll cache prune), or give another directory with PLIMSOLL_CACHE_DIR.`,
    );
  }

  async #entries(): Promise<StoredFile[]> {
    return this.#stored((name) => ENTRY_NAME.test(name));
  }

  /**
   * What a killed process left. The age protects processes whose id means nothing here (another container on the same
   * volume), the process id protects one that was stopped for long.
   */
  async #removeOrphans(olderThanMs: number): Promise<StoredFile[]> {
    const before = Date.now() - olderThanMs;
    const orphans = await this.#stored((name) => {
      const pid = TEMPORARY_NAME.exec(name)?.[1];
      return pid !== undefined && !isAlive(Number(pid));
    });
    return this.#remove(orphans.filter((file) => file.usedMs <= before));
  }

  async #stored(isWanted: (name: string) => boolean): Promise<StoredFile[]> {
    const files: StoredFile[] = [];
    for (const name of await readdir(this.#directory)) {
      if (!isWanted(name)) continue;
      // Another process may remove what was just listed.
      const stats = await lstat(join(this.#directory, name)).catch(() => null);
      if (stats !== null) files.push({ name, bytes: stats.size, usedMs: stats.mtimeMs });
    }
    return files;
  }

  async #remove(files: readonly StoredFile[]): Promise<StoredFile[]> {
    const removed: StoredFile[] = [];
    for (const file of files) {
      if (
        await unlink(join(this.#directory, file.name)).then(
          () => true,
          () => false,
        )
      )
        removed.push(file);
    }
    return removed;
  }
}

/** The least recently used, so many that the others have at most `maxBytes`. */
function excess(entries: readonly StoredFile[], maxBytes: number): StoredFile[] {
  let left = sum(entries);
  const byUse = entries.toSorted((a, b) => a.usedMs - b.usedMs || (a.name < b.name ? -1 : 1));
  return byUse.filter((entry) => {
    if (left <= maxBytes) return false;
    left -= entry.bytes;
    return true;
  });
}

function sum(files: readonly StoredFile[]): number {
  return files.reduce((total, file) => total + file.bytes, 0);
}

async function readEntryFile(path: string): Promise<Buffer | 'absent' | 'foreign'> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'foreign' : 'absent';
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || !isOurs(stats) || stats.size > LIMITS.cacheEntryBytes) return 'foreign';
    const bytes = await handle.readFile();
    if (Date.now() - stats.mtimeMs > DAY_MS) await handle.utimes(new Date(), new Date()).catch(() => {});
    return bytes;
  } catch {
    return 'absent';
  } finally {
    await handle.close();
  }
}

async function writeDurably(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    for (const part of parts) await handle.writeFile(part);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
