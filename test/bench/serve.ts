/**
 * `npm run bench:serve`: how many scans a minute one, two and four workers do, how soon the API answers, and what a server takes at
 * rest. See docs/benchmarks.md. Progress goes to standard error, the result to standard output.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildImage, writeOciLayout } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { percentile } from './open-loop.ts';
import { clientOf, end, ServerRig, type Spawned, until } from './server-rig.ts';
import { bytes, table } from './wording.ts';

const USAGE = `npm run bench:serve -- [options]

  --images N   scanned by each number of workers (default 60)
  --seconds N  how long the API is asked (default 20)
  --rate N     requests a second (default 100)
`;

const WORKERS = [1, 2, 4];
const PACKAGES = 150;
/** Of each image beside its package database: what has to be inflated and hashed. */
const FILLING_BYTES = 8 * 2 ** 20;
const REST_MS = 10_000;

type Ask = Awaited<ReturnType<typeof clientOf>>;

const say = (line: string) => process.stderr.write(`bench: ${line}\n`);

async function run(images: number, seconds: number, rate: number): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  // PostgreSQL's account passes through it.
  chmodSync(directory, 0o711);
  const rig = new ServerRig(directory);
  try {
    say('starting a store, a queue and an API');
    await rig.startStore();
    await rig.startQueue();
    const layouts = join(directory, 'images');
    mkdirSync(layouts);
    const scan = { db: 'starter', localDirectories: [layouts] };
    const ask = await clientOf(rig.spawn('api', [], { scan, api: { requestsPerMinute: 1_000_000 } }));
    const rows: string[][] = [['workers', 'scans a minute', 'as to one worker']];
    let one = 0;
    for (const count of WORKERS) {
      say(`${count} workers: ${images} images`);
      const minute = await scansAMinute(rig, ask, { scan, count, images, layouts });
      one ||= minute;
      rows.push([String(count), minute.toFixed(0), `${(minute / one).toFixed(2)} x`]);
    }
    say(`the API: ${rate} requests/s for ${seconds} s`);
    const digests = await scannedDigests(ask);
    const latencies = await askedAtRate(ask, digests, rate, seconds);
    const at = (share: number) => `${percentile(latencies, share).toFixed(1)} ms`;
    say('a server at rest');
    const memory = await atRest(rig, scan);
    return [
      ...describe(),
      '',
      ...table(rows),
      '',
      `API       verdict and report by digest, ${rate}/s, ${latencies.length} requests: p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`,
      `at rest   plimsoll serve on its private PostgreSQL: ${bytes(memory.own)} itself (RSS), ${bytes(memory.all)} with policies and PostgreSQL (PSS)`,
    ];
  } finally {
    await rig.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Round {
  readonly scan: object;
  readonly count: number;
  readonly images: number;
  readonly layouts: string;
}

/** From the first request to the end of the last scan; each round has images that nobody has seen. */
async function scansAMinute(rig: ServerRig, ask: Ask, { scan, count, images, layouts }: Round): Promise<number> {
  const targets: string[] = [];
  for (let index = 0; index < images; index++) {
    const layout = join(layouts, `${count}-${index}`);
    writeOciLayout(layout, [await imageOf(`${count}-${index}`)]);
    targets.push(`oci-dir:${layout}`);
  }
  const workers = Array.from({ length: count }, () => rig.spawn('worker', [], { scan, workers: { concurrency: 1 } }));
  await Promise.all(workers.map((worker) => worker.said(/"msg":"ready"/)));
  const begin = performance.now();
  const jobs = await Promise.all(targets.map((target) => ask('POST', '/api/v1/images', { target })));
  for (const { id } of jobs) await until(async () => ended(await ask('GET', `/api/v1/jobs/${id}`)), `job ${id}`);
  const minutes = (performance.now() - begin) / 60_000;
  await Promise.all(workers.map(({ child }: Spawned) => end(child)));
  return images / minutes;
}

function ended({ state }: { readonly state?: string }): true | null {
  if (state === 'failed' || state === 'cancelled') throw new Error(`a scan ${state}`);
  return state === 'done' ? true : null;
}

async function imageOf(name: string) {
  const packages = Array.from({ length: PACKAGES }, (_, index) => ({ name: `own-${name}-${index}`, version: '1.2-3' }));
  const base = [file('etc/os-release', OS_RELEASE.debian), file('var/lib/dpkg/status', dpkgStatus(packages))];
  return await buildImage({
    layers: [{ entries: base }, { entries: [file(`srv/${name}`, randomBytes(FILLING_BYTES))] }],
  });
}

async function scannedDigests(ask: Ask): Promise<readonly string[]> {
  const { items } = (await ask('GET', '/api/v1/images?limit=50')) as { items?: readonly { digest: string }[] };
  return items!.map(({ digest }) => digest);
}

/** Milliseconds of each answer from when it was due: an open loop, which hides no delay. */
async function askedAtRate(ask: Ask, digests: readonly string[], rate: number, seconds: number): Promise<number[]> {
  const begin = performance.now();
  const answers: Promise<number>[] = [];
  while (answers.length < rate * seconds) {
    const due = Math.min(rate * seconds, Math.floor(((performance.now() - begin) / 1_000) * rate) + 1);
    while (answers.length < due) {
      const dueAt = begin + (answers.length * 1_000) / rate;
      const what = answers.length % 10 === 0 ? 'report' : 'verdict';
      const path = `/api/v1/images/${digests[answers.length % digests.length]}/${what}`;
      answers.push(ask('GET', path).then(() => performance.now() - dueAt));
    }
    await sleep(1);
  }
  return await Promise.all(answers);
}

/** `own`: of the process; `all`: with those that it started, what they share counted once. Bytes. */
async function atRest(rig: ServerRig, scan: object): Promise<{ own: number; all: number }> {
  const dataDirectory = join(rig.directory, 'alone');
  const { child, said } = rig.spawn('serve', [], { scan, dataDirectory, store: {}, queue: {} });
  await said(/"msg":"ready"/);
  await sleep(REST_MS);
  const own = memoryOf(child.pid!, 'Rss');
  const all = familyOf(child.pid!).reduce((sum, pid) => sum + memoryOf(pid, 'Pss'), 0);
  await end(child);
  return { own, all };
}

function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
}

/** https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html */
function memoryOf(pid: number, field: 'Rss' | 'Pss'): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)![1]) * 1_024;
}

function describe(): readonly string[] {
  const [cpu] = cpus();
  const load = loadavg().map((average) => average.toFixed(1));
  return [
    `machine   ${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads, Node ${process.versions.node}`,
    `load      ${load.join(' ')} at the end (1, 5, 15 min); client, API, workers, store and queue share the machine`,
    `images    ${PACKAGES} packages and ${bytes(FILLING_BYTES)} each, no two alike; a process for each layer, one scan at once in each worker`,
  ];
}

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '60' },
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '100' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [images, seconds, rate] = [Number(values.images), Number(values.seconds), Number(values.rate)];
if (values.help) process.stdout.write(USAGE);
else if (![images, seconds, rate].every((each) => Number.isInteger(each) && each > 0)) {
  process.stderr.write(`--images, --seconds and --rate are whole numbers from 1\n${USAGE}`);
  process.exitCode = 1;
} else process.stdout.write(`${(await run(images, seconds, rate)).join('\n')}\n`);
