import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
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
  #server: ChildProcess | null = null;

  get socket(): string {
    return join(this.#directory, 'redis.sock');
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
    this.#server = spawn('redis-server', [...own, ...settings], { stdio: 'ignore' });
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
