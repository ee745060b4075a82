import type { Writable } from 'node:stream';
import type { FactsCache } from '../pipeline/ports.ts';
import type { ScanDependencies } from '../pipeline/scan-target.ts';

/** The facts cache as commands use it. */
export interface CacheSession extends FactsCache {
  info(): Promise<{ directory: string; entries: number; bytes: number; oldest: Date | null; newest: Date | null }>;
  prune(options: {
    all?: boolean;
    maxBytes?: number;
    olderThanMs?: number;
  }): Promise<{ removed: number; bytes: number }>;
  /** Ends the session: keeps the cache within its cap. */
  close(): Promise<void>;
  /** Removes half-written entries at once; for a signal handler. */
  discardUnfinished(): void;
}

/** What the composition root hands to the commands. */
export interface Session {
  readonly version: string;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly environment: Readonly<Record<string, string | undefined>>;
  openCache(options: { directory: string | undefined; onWarning: (message: string) => void }): Promise<CacheSession>;
  scanDependencies(cache: FactsCache | null): Promise<ScanDependencies>;
  /** Calls back on SIGINT and SIGTERM; returns what takes the handlers off again. */
  onStop(stop: (signal: string) => void): () => void;
}
