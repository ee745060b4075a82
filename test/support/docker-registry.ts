import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  const child = spawn('docker-registry', ['serve', configuration], { stdio: ['ignore', 'ignore', 'pipe'] });
  atEnd(() => {
    child.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  const listening = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('exit', () => reject(new Error(`docker-registry ended: ${said}`)));
  });
  const host = `127.0.0.1:${listening}`;
  const push = (name: string, image: BuiltImage, more: readonly string[] = []): void => {
    pushLayout(directory, `${host}/${name}`, image, more);
  };
  return { host, push };
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
