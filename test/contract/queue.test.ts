import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { BullQueue } from '../../services/adapters/queue/bull-queue.ts';
import type { PrivatePostgres } from '../../services/adapters/store/private-postgres.ts';
import { POSTGRES, startPostgres } from '../support/private-postgres.ts';
import { HAS_REDIS, RedisServer } from '../support/redis-server.ts';
import { queueContract } from './queue.ts';

const quiet = (): void => {};

describe.skipIf(!HAS_REDIS)(`Redis${HAS_REDIS ? '' : ' (not installed)'}`, () => {
  const redis = new RedisServer();
  beforeAll(() => redis.start('--maxmemory-policy', 'noeviction'));
  afterAll(() => redis.remove());
  queueContract('Redis', () => ({
    open: () => BullQueue.open({ redis: redis.socket }, quiet),
    // Killed, and a new one that knows nothing.
    lose: async () => {
      await redis.kill();
      await redis.start('--maxmemory-policy', 'noeviction');
    },
  }));

  it('is refused where it may throw entries away', async () => {
    const other = await new RedisServer().start('--maxmemory-policy', 'allkeys-lru');
    onTestFinished(() => other.remove());
    await expect(BullQueue.open({ redis: other.socket }, quiet)).rejects.toMatchObject({
      code: 'QUEUE_UNUSABLE',
      message: expect.stringContaining('allkeys-lru'),
    });
  });

  it('that is not there is said not to be, without its password', async () => {
    const url = 'redis://user:canary-secret@127.0.0.1:1/0';
    const failed = await BullQueue.open({ redis: url }, quiet).then(
      () => null,
      (error) => error,
    );
    expect(failed).toMatchObject({ code: 'QUEUE_UNUSABLE' });
    expect(`${failed.message} ${failed.cause}`).not.toContain('canary');
  });
});

describe.skipIf(POSTGRES === null)(`PostgreSQL${POSTGRES === null ? ' (not installed)' : ''}`, () => {
  let server: PrivatePostgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());
  queueContract('PostgreSQL', () => ({
    open: () => BullQueue.open({ postgres: server.connection }, quiet),
    lose: async () => {
      const client = new pg.Client({ ...server.connection });
      await client.connect();
      await client.query('delete from bullmq.job');
      await client.end();
    },
  }));
});
