import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { PoolConfig } from 'pg';
import type { Logger } from 'pino';
import { BullQueue } from './adapters/queue/bull-queue.ts';
import { writeBackup } from './adapters/store/backup.ts';
import { openStore, type Store } from './adapters/store/open-store.ts';
import { privateConnection } from './adapters/store/private-connection.ts';
import { PrivatePostgres } from './adapters/store/private-postgres.ts';
import { restoreBackup } from './adapters/store/restore.ts';
import { newSecret } from './api/token-secret.ts';
import type { ServeRequest, Session } from './cli/session.ts';
import type { StoreSession } from './cli/store-session.ts';
import { messageOf, PlimsollError } from './domain/errors.ts';
import { LIMITS } from './domain/limits.ts';
import { imagesToExpire } from './pipeline/expire-images.ts';
import type { Trace } from './pipeline/trace.ts';
import type { Undo } from './serve-rounds.ts';

// The part of the servers' composition root that opens what they all stand on.

/** The store and the queue that the settings name. Raises STORE_UNUSABLE, QUEUE_UNUSABLE, SETTINGS_INVALID. */
export async function openBackbone(
  { role, settings }: ServeRequest,
  log: Logger,
  trace: Trace,
  undo: Undo[],
): Promise<{ readonly store: Store; readonly queue: BullQueue; readonly database: PoolConfig }> {
  const warn = (part: string) => (message: string) => log.warn({ part }, message);
  makeDirectory(settings.dataDirectory);
  const database = await connection(
    settings,
    undo,
    role,
    (line) => log.debug({ part: 'postgres' }, line),
    warn('postgres'),
  );
  const store = await openStore(database, warn('store'), trace);
  undo.push(() => store.close());
  const redis = secretOf(settings.queue.url, settings.queue.urlFile);
  const queue = await BullQueue.open(redis === null ? { postgres: database } : { redis }, warn('queue'));
  undo.push(() => queue.close());
  return { store, queue, database };
}

/** The store alone, also while servers work with it. Raises STORE_UNUSABLE, SETTINGS_INVALID. */
export async function openStoreSession(
  settings: ServeRequest['settings'],
  onMessage: (message: string) => void,
): Promise<StoreSession> {
  const undo: Undo[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    // A private one that a server runs is used; else it is started for this.
    const isPrivate = settings.store.url === undefined && settings.store.urlFile === undefined;
    const running = isPrivate ? await privateConnection(settings.dataDirectory) : null;
    if (running === null) makeDirectory(settings.dataDirectory);
    const database = running ?? (await connection(settings, undo, 'serve', () => {}, onMessage));
    // Its schema is then that of this version; a backup leaves it as it is, for the servers that work with it.
    const migrated = async (): Promise<Store> => {
      const store = await openStore(database, onMessage);
      undo.push(() => store.close());
      return store;
    };
    return {
      backup: (output, options) => writeBackup(database, output, options),
      restore: async (source, options) => {
        await migrated();
        return await restoreBackup(database, source, { ...options, lineBytes: LIMITS.backupLineBytes });
      },
      expiring: async (rules) => imagesToExpire(rules, (await migrated()).imageRetention, new Date().toISOString()),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  // PostgreSQL's account passes through it to what is its own.
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  chmodSync(directory, 0o711);
}

async function connection(
  { store, dataDirectory }: ServeRequest['settings'],
  undo: Undo[],
  role: ServeRequest['role'],
  onLine: (line: string) => void,
  onCrash: (message: string) => void,
): Promise<PoolConfig> {
  const url = secretOf(store.url, store.urlFile);
  if (url !== null) return { connectionString: url };
  if (role !== 'serve') {
    const message = `plimsoll ${role} shares its store with other processes: give one with DATABASE_URL (or store.url).`;
    throw new PlimsollError('SETTINGS_INVALID', message);
  }
  const { account = null, binaries = null } = store;
  const path = process.env.PATH;
  const postgres = await PrivatePostgres.start({ directory: dataDirectory, binaries, account, path, onLine, onCrash });
  undo.push(() => postgres.stop());
  return postgres.connection;
}

/** A secret that stands in the settings, or in the file that they name; null: neither. Raises SETTINGS_INVALID. */
export function secretOf(value: string | undefined, file: string | undefined): string | null {
  if (file === undefined) return value ?? null;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new PlimsollError('SETTINGS_INVALID', `The file of a secret cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Whoever starts the first server of a store is its first administrator. The secret is shown once, and never logged. */
export async function makeFirstToken({ access }: Store, file: string | null, { stdout }: Session): Promise<void> {
  if ((await access.tokens({ limit: 1, after: null })).items.length > 0) return;
  const { secret, secretDigest } = newSecret(randomBytes);
  if (file !== null) {
    try {
      writeFileSync(file, `${secret}\n`, { mode: 0o600, flag: 'wx' });
    } catch (cause) {
      throw new PlimsollError('OUTPUT_FAILED', `The first token cannot be written: ${messageOf(cause)}`, { cause });
    }
  }
  const made = await access.addFirstToken({ name: 'first', role: 'admin', secretDigest, expiresAt: null });
  if (made === null && file !== null) rmSync(file);
  if (made === null || file !== null) return;
  stdout.write(`The first token of the API (admin), shown this once: ${secret}\n`);
}
