import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BuiltImage, writeOciLayout } from './image-builder.ts';

/** Debian's docker-registry, and skopeo to push with. */
export const HAS_DOCKER_REGISTRY = ['docker-registry', 'skopeo'].every(
  (command) => spawnSync(command, ['--help']).error === undefined,
);

export interface DockerRegistry {
  readonly host: string;
  /** `options`: of skopeo. */
  push(name: string, image: BuiltImage, options?: readonly string[]): void;
}

/** `extra`: further sections of its configuration; `http`: that section, beside the address; `port`: a free one where none is given. */
export async function startDockerRegistry(
  atEnd: (close: () => void) => void,
  extra: readonly string[] = [],
  http: readonly string[] = [],
  port = 0,
): Promise<DockerRegistry> {
  const directory = mkdtempSync(join(tmpdir(), 'plimsoll-registry-'));
  const configuration = join(directory, 'config.yml');
  const lines = [
    'version: 0.1',
    `storage: {filesystem: {rootdirectory: ${join(directory, 'data')}}, delete: {enabled: true}}`,
    'http:',
    `  addr: 127.0.0.1:${port}`,
    ...http.map((line) => `  ${line}`),
    ...extra,
  ];
  writeFileSync(configuration, lines.join('\n'));
  // A file, no pipe: nobody reads while skopeo is waited for, and a registry whose log is full answers nobody.
  const log = join(directory, 'log');
  const child = spawn('docker-registry', ['serve', configuration], { stdio: ['ignore', 'ignore', openSync(log, 'w')] });
  atEnd(() => {
    child.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  const listening = async (): Promise<string> => {
    for (;;) {
      const said = readFileSync(log, 'utf8');
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(`docker-registry ended: ${said}`);
      await sleep(20);
    }
  };
  const host = `127.0.0.1:${await listening()}`;
  const push = (name: string, image: BuiltImage, more: readonly string[] = []): void => {
    pushLayout(directory, `${host}/${name}`, image, more);
  };
  return { host, push };
}

/** Whether this machine can make what `securedRegistry` needs. */
export const CAN_SECURE = ['openssl', 'htpasswd'].every((name) => spawnSync(name).error === undefined);

/** What a registry needs for TLS on this machine and for one user: files in `directory`, and parts of its configuration. */
export function secured(directory: string, user: string, password: string) {
  const [ca, key, passwords] = ['ca.pem', 'key.pem', 'htpasswd'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  spawnSync('openssl', [...made, '-keyout', key, '-out', ca, ...names]);
  // On standard input: everybody can read the arguments of a process.
  writeFileSync(passwords, spawnSync('htpasswd', ['-Bni', user], { input: password }).stdout);
  const extra = [`auth: {htpasswd: {realm: x, path: ${passwords}}}`];
  return { ca, passwords, extra, http: [`tls: {certificate: ${ca}, key: ${key}}`] };
}

let pushed = 0;

/** Pushes with skopeo, by way of a layout in `directory`. */
export function pushLayout(directory: string, name: string, image: BuiltImage, more: readonly string[] = []): void {
  const layout = join(directory, `layout-${pushed++}`);
  writeOciLayout(layout, [image]);
  const options = ['copy', '--quiet', '--preserve-digests', '--dest-tls-verify=false'];
  const { status, stderr } = spawnSync('skopeo', [...options, ...more, `oci:${layout}`, `docker://${name}`]);
  if (status !== 0) throw new Error(`skopeo: ${stderr}`);
}
