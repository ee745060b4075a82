import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Debian's docker-registry on a free port of this machine. */
export interface DebianRegistry {
  readonly host: string;
  stop(): Promise<void>;
}

export const hasDebianRegistry = spawnSync('docker-registry', ['--version']).status === 0;

/** Starts it on `port` with its images below `directory`; `notifications` is that part of its configuration, in YAML. */
export async function startDebianRegistry(
  directory: string,
  port: number,
  notifications: string,
): Promise<DebianRegistry> {
  const host = `127.0.0.1:${port}`;
  const file = join(directory, `registry-${port}.yml`);
  const storage = `storage: {filesystem: {rootdirectory: ${join(directory, 'registry')}}, delete: {enabled: true}}`;
  writeFileSync(file, `version: 0.1\nlog: {level: error}\n${storage}\nhttp: {addr: "${host}"}\n${notifications}\n`);
  const child = spawn('docker-registry', ['serve', file], { stdio: 'ignore' });
  await expect
    .poll(
      () =>
        fetch(`http://${host}/v2/`).then(
          ({ status }) => status,
          () => child.exitCode ?? 'not yet',
        ),
      { timeout: 20_000 },
    )
    .toBe(200);
  return { host, stop: () => stopped(child) };
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** A port that was free a moment ago, for a server that cannot say which one it got. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
