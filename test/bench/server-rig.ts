import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrivatePostgres } from '../../services/adapters/store/private-postgres.ts';
import { RedisServer } from '../support/redis-server.ts';
import { REPOSITORY } from '../support/repository.ts';

/** USER_HZ, which Linux shows to programs on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
const PATIENCE_MS = 180_000;

/** `plimsoll COMMAND` as a process. */
export interface Spawned {
  readonly child: ChildProcess;
  /** Waits for it to say something of this form; raises where it ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

/** A store, a queue, and processes of Plimsoll on both. */
export class ServerRig {
  readonly directory: string;
  readonly #redis = new RedisServer();
  readonly #processes: ChildProcess[] = [];
  #postgres: PrivatePostgres | null = null;

  /** `directory`: for all that they write. */
  constructor(directory: string) {
    this.directory = directory;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map(end));
    await this.stopStore();
    await this.#redis.remove();
  }

  async startStore(): Promise<void> {
    const directory = join(this.directory, 'store');
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    const options = { binaries: null, account: null, path: process.env.PATH, onLine: () => {}, onCrash: () => {} };
    this.#postgres = await PrivatePostgres.start({ directory, ...options });
  }

  async stopStore(): Promise<void> {
    await this.#postgres?.stop();
    this.#postgres = null;
  }

  async startQueue(): Promise<void> {
    await this.#redis.start('--maxmemory-policy', 'noeviction');
  }

  async stopQueue(): Promise<void> {
    await this.#redis.kill();
  }

  /** `settings` stand beside those of the store, the queue and the address. */
  spawn(command: string, options: readonly string[], settings: object): Spawned {
    const config = join(this.directory, `${command}-${this.#processes.length}.json`);
    const { host, port, user, database } = this.#postgres!.connection;
    const store = { url: `postgresql:///${database}?host=${encodeURIComponent(host)}&port=${port}&user=${user}` };
    const queue = { url: this.#redis.socket };
    writeFileSync(
      config,
      JSON.stringify({
        listen: '127.0.0.1:0',
        dataDirectory: join(this.directory, 'data'),
        store,
        queue,
        ...settings,
      }),
    );
    const args = [join(REPOSITORY, 'services/main.ts'), command, ...options, '--config', config];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.directory });
    this.#processes.push(child);
    let text = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        // Its beginning says where it listens; its end, why it failed.
        text = `${text}${piece}`.slice(-200_000);
      });
    }
    const said = (pattern: RegExp): Promise<RegExpExecArray> =>
      until(async () => {
        if (child.exitCode !== null) throw new Error(`plimsoll ${command} ended: ${text}`);
        return pattern.exec(text);
      }, `plimsoll ${command} to say ${pattern}`);
    return { child, said };
  }
}

/** What asks the API of a server as the holder of its first token, and gives what it answers. */
export async function clientOf(server: Spawned) {
  const [, address] = await server.said(/"address":"(http:[^"]+)"/);
  const [token] = await server.said(/plimsoll_[\w-]+/);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return async (method: string, path: string, body?: object) => {
    const response = await fetch(`${address}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return (await response.json()) as { readonly id?: string; readonly state?: string; readonly decision?: string };
  };
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; of a process that is gone, nothing. */
export function processorMs(pid: number): number {
  try {
    // Behind the name, which may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return ticks * (1_000 / TICKS_PER_SECOND) + children.reduce((sum, child) => sum + processorMs(Number(child)), 0);
  } catch {
    return 0;
  }
}

export async function until<Found>(look: () => Promise<Found | null>, what: string): Promise<Found> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited too long for ${what}`);
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await ended;
  clearTimeout(late);
}
