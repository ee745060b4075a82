/**
 * `npm run bench:agent`: what watching costs those who are watched, in alternating pairs of one run, with Debian's opensnoop and
 * execsnoop (libbpf-tools) beside it, and how many events come through. Needs root and a built sensor. See docs/benchmarks.md.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../support/repository.ts';
import { againstBudget, pairedRatio } from './paired-ratio.ts';

const MAIN = join(REPOSITORY, 'services/main.ts');
const SENSOR = join(REPOSITORY, 'services/agent/sensor/build/plimsoll-sensor');

/** DESIGN: what an operation may cost in a container with a profile, and in one without. */
const OPERATIONS = [
  { name: 'open', what: 'open and close, for reading, of one path', times: 60_000, budget: 1.3 },
  { name: 'write', what: 'open and close, for writing, of one path', times: 40_000, budget: 1.5 },
  { name: 'exec', what: 'posix_spawn and wait', times: 150, budget: 1.05 },
  { name: 'connect', what: 'connect, accept and close, loopback', times: 3_000, budget: 1.15 },
] as const;
const WITHOUT_PROFILE = 1.1;
const FLOOD = 400_000;
const LEAST_RATE = 300_000;
const MOST_RSS_BYTES = 120 * 2 ** 20;

const { values } = parseArgs({ options: { pairs: { type: 'string', default: '20' }, help: { type: 'boolean' } } });
if (values.help) {
  process.stdout.write('usage: npm run bench:agent -- [--pairs 20]\n');
  process.exit(0);
}
const pairs = Number(values.pairs);
const say = (text: string) => process.stderr.write(`bench: ${text}\n`);
const print = (text: string) => process.stdout.write(`${text}\n`);

if (process.geteuid?.() !== 0 || !existsSync(SENSOR)) {
  say('skipped: needs root and a built sensor (npm run sensor)');
  process.exit(0);
}

const directory = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
const work = join(directory, 'agent-work');
execFileSync('cc', ['-O2', '-Wall', '-Werror', '-static', '-o', work, join(import.meta.dirname, 'agent-work.c')]);
const hierarchy = readFileSync('/proc/self/mounts', 'utf8')
  .split('\n')
  .map((line) => line.split(' '))
  .find((fields) => fields[2] === 'cgroup2')?.[1];
if (hierarchy === undefined) {
  say('skipped: needs cgroup v2');
  process.exit(0);
}
const root = join(hierarchy, `plimsoll-bench-${process.pid}`);
const pins = join(directory, 'pins');
const cgroups = { held: join(root, 'held'), free: join(root, 'free') };
const children = new Set<ChildProcess>();

function start(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout!.resume();
  children.add(child);
  child.once('close', () => children.delete(child));
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (!children.has(child)) return;
  child.kill('SIGTERM');
  await once(child, 'close');
}

/** Nanoseconds of one operation, in this cgroup. */
function measure(name: string, times: number, cgroup: string): number {
  const { status, stdout, stderr } = spawnSync(
    '/bin/sh',
    ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup, work, name, String(times), directory],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`agent-work ${name}: ${stderr}`);
  return Number(stdout);
}

async function startAgent(...more: string[]): Promise<ChildProcess> {
  const file = join(directory, 'agent.jsonl');
  rmSync(file, { force: true });
  const agent = start(process.execPath, [
    MAIN,
    'agent',
    'run',
    '--cgroup-root',
    root,
    '--quiet',
    '--file',
    file,
    ...more,
  ]);
  while (!existsSync(file) || !readFileSync(file, 'utf8').includes('agent-started')) await sleep(100);
  return agent;
}

type Operation = (typeof OPERATIONS)[number];

/** One that watches, in whose presence the operations are measured again. */
interface Watcher {
  readonly name: string;
  readonly cgroup: string;
  readonly operations: readonly Operation['name'][];
  readonly budgetOf: (operation: Operation) => number | null;
}

/** All operations that it is compared in, each after a few that are not measured: a first sight costs more. */
function measureAll(cgroup: string, names: readonly string[]): Map<string, number> {
  return new Map(
    OPERATIONS.filter(({ name }) => names.includes(name)).map(({ name, times }) => {
      measure(name, 10, cgroup);
      return [name, measure(name, times, cgroup)];
    }),
  );
}

/** One pair: without anybody, and with these watchers that `begin` starts, now the one first and now the other. */
async function pair(
  number: number,
  watchers: readonly Watcher[],
  begin: () => Promise<() => Promise<void>>,
): Promise<void> {
  const off = () => watchers.map(({ cgroup, operations }) => measureAll(cgroup, operations));
  const on = async () => {
    const end = await begin();
    try {
      return watchers.map(({ cgroup, operations }) => measureAll(cgroup, operations));
    } finally {
      await end();
    }
  };
  const backwards = async () => {
    const first = await on();
    return [off(), first];
  };
  const [without, within] = number % 2 === 0 ? [off(), await on()] : await backwards();
  for (const [i, { name, operations }] of watchers.entries()) {
    for (const operation of operations) {
      const key = `${operation} ${name}`;
      ratios.set(key, [...(ratios.get(key) ?? []), within![i]!.get(operation)! / without![i]!.get(operation)!]);
    }
  }
}

const ratios = new Map<string, number[]>();

function row(name: string, found: readonly number[], budget: number | null): void {
  const ratio = pairedRatio(found);
  const outcome = budget === null ? '' : ` ≤ ${budget} × ${againstBudget(ratio, budget)}`;
  print(
    `  ${name.padEnd(40)} ${ratio.median.toFixed(2)} × (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})${outcome}`,
  );
}

async function agent(): Promise<() => Promise<void>> {
  const running = await startAgent('--pins', pins);
  execFileSync(process.execPath, [MAIN, 'agent', 'load', profile, '--pins', pins]);
  giveProfile();
  return async () => {
    await stop(running);
    execFileSync(SENSOR, ['unpin', '--pins', pins]);
  };
}

/** A hook is called with the state of a container that has a process. */
function giveProfile(): void {
  const inside = spawn('/bin/sh', ['-c', 'echo $$ > "$0/cgroup.procs" && exec sleep 60', cgroups.held], {
    stdio: 'ignore',
  });
  try {
    while (!readFileSync(join(cgroups.held, 'cgroup.procs'), 'utf8').includes(String(inside.pid)))
      spawnSync('sleep', ['0.01']);
    const state = JSON.stringify({ ociVersion: '1.0.2', id: 'bench', pid: inside.pid, bundle: '/' });
    execFileSync(
      SENSOR,
      ['hook', '--pins', pins, '--profile', 'bench', '--mode', 'enforce', '--on-missing', 'refuse'],
      { input: state },
    );
  } finally {
    inside.kill('SIGKILL');
  }
}

/** Debian's tools, in a mount namespace of their own: they need tracefs. */
const snoop = (tool: string) => async () => {
  const child = start('unshare', [
    '-m',
    'sh',
    '-c',
    `mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null; exec ${tool}`,
  ]);
  await sleep(1_500);
  if (!children.has(child)) throw new Error(`${tool} has ended`);
  return () => stop(child);
};

/** Nothing of it stays: no process, no program in the kernel, no cgroup, no file. Also where it is stopped. */
function clean(): void {
  for (const child of children) child.kill('SIGKILL');
  if (existsSync(pins)) spawnSync(SENSOR, ['unpin', '--pins', pins]);
  for (const each of [...Object.values(cgroups), root]) {
    // Processes that were just killed take their time.
    for (let round = 0; existsSync(each) && spawnSync('rmdir', [each]).status !== 0 && round < 50; round++)
      spawnSync('sleep', ['0.1']);
  }
  rmSync(directory, { recursive: true, force: true });
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clean();
    process.exit(1);
  });
}

const profile = join(directory, 'bench.yaml');
writeFileSync(
  profile,
  'name: bench\nexec: { denyOrigins: [memory] }\nconnect: { deny: [{ to: 192.0.2.1 }] }\nlisten: { deny: [{ port: 1 }] }\n',
);

try {
  mkdirSync(root);
  for (const each of Object.values(cgroups)) mkdirSync(each);
  const agents: readonly Watcher[] = [
    {
      name: 'agent, container with a profile',
      cgroup: cgroups.held,
      operations: ['open', 'write', 'exec', 'connect'],
      budgetOf: ({ budget }) => budget,
    },
    {
      name: 'agent, container without one',
      cgroup: cgroups.free,
      operations: ['open', 'write', 'exec', 'connect'],
      budgetOf: () => WITHOUT_PROFILE,
    },
  ];
  const tools: readonly Watcher[] = [
    { name: 'opensnoop', cgroup: cgroups.free, operations: ['open', 'write'], budgetOf: () => null },
    { name: 'execsnoop', cgroup: cgroups.free, operations: ['exec'], budgetOf: () => null },
  ].filter(({ name }) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0) as Watcher[];
  for (let number = 0; number < pairs; number++) {
    say(`pair ${number + 1} of ${pairs}`);
    await pair(number, agents, agent);
    for (const tool of tools) await pair(number, [tool], snoop(tool.name));
  }
  print(`${pairs} alternating pairs; median of the ratios (95 % interval)`);
  for (const operation of OPERATIONS) {
    print(operation.what);
    for (const { name, budgetOf } of [...agents, ...tools]) {
      const found = ratios.get(`${operation.name} ${name}`);
      if (found !== undefined) row(name, found, budgetOf(operation));
    }
  }
  if (tools.length < 2) print('opensnoop and execsnoop (libbpf-tools): skipped, not installed');
  say('a flood of events');
  await rates();
} finally {
  clean();
}

/** How many events of a flood are told, at which rate, and what memory that takes. */
async function rates(): Promise<void> {
  const agent = await startAgent('--file-size', '1G', '--pins', pins);
  const started = performance.now();
  measure('bind', FLOOD, cgroups.free);
  const seconds = (performance.now() - started) / 1_000;
  const rss = [agent.pid!, ...childrenOf(agent.pid!)].reduce((sum, id) => sum + residentBytes(id), 0);
  await stop(agent);
  const { events } = JSON.parse(
    execFileSync(process.execPath, [MAIN, 'agent', 'status', '--pins', pins, '--json'], { encoding: 'utf8' }),
  );
  execFileSync(SENSOR, ['unpin', '--pins', pins]);
  const { emitted, dropped } = events.find(({ kind }: { kind: string }) => kind === 'bind');
  const rate = Number(emitted) / seconds;
  const isLost = Number(dropped) > 0;
  print(`a flood from one container: ${Math.round(rate / 1_000)}k events/s told, ${dropped} of ${FLOOD} unseen`);
  print(
    `  ≥ ${LEAST_RATE / 1_000}k events/s without loss: ${rate >= LEAST_RATE && !isLost ? 'PASS' : isLost ? 'OVER' : 'inconclusive: the flood was slower'}`,
  );
  print(
    `  memory of sensor and agent: ${Math.round(rss / 2 ** 20)} MiB, < ${MOST_RSS_BYTES / 2 ** 20} MiB ${rss < MOST_RSS_BYTES ? 'PASS' : 'OVER'}`,
  );
}

function childrenOf(id: number): number[] {
  return readFileSync(`/proc/${id}/task/${id}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function residentBytes(id: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) * 1_024;
}
