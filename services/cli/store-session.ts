import type { Writable } from 'node:stream';
import type { ExpiredImage, RetentionRule } from '../domain/registries/image-retention.ts';

/** The store of `serve` as commands use it. */
export interface StoreSession {
  /** `onTable` is told how many rows of each went. The output stays open. */
  backup(
    output: Writable,
    options: { readonly tokens: boolean; readonly onTable: (table: string, rows: number) => void },
  ): Promise<{ readonly digest: string }>;
  /** All of it or nothing. Raises BACKUP_INVALID, CONFLICT. */
  restore(
    source: AsyncIterable<Uint8Array>,
    options: { readonly replace: boolean; readonly onTable: (table: string, rows: number) => void },
  ): Promise<{ readonly plimsoll: string; readonly createdAt: string }>;
  /** The images that these rules would take away now. */
  expiring(rules: readonly RetentionRule[]): Promise<readonly ExpiredImage[]>;
  close(): Promise<void>;
}
