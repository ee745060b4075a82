import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { type Account, ownAccount, postgresAccount } from './account.ts';
import { usableBinaries } from './postgres-binaries.ts';
import { NAME, PORT } from './private-connection.ts';

export interface PrivatePostgresOptions {
  /** Holds everything of the store: `postgres/` (the cluster), `socket/`, and `programs/` where the system has none. Made where it is absent. */
  readonly directory: string;
  /** See usableBinaries. */
  readonly binaries: string | null;
  /** See postgresAccount. */
  readonly account: string | null;
  readonly path: string | undefined;
  readonly onLine: (line: string) => void;
  /** The server ended by itself, and is being started again; or could not be. */
  readonly onCrash: (message: string) => void;
}

const ADMIN = 'postgres';
/** Of a socket's path, its final NUL aside; unix(7). */
const SOCKET_PATH_BYTES = 107;
const START_MS = 60_000;
const STOP_MS = 60_000;
/** Whoever serves from a data directory holds this advisory lock. */
const LOCK = 0x706c696d;

/**
 * PostgreSQL for this process alone: a cluster in the data directory, run as a child, by the system's programs or those that came with us. It listens on
 * a unix socket that only its account and root reach, never on TCP, and asks the kernel who is at the other end (peer).
 */
export class PrivatePostgres {
  readonly #options: PrivatePostgresOptions;
  readonly #account: Account;
  readonly #binaries: string;
  #server: ChildProcess | null = null;
  #holder: pg.Client | null = null;
  #stopping = false;

  private constructor(options: PrivatePostgresOptions, account: Account, binaries: string) {
    this.#options = options;
    this.#account = account;
    this.#binaries = binaries;
  }

  /** Makes the cluster where there is none, and starts it. Raises STORE_UNUSABLE. */
  static async start(options: PrivatePostgresOptions): Promise<PrivatePostgres> {
    const account = postgresAccount(options.account);
    const socket = join(options.directory, 'socket', `.s.PGSQL.${PORT}`);
    if (Buffer.byteLength(socket) > SOCKET_PATH_BYTES) {
      throw unusable(`The path of the data directory is too long for a socket in it: ${options.directory}`);
    }
    // Passed through by PostgreSQL's account, listed by nobody.
    mkdirSync(options.directory, { recursive: true, mode: 0o711 });
    const data = join(options.directory, 'postgres');
    const major = existsSync(join(data, 'PG_VERSION')) ? Number(readFileSync(join(data, 'PG_VERSION'), 'utf8')) : null;
    const { binaries, path, directory } = options;
    const programs = await usableBinaries(binaries, major, path, join(directory, 'programs'));
    const postgres = new PrivatePostgres(options, account, programs);
    await postgres.#refuseSecond();
    if (major === null) await postgres.#create();
    await postgres.#run();
    return postgres;
  }

  /** How to connect, as the role that owns the database. */
  get connection(): { readonly host: string; readonly port: number; readonly user: string; readonly database: string } {
    return { host: this.#socket, port: PORT, user: NAME, database: NAME };
  }

  /** Of the server; null while it is down. */
  get pid(): number | null {
    return this.#server?.pid ?? null;
  }

  /** Ends sessions and writes everything out (a "fast" shutdown). */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#holder?.end().catch(() => {});
    const server = this.#server;
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGINT');
    const timer = setTimeout(() => server.kill('SIGQUIT'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  get #data(): string {
    return join(this.#options.directory, 'postgres');
  }

  get #socket(): string {
    return join(this.#options.directory, 'socket');
  }

  /** Beside the place where it belongs, and moved there when it is whole: a crash leaves no half of a cluster. */
  async #create(): Promise<void> {
    const { directory } = this.#options;
    mkdirSync(this.#socket, { recursive: true, mode: 0o700 });
    this.#give(this.#socket);
    const home = mkdtempSync(join(directory, '.new-'));
    try {
      this.#give(home);
      const fresh = join(home, 'postgres');
      const settings = ['--auth=peer', '--encoding=UTF8', '--locale=C', '--data-checksums', `--username=${ADMIN}`];
      await this.#once('initdb', [`--pgdata=${fresh}`, ...settings]);
      writeFileSync(join(fresh, 'pg_hba.conf'), 'local all all peer map=plimsoll\n');
      // Who runs the server can do everything with its files anyway; so can root.
      const people = [...new Set([this.#account.name, ownAccount().name])];
      const lines = people.flatMap((person) => [ADMIN, NAME].map((role) => `plimsoll "${person}" ${role}\n`));
      writeFileSync(join(fresh, 'pg_ident.conf'), lines.join(''));
      for (const file of ['pg_hba.conf', 'pg_ident.conf']) this.#give(join(fresh, file), 0o600);
      renameSync(fresh, this.#data);
    } catch (error) {
      if (!existsSync(join(this.#data, 'PG_VERSION'))) throw error;
      throw unusable(
        `${directory} was made by another plimsoll serve at the same moment; it serves from there.`,
        error,
      );
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  }

  #give(path: string, mode = 0o700): void {
    chmodSync(path, mode);
    if (this.#account.uid !== process.geteuid?.()) chownSync(path, this.#account.uid, this.#account.gid);
  }

  /** A server that is there already is another instance's, or was left by one that was killed; the latter is stopped. */
  async #refuseSecond(): Promise<void> {
    const { directory } = this.#options;
    const pidFile = join(this.#data, 'postmaster.pid');
    if (!existsSync(pidFile)) return;
    const pid = readPid(pidFile);
    if (pid === null || !isAlive(pid)) return;
    const client = new pg.Client({ ...this.connection, user: ADMIN, database: 'postgres' });
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query('select pg_try_advisory_lock($1) as free', [LOCK]);
      if (!rows[0].free)
        throw unusable(`Another plimsoll serve runs on ${directory}. Stop it, or give another data directory.`);
      process.kill(pid, 'SIGINT');
    } catch (error) {
      if (error instanceof PlimsollError) throw error;
      // A number that another program has by now. Else PostgreSQL's own lock on its directory decides.
      this.#options.onLine(`${pidFile} names process ${pid}, which does not answer: ${messageOf(error)}`);
      return;
    } finally {
      await client.end().catch(() => {});
    }
    const deadline = Date.now() + STOP_MS;
    while (isAlive(pid)) {
      if (Date.now() > deadline)
        throw unusable(`The PostgreSQL that was left on ${directory} (process ${pid}) does not stop.`);
      await sleep(50);
    }
  }

  async #run(): Promise<void> {
    const started = Date.now();
    const server = this.#spawn('postgres', [
      '-D',
      this.#data,
      ...Object.entries({
        listen_addresses: '',
        unix_socket_directories: this.#socket,
        unix_socket_permissions: '0700',
        port: String(PORT),
        max_connections: '60',
        shared_buffers: '64MB',
        wal_level: 'minimal',
        max_wal_senders: '0',
        password_encryption: 'scram-sha-256',
        logging_collector: 'off',
        log_destination: 'stderr',
      }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]);
    this.#server = server;
    const ended = new Promise<string>((resolve) => {
      server.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
      server.once('error', (error) => resolve(messageOf(error)));
    });
    for (;;) {
      const outcome = await Promise.race([ended, this.#open().then((holder) => holder ?? sleep(100, null))]);
      if (typeof outcome === 'string')
        throw unusable(`PostgreSQL did not start: ${outcome}. Its own words are in the log.`);
      if (outcome !== null) {
        this.#holder = outcome;
        break;
      }
      if (Date.now() - started > START_MS) {
        server.kill('SIGQUIT');
        throw unusable(`PostgreSQL did not answer within ${START_MS / 1_000} s.`);
      }
    }
    void ended.then((why) => this.#again(why));
  }

  /** The connection that holds the lock, once the server answers; null: not yet. */
  async #open(): Promise<pg.Client | null> {
    const client = new pg.Client({ ...this.connection, user: ADMIN, database: 'postgres' });
    client.on('error', () => {});
    try {
      // Of two that start at once, the one whose server lost must not hold the lock of the other's.
      if (readPid(join(this.#data, 'postmaster.pid')) !== this.pid) return null;
      await client.connect();
      const { rows } = await client.query('select pg_try_advisory_lock($1) as free', [LOCK]);
      if (!rows[0].free) throw new Error('the lock is taken');
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [NAME]);
      if (rowCount === 0) {
        await client.query(`do $$ begin create role ${NAME} login; exception when duplicate_object then null; end $$`);
        await client.query(`create database ${NAME} owner ${NAME}`);
      }
      return client;
    } catch {
      await client.end().catch(() => {});
      return null;
    }
  }

  /** Whatever ended the server (the kernel's, for want of memory), what was committed is there when it runs again. */
  async #again(why: string): Promise<void> {
    if (this.#stopping) return;
    this.#options.onCrash(`PostgreSQL ended (${why}); it is started again.`);
    for (let wait = 200; !this.#stopping; wait = Math.min(wait * 2, 10_000)) {
      await this.#holder?.end().catch(() => {});
      await sleep(wait);
      if (this.#stopping) return;
      try {
        return await this.#run();
      } catch (error) {
        this.#options.onCrash(messageOf(error));
      }
    }
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const { uid, gid } = this.#account;
    const child = spawn(join(this.#binaries, program), [...args], {
      // Not the environment of whoever started us: it may hold secrets, and PG… variables.
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C is ours to pass on, when the work is done.
      detached: true,
      ...(uid === process.geteuid?.() ? {} : { uid, gid }),
    });
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.#options.onLine(line);
      });
    }
    return child;
  }

  async #once(program: string, args: readonly string[]): Promise<void> {
    const child = this.#spawn(program, args);
    const said: string[] = [];
    child.stderr?.on('data', (text: string) => said.push(text));
    const [code] = await once(child, 'close');
    if (code !== 0) throw unusable(`${program} failed (${code}): ${said.join('').trim()}`);
  }
}

/** Of the first line of a postmaster.pid; null where there is none, or it is half-written. */
function readPid(file: string): number | null {
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
  return Number.isInteger(pid) && pid > 1 ? pid : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function unusable(message: string, cause?: unknown): PlimsollError {
  return new PlimsollError('STORE_UNUSABLE', message, { cause });
}
