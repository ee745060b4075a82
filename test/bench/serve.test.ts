import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { POSTGRES } from '../support/private-postgres.ts';
import { HAS_REDIS } from '../support/redis-server.ts';
import { REPOSITORY } from '../support/repository.ts';

test.skipIf(POSTGRES === null || !HAS_REDIS)(
  'bench:serve has a number for each count of workers, for the API and for a server at rest (needs PostgreSQL and Redis)',
  async () => {
    const args = ['--images', '2', '--seconds', '1', '--rate', '10'];
    const { stdout } = await promisify(execFile)(process.execPath, [join(REPOSITORY, 'test/bench/serve.ts'), ...args]);
    for (const workers of [1, 2, 4]) expect(stdout).toMatch(new RegExp(`^${workers} +\\d+ +\\d+\\.\\d\\d x$`, 'm'));
    expect(stdout).toMatch(/, 10 requests: p50 [\d.]+ ms, p99 [\d.]+ ms/);
    expect(stdout).toMatch(/[1-9]\d* MB itself \(RSS\), [1-9]\d* MB with policies and PostgreSQL/);
  },
);
