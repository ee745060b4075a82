import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { findBinaries } from '../../services/adapters/store/postgres-binaries.ts';
import { PrivatePostgres, type PrivatePostgresOptions } from '../../services/adapters/store/private-postgres.ts';

/** Where this machine has PostgreSQL's programs; null where it has none, and tests that need them skip by name. */
export const POSTGRES: string | null = findBinaries(null, null, process.env.PATH);

/** A directory for a cluster, removed after the tests of the file; PostgreSQL's own account may pass through it. */
export function clusterDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'plimsoll-store-'));
  chmodSync(directory, 0o711);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A new cluster, or the one in `directory`. The test stops it. */
export function startPostgres(changes: Partial<PrivatePostgresOptions> = {}): Promise<PrivatePostgres> {
  return PrivatePostgres.start({
    directory: changes.directory ?? clusterDirectory(),
    binaries: POSTGRES,
    account: null,
    path: process.env.PATH,
    onLine: () => {},
    onCrash: () => {},
    ...changes,
  });
}
