import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether this machine has Redis; tests that need it skip by name without. */
export const HAS_REDIS: boolean = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Redis on a socket of its own, which keeps nothing. */
export class RedisServer {
  readonly #directory = mkdtempSync(join(tmpdir(), 'plimsoll-redis-'));
  readonly #password: string | null;
  #server: ChildProcess | null = null;

  constructor(password: string | null = null) {
    this.#password = password;
  }

  get socket(): string {
    return join(this.#directory, 'redis.sock');
  }

  /** What it keeps, as it would write it down, uncompressed. */
  dump(): string {
    const environment = { ...process.env, REDISCLI_AUTH: this.#password ?? '' };
    execFileSync('redis-cli', ['-s', this.socket, 'config', 'set', 'rdbcompression', 'no'], { env: environment });
    execFileSync('redis-cli', ['-s', this.socket, 'save'], { env: environment });
    return readFileSync(join(this.#directory, 'dump.rdb'), 'latin1');
  }

  async start(...settings: readonly string[]): Promise<this> {
    const own = [
      '--port',
      '0',
      '--unixsocket',
      this.socket,
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      this.#directory,
    ];
    // Everybody can read the arguments of a process.
    const secret = this.#password === null ? '' : `requirepass ${this.#password}\n`;
    const file = join(this.#directory, 'redis.conf');
    writeFileSync(file, secret, { mode: 0o600 });
    this.#server = spawn('redis-server', [file, ...own, ...settings], { stdio: 'ignore' });
    while (!existsSync(this.socket)) {
      if (this.#server.exitCode !== null) throw new Error(`redis-server ended with ${this.#server.exitCode}`);
      await sleep(20);
    }
    return this;
  }

  async kill(): Promise<void> {
    if (this.#server === null) return;
    const ended = once(this.#server, 'exit');
    this.#server.kill('SIGKILL');
    await ended;
    this.#server = null;
    rmSync(this.socket, { force: true });
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
