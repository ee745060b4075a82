import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PrivatePostgres } from '../../services/adapters/store/private-postgres.ts';
import { clusterDirectory, POSTGRES, startPostgres } from '../support/private-postgres.ts';

const asRoot = process.geteuid?.() === 0;

async function query(server: Pick<PrivatePostgres, 'connection'>, text: string, user?: string) {
  const client = new pg.Client({ ...server.connection, ...(user && { user }) });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function started(changes: Parameters<typeof startPostgres>[0] = {}): Promise<PrivatePostgres> {
  const server = await startPostgres(changes);
  onTestFinished(() => server.stop());
  return server;
}

describe.skipIf(POSTGRES === null)(`a private PostgreSQL${POSTGRES === null ? ' (not installed)' : ''}`, () => {
  test('is reached by its socket only, by people whom the kernel vouches for, as a role that is no superuser', async () => {
    const server = await started();
    expect(await query(server, 'show listen_addresses')).toEqual([{ listen_addresses: '' }]);
    expect(await query(server, 'show fsync')).toEqual([{ fsync: 'on' }]);
    const [role] = await query(server, 'select rolname, rolsuper from pg_roles where rolname = current_user');
    expect(role).toEqual({ rolname: 'plimsoll', rolsuper: false });
    const listening = readFileSync('/proc/net/tcp', 'utf8') + readFileSync('/proc/net/tcp6', 'utf8');
    const inodes = readdirSync(`/proc/${server.pid}/fd`).map((fd) => {
      try {
        return statSync(`/proc/${server.pid}/fd/${fd}`).ino;
      } catch {
        return 0;
      }
    });
    const sockets = listening.split('\n').filter((line) => inodes.includes(Number(line.trim().split(/\s+/)[9] ?? -1)));
    expect(sockets).toEqual([]);
  });

  test('keeps its files to itself', async () => {
    const directory = clusterDirectory();
    await started({ directory });
    for (const part of ['postgres', 'socket']) {
      const { mode, uid } = statSync(join(directory, part));
      expect(mode & 0o777).toBe(0o700);
      expect(uid === 0).toBe(false);
    }
    expect(readdirSync(directory).toSorted()).toEqual(['postgres', 'socket']);
  });

  test.skipIf(!asRoot)('lets nobody else in (needs root)', async () => {
    const directory = clusterDirectory();
    const server = await started({ directory });
    const psql = (user: string) => () =>
      execFileSync(
        'setpriv',
        [
          '--reuid',
          user,
          '--regid',
          user,
          '--clear-groups',
          join(POSTGRES!, 'psql'),
          '-h',
          join(directory, 'socket'),
          '-U',
          'plimsoll',
          '-Atc',
          'select 1',
          'plimsoll',
        ],
        { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', cwd: '/' },
      );
    expect(psql('postgres')().trim()).toBe('1');
    expect(psql('daemon')).toThrow(/Permission denied/);
    // Even where the directory lets them in, the kernel says who they are.
    execFileSync('chmod', ['0777', join(directory, 'socket'), join(directory, 'socket/.s.PGSQL.5432')]);
    expect(psql('daemon')).toThrow(/Peer authentication failed/);
    await expect(query(server, 'select 1', 'nobody')).rejects.toThrow(/Peer authentication failed/);
  });

  test('keeps what was committed when it is stopped and started', async () => {
    const directory = clusterDirectory();
    const first = await startPostgres({ directory });
    await query(first, 'create table kept (n int); insert into kept values (1)');
    await first.stop();
    expect(existsSync(join(directory, 'postgres/postmaster.pid'))).toBe(false);
    const second = await started({ directory });
    expect(await query(second, 'select n from kept')).toEqual([{ n: 1 }]);
  });

  test('that is killed is started again, with all that was committed', async () => {
    const crashes: string[] = [];
    const server = await started({ onCrash: (message) => crashes.push(message) });
    await query(server, 'create table kept (n int)');
    for (let round = 1; round <= 3; round++) {
      await query(server, `insert into kept values (${round})`);
      const { pid } = server;
      process.kill(pid!, 'SIGKILL');
      await expect
        .poll(() => server.pid !== pid && query(server, 'select 1').catch(() => null), { timeout: 30_000 })
        .toBeTruthy();
      expect(await query(server, 'select count(*)::int as n from kept')).toEqual([{ n: round }]);
    }
    // A start that comes before the killed one's memory is free fails, is told too, and is tried again.
    expect(crashes.filter((message) => message.includes('SIGKILL'))).toHaveLength(3);
  });

  test('is refused to a second instance, which says why', async () => {
    const directory = clusterDirectory();
    await started({ directory });
    await expect(startPostgres({ directory })).rejects.toMatchObject({
      code: 'STORE_UNUSABLE',
      message: expect.stringContaining('Another plimsoll serve'),
    });
  });

  test('that two make at once belongs to one of them', async () => {
    const directory = clusterDirectory();
    const outcomes = await Promise.allSettled([startPostgres({ directory }), startPostgres({ directory })]);
    const running = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    for (const server of running) onTestFinished(() => server.stop());
    expect(running).toHaveLength(1);
    expect(outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))).toEqual([
      'STORE_UNUSABLE',
    ]);
    expect(await query(running[0]!, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(readdirSync(directory).toSorted()).toEqual(['postgres', 'socket']);
  });

  test('that was left behind by a process which was killed is taken over', async () => {
    const directory = clusterDirectory();
    const support = new URL('../../services/adapters/store/private-postgres.ts', import.meta.url);
    const options = JSON.stringify({ directory, binaries: POSTGRES, account: null });
    const script = `const { PrivatePostgres } = await import('${support}');
      await PrivatePostgres.start({ ...${options}, onLine() {}, onCrash() {} }); console.log('started');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const left = Number(readFileSync(join(directory, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    process.kill(left, 0);
    const server = await started({ directory });
    expect(server.pid).not.toBe(left);
    expect(() => process.kill(left, 0)).toThrow();
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('leaves nothing where it cannot be made', async () => {
    const directory = clusterDirectory();
    const binaries = clusterDirectory();
    execFileSync('cp', ['/bin/false', join(binaries, 'initdb')]);
    execFileSync('cp', ['/bin/false', join(binaries, 'postgres')]);
    const failing = startPostgres({ directory, binaries });
    await expect(failing).rejects.toMatchObject({
      code: 'STORE_UNUSABLE',
      message: expect.stringContaining('initdb failed'),
    });
    expect(readdirSync(directory)).toEqual(['socket']);
  });

  test('says so where its directory is too deep for a socket, or the programs or the account are not there', async () => {
    const deep = join(clusterDirectory(), 'd'.repeat(100));
    await expect(startPostgres({ directory: deep })).rejects.toThrow(/too long/);
    await expect(startPostgres({ binaries: '/nonexistent' })).rejects.toThrow(/does not hold postgres/);
    await expect(startPostgres({ account: 'no-such-account' })).rejects.toThrow(/no-such-account/);
  });
});

test('without PostgreSQL it is said how to get one', async () => {
  const { usableBinaries } = await import('../../services/adapters/store/postgres-binaries.ts');
  await expect(usableBinaries(null, 99, '', join(clusterDirectory(), 'programs'))).rejects.toThrow(
    /PostgreSQL 99,.* was not found/,
  );
});
