import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { REPOSITORY } from './repository.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** What tests in a real kernel need: the built sensor, and cgroups of their own that are gone afterwards. */

const run = promisify(execFile);
const SENSOR_SOURCES = join(REPOSITORY, 'services/agent/sensor');
const PROGRAMS = join(REPOSITORY, 'test/kernel/programs');
export const SENSOR = join(SENSOR_SOURCES, 'build/plimsoll-sensor');
/** Does one call each (test/kernel/programs/act.c); static, so that it runs in any root file system. */
export const ACT = join(SENSOR_SOURCES, 'build/act');
/** Calls whose events are waited for (test/kernel/programs/calls.c). */
export const CALLS = join(SENSOR_SOURCES, 'build/calls');
/** A logger's socket (test/kernel/programs/log-socket.c). */
export const LOG_SOCKET = join(SENSOR_SOURCES, 'build/log-socket');
/** Asks the program behind a pinned link what it makes of packets (test/kernel/programs/packets.c). */
export const PACKETS = join(SENSOR_SOURCES, 'build/packets');
/** Leaves the directory /tmp/ran as its first act, and exits with 42. */
export const CANARY = join(SENSOR_SOURCES, 'build/canary');

const has = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

/** Mount points of cgroup file systems. Of v1 too: runc makes directories in all of them. */
function cgroupMounts(type: 'cgroup' | 'cgroup2'): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[2] === type)
    .map((fields) => fields[1]!);
}

function findMissing(commands: readonly string[]): string | null {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'root on Linux';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'a kernel with BTF';
  if (cgroupMounts('cgroup2').length === 0) return 'cgroup v2';
  const clang = ['clang', 'clang-19', 'clang-16', 'clang-15', 'clang-14'].some(has);
  const absent = [
    ...(clang ? [] : ['clang']),
    ...['make', 'cc', 'flock', ...commands].filter((command) => !has(command)),
  ];
  if (absent.length > 0) return absent.join(', ');
  return existsSync('/usr/include/bpf/libbpf.h') && existsSync('/usr/include/libelf.h')
    ? null
    : 'libbpf-dev, libelf-dev';
}

/** What is missing to run tests in this kernel with these commands besides; null: nothing. Names for `skipIf`. */
export function kernelTests(name: string, commands: readonly string[] = []): { skip: boolean; name: string } {
  const missing = findMissing(commands);
  return { skip: missing !== null, name: missing === null ? name : `${name} (skipped: needs ${missing})` };
}

/** Builds what changed. Several test files may ask at the same time. */
export async function buildSensor(): Promise<void> {
  mkdirSync(join(SENSOR_SOURCES, 'build'), { recursive: true });
  const lock = join(SENSOR_SOURCES, 'build/.lock');
  await run('flock', [lock, 'make', '-s', '-C', SENSOR_SOURCES]);
  // Put in its place whole: another test file may be running the one before.
  const compile = (program: string, ...args: string[]) =>
    run('flock', [
      lock,
      ...['sh', '-c', 'cc -O2 -Wall -Werror -static -o "$0.new" "$@" && mv "$0.new" "$0"', program],
      ...args,
    ]);
  await compile(ACT, join(PROGRAMS, 'act.c'));
  await compile(CALLS, join(PROGRAMS, 'calls.c'));
  await compile(LOG_SOCKET, join(PROGRAMS, 'log-socket.c'));
  await compile(PACKETS, join(PROGRAMS, 'packets.c'), '-lbpf', '-lelf', '-lz');
  await compile(CANARY, join(PROGRAMS, 'canary.c'), '-nostdlib', '-fno-stack-protector');
}

/** An overlay of the running test's own: a lower layer of copies of `act` by these names, and what is written goes into the upper one. */
export async function testOverlay(...names: string[]): Promise<string> {
  const root = await temporaryDirectory();
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(root, name));
  for (const name of names) copyFileSync(ACT, join(root, 'lower', name));
  const merged = join(root, 'merged');
  const options = `lowerdir=${root}/lower,upperdir=${root}/upper,workdir=${root}/work`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, merged]);
  onTestFinished(() => void execFileSync('umount', ['-l', merged]));
  return merged;
}

let made = 0;

/** A cgroup of the running test's own; its processes are killed and it is removed when the test is over, also after a failure. */
export function testCgroup(): { readonly directory: string; readonly path: string } {
  const path = `/plimsoll-test-${process.pid}-${made++}`;
  const directory = `${cgroupMounts('cgroup2')[0]}${path}`;
  mkdirSync(directory);
  onTestFinished(async () => {
    for (const mount of [...cgroupMounts('cgroup2'), ...cgroupMounts('cgroup')]) await removeCgroup(`${mount}${path}`);
  });
  return { directory, path };
}

async function removeCgroup(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeCgroup(join(directory, entry.name));
  }
  for (let round = 0; ; round++) {
    for (const id of readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
      try {
        process.kill(Number(id), 'SIGKILL');
      } catch {
        // Gone by itself.
      }
    }
    try {
      rmdirSync(directory);
      return;
    } catch (error) {
      if (round > 200) throw error;
      await sleep(20);
    }
  }
}

/** A directory for pins of the running test's own; what is pinned there is taken off when it is over, also after a failure. */
export function testPins(): string {
  const directory = join(tmpdir(), `plimsoll-pins-${process.pid}-${made++}`);
  onTestFinished(() => {
    if (existsSync(directory)) execFileSync(SENSOR, ['unpin', '--pins', directory]);
  });
  return directory;
}

/** Has a runtime give a container's cgroup to the hook, as it would before the first process of the container runs. */
export async function runHook(
  pins: string,
  directory: string,
  profile: string,
  ...options: string[]
): Promise<{ code: number; said: string }> {
  const inside = spawn('/bin/sh', ['-c', 'echo $$ > "$0/cgroup.procs" && echo in && exec sleep 60', directory]);
  await once(inside.stdout, 'data');
  const child = spawn(SENSOR, ['hook', '--pins', pins, '--profile', profile, ...options]);
  child.stdin.end(
    JSON.stringify({ ociVersion: '1.0.2', annotations: { pid: '"pid":1,' }, id: 'x', pid: inside.pid, bundle: '/' }),
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  inside.kill('SIGKILL');
  await once(inside, 'close');
  return { code, said };
}

/** The profile `test`, in the modes that the options say. */
export async function giveProfile(pins: string, directory: string, ...options: string[]): Promise<void> {
  const { code, said } = await runHook(pins, directory, 'test', ...options);
  if (code !== 0 || said !== '') throw new Error(`the hook: ${code} ${said}`);
}

/** The process of the sensor that uses these pins. */
export function sensorOf(pins: string): number {
  const found = readdirSync('/proc').filter((id) => {
    if (!/^\d+$/.test(id)) return false;
    try {
      const words = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
      return words.includes(pins) && words.includes('run');
    } catch {
      return false; // Gone meanwhile.
    }
  });
  if (found.length !== 1) throw new Error(`${found.length} sensors use ${pins}`);
  return Number(found[0]);
}

/** Ends it in a way that it cannot answer to. */
export function killSensor(pins: string): void {
  process.kill(sensorOf(pins), 'SIGKILL');
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
}

/** Runs a program in a cgroup: it is there before its first instruction. */
export async function runInCgroup(directory: string, program: string, ...args: string[]): Promise<Ended> {
  return runToEnd('/bin/sh', ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', directory, program, ...args]);
}

export async function runToEnd(
  program: string,
  args: readonly string[],
  options: { cwd?: string; timeoutMs?: number } = {},
): Promise<Ended> {
  try {
    const { cwd, timeoutMs = 60_000 } = options;
    const { stdout } = await run(program, args, { ...(cwd !== undefined && { cwd }), timeout: timeoutMs });
    return { code: 0, signal: null, stdout };
  } catch (error) {
    const { code, signal, stdout } = error as { code?: unknown; signal?: string | null; stdout?: string };
    if (stdout === undefined) throw error;
    return { code: typeof code === 'number' ? code : null, signal: signal ?? null, stdout };
  }
}

/** A bundle of runc with busybox and `act` in it, whose containers are made below `cgroupPath`. */
export function runcBundle(
  directory: string,
  args: readonly string[],
  cgroupPath: string,
  changes: object = {},
): string {
  const bin = join(directory, 'rootfs/bin');
  mkdirSync(bin, { recursive: true });
  execFileSync('cp', [execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim(), ACT, CANARY, bin]);
  mkdirSync(join(directory, 'rootfs/tmp'), { recursive: true });
  for (const applet of ['sh', 'sleep', 'true', 'mkdir', 'cp', 'mv'])
    execFileSync('ln', ['-sf', 'busybox', join(bin, applet)]);
  execFileSync('runc', ['spec'], { cwd: directory });
  const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'));
  config.process.terminal = false;
  config.process.args = args;
  config.root.readonly = false;
  config.linux.cgroupsPath = cgroupPath;
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ ...config, ...changes }));
  return directory;
}
