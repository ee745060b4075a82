import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Container engines of a test's own: their stores and sockets lie below one directory, and nothing of the host's is touched. */

export interface ContainerEngine {
  /** What its command, and whoever calls it, is to be started with. */
  readonly environment: Readonly<Record<string, string>>;
  /** Takes an archive as `docker save` writes it. */
  load(archive: string): void;
  tag(name: string, other: string): void;
}

type AtEnd = (close: () => void | Promise<void>) => void;

const isRoot = process.getuid?.() === 0;
const has = (...commands: string[]): boolean =>
  isRoot && commands.every((command) => spawnSync(command, ['--version']).error === undefined);
export const HAS_ENGINE = {
  podman: has('podman'),
  containerd: has('containerd', 'ctr'),
  docker: has('docker', 'dockerd', 'containerd'),
};

function run(environment: Readonly<Record<string, string>>, command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { env: { ...process.env, ...environment } });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

export async function startPodman(directory: string): Promise<ContainerEngine> {
  const settings = join(directory, 'storage.conf');
  writeFileSync(settings, `[storage]\ndriver = "vfs"\ngraphroot = "${directory}/root"\nrunroot = "${directory}/run"\n`);
  const environment = { CONTAINERS_STORAGE_CONF: settings };
  return {
    environment,
    load: (archive) => run(environment, 'podman', 'load', '--quiet', '--input', archive),
    tag: (name, other) => run(environment, 'podman', 'tag', name, other),
  };
}

export async function startContainerd(directory: string, atEnd: AtEnd): Promise<ContainerEngine> {
  const socket = join(directory, 'containerd.sock');
  const settings = join(directory, 'config.toml');
  writeFileSync(
    settings,
    `version = 2\nroot = "${directory}/root"\nstate = "${directory}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "${socket}"\n`,
  );
  await daemon('containerd', ['--config', settings], socket, atEnd);
  const environment = { CONTAINERD_ADDRESS: socket };
  return {
    environment,
    load: (archive) => run(environment, 'ctr', 'images', 'import', archive),
    tag: (name, other) => run(environment, 'ctr', 'images', 'tag', name, other),
  };
}

export async function startDocker(directory: string, atEnd: AtEnd): Promise<ContainerEngine> {
  const below = join(directory, 'containerd');
  mkdirSync(below);
  const { environment: containerd } = await startContainerd(below, atEnd);
  const socket = join(directory, 'docker.sock');
  const places = ['data-root', 'exec-root', 'pidfile'].flatMap((name) => [`--${name}`, join(directory, name)]);
  const network = ['--iptables=false', '--ip6tables=false', '--bridge=none'];
  const args = [
    '--containerd',
    containerd.CONTAINERD_ADDRESS!,
    '--storage-driver',
    'vfs',
    '--host',
    `unix://${socket}`,
  ];
  await daemon('dockerd', [...args, ...places, ...network], socket, atEnd);
  const environment = { DOCKER_HOST: `unix://${socket}` };
  return {
    environment,
    load: (archive) => run(environment, 'docker', 'load', '--quiet', '--input', archive),
    tag: (name, other) => run(environment, 'docker', 'tag', name, other),
  };
}

/** Starts it, and waits for its socket. */
async function daemon(command: string, args: readonly string[], socket: string, atEnd: AtEnd): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    said += piece;
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  atEnd(async () => {
    child.kill();
    await ended;
  });
  for (let tries = 0; !existsSync(socket); tries++) {
    if (child.exitCode !== null || tries > 300) throw new Error(`${command} did not start: ${said.slice(-1_000)}`);
    await sleep(100);
  }
}
