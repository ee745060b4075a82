import { type BackendFactory, createPostgresBackend, type IQueueBackend, runMigrations } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { messageOf, PlimsollError } from '../../domain/errors.ts';

/** Where the queue lies: `redis:` or `rediss:`, else PostgreSQL in a schema of its own. */
export type QueuePlace = { readonly redis: string } | { readonly postgres: pg.PoolConfig };

/** What BullMQ connects with. */
export interface QueueConnection {
  readonly connection: unknown;
  /** undefined: BullMQ's own, which is Redis. */
  readonly factory: BackendFactory<IQueueBackend, unknown> | undefined;
  end(): Promise<void>;
}

const SCHEMA = 'bullmq';

/** Raises QUEUE_UNUSABLE. */
export async function connectQueue(place: QueuePlace, onError: (message: string) => void): Promise<QueueConnection> {
  return 'redis' in place ? await openRedis(place.redis, onError) : await openPostgres(place.postgres, onError);
}

async function openRedis(url: string, onError: (message: string) => void): Promise<QueueConnection> {
  const redis = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true });
  redis.on('error', (error) => onError(messageOf(error)));
  try {
    await withinSeconds(10, redis.connect());
    const memory = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1];
    // Any other policy throws entries away when memory is short; the store would bring them back, late and again and again.
    if (memory !== 'noeviction') {
      throw new Error(`its maxmemory-policy is ${memory ?? 'unknown'}; BullMQ needs noeviction`);
    }
  } catch (cause) {
    redis.disconnect();
    throw unusable(`Redis cannot carry the queue: ${messageOf(cause)}`, cause);
  }
  return { connection: redis, factory: undefined, end: async () => redis.disconnect() };
}

async function openPostgres(config: pg.PoolConfig, onError: (message: string) => void): Promise<QueueConnection> {
  const options = [config.options, `-c search_path=${SCHEMA}`].filter(Boolean).join(' ');
  const pool = new pg.Pool({ ...config, max: 12, connectionTimeoutMillis: 10_000, keepAlive: true, options });
  pool.on('error', (error) => onError(messageOf(error)));
  // One that breaks while somebody has it, between two statements: unheard, it would end the process. The next one fails.
  pool.on('connect', (client) => client.on('error', () => {}));
  try {
    const client = await pool.connect();
    try {
      await runMigrations(client, SCHEMA);
    } finally {
      client.release();
    }
  } catch (cause) {
    await pool.end();
    throw unusable(`PostgreSQL cannot carry the queue: ${messageOf(cause)}`, cause);
  }
  const factory = createPostgresBackend as unknown as BackendFactory<IQueueBackend, unknown>;
  return { connection: pool, factory, end: () => pool.end() };
}

async function withinSeconds<Value>(seconds: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${seconds} s`)), seconds * 1_000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function unusable(message: string, cause: unknown): PlimsollError {
  return new PlimsollError('QUEUE_UNUSABLE', message, { cause });
}
