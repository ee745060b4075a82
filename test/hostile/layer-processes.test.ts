import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { StoredLayers } from '../../services/adapters/archive/stored-layers.ts';
import { LocalPrograms } from '../../services/adapters/programs/local-programs.ts';
import { layerTerms } from '../../services/adapters/readers/layer-command.ts';
import { LayerProcesses } from '../../services/adapters/readers/layer-processes.ts';
import { PlimsollError } from '../../services/domain/errors.ts';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import type { Report } from '../../services/domain/report/report.ts';
import type { Programs } from '../../services/pipeline/engine-ports.ts';
import type { LayerReader } from '../../services/pipeline/layer-ports.ts';
import { buildImage } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { packagesOf } from '../support/outcome.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { REPOSITORY } from '../support/repository.ts';
import { LAYER_WORKER, ociTarget, scan, scratch } from '../support/scan.ts';

/*
 * Layers that have taken over the process that reads them. Each tries one way out and, where it works, answers as an honest
 * process does for a layer with nothing in it: whatever is not refused is seen as a layer that was read.
 */

const place = scratch('layer-processes');
const TAKEN_OVER = new URL('../support/taken-over-layer.ts', import.meta.url);

const programs = new LocalPrograms(process.env.PATH);
/** A machine without any of the tools that confine. */
const bare: Programs = {
  ...programs,
  find: async () => null,
  confine: async () => ({ prefix: [], isolated: false, rooted: false, bounded: false }),
};
const opener = new StoredLayers(null);
const honest = new LayerProcesses(LAYER_WORKER, { opener, programs });
const hostile = new LayerProcesses(TAKEN_OVER, { opener, programs });
const unconfined = new LayerProcesses(TAKEN_OVER, { opener, programs: bare });
const sandbox = await hostile.sandbox(LIMITS);

const BASE = [
  file('etc/os-release', OS_RELEASE.debian),
  file('var/lib/dpkg/status', dpkgStatus([{ name: 'a', version: '1' }])),
];

/** The last layer is read by a process that it takes over, the others by honest ones, which have time to start. */
function readerOf(taken: LayerReader): LayerReader {
  return {
    async read(jobs, options) {
      const patient = { ...options, limits: { ...options.limits, layerMs: LIMITS.layerMs } };
      const [last, others] = [jobs.filter(({ layer }) => layer === 1), jobs.filter(({ layer }) => layer !== 1)];
      const [read, taking] = await Promise.all([honest.read(others, patient), taken.read(last, options)]);
      return jobs.map((job) => (job.layer === 1 ? taking[last.indexOf(job)]! : read[others.indexOf(job)]!));
    },
  };
}

/** The scan of an honest layer and one whose bytes are this program. */
async function scanWith(code: string, limits: Partial<Limits> = {}, taken: LayerReader = hostile): Promise<Report> {
  const layers = [{ entries: BASE }, { blob: Buffer.from(code), tar: Buffer.alloc(0) }];
  const target = ociTarget(place, await buildImage({ layers }));
  // What starts under a load is no hostile process that goes on for ever.
  return await scan(target, { reader: readerOf(taken), limits: { layerMs: 60_000, ...limits } });
}

function expectGap(report: Report, message: RegExp, code = 'layer-unreadable'): void {
  expect(report.completeness.gaps.filter((gap) => gap.class === 'blocking')).toEqual([
    { code, class: 'blocking', layer: 1, path: null, message: expect.stringMatching(message) },
  ]);
  expect(report.completeness).toMatchObject({ status: 'partial', layersRead: 1, layersTotal: 2 });
  // What was honest was read all the same.
  expect(packagesOf(report)).toEqual(['a 1']);
}

const port = await new Promise<number>((resolve) => {
  const server = createServer((socket) => socket.end());
  server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  afterAll(() => void server.close());
});
const written = join(place, 'written');

/** A socket that anybody may connect to, in a directory that anybody may enter. */
const socket = join(tmpdir(), `plimsoll-test-${process.pid}.sock`);
await new Promise<void>((resolve) => {
  const server = createServer((connection) => connection.end());
  server.listen({ path: socket, writableAll: true, readableAll: true }, resolve);
  afterAll(() => void server.close());
});

test('one that only answers is believed: what the others are refused makes the difference', async () => {
  const report = await scanWith('clean();');
  expect(report.completeness).toMatchObject({ status: 'complete', layersRead: 2, gaps: [] });
});

describe('a layer that', () => {
  const DENIED =
    /its process ended \(exit 1\).*(?:ERR_ACCESS_DENIED|Access to this API has been restricted|loading addons is disabled)/;

  test.each([
    ['reads a file', `(await import('node:fs')).readFileSync('/etc/passwd'); clean();`],
    ['reads what Plimsoll scans', `(await import('node:fs')).readdirSync(${JSON.stringify(place)}); clean();`],
    [
      'reads the environment of Plimsoll',
      `(await import('node:fs')).readFileSync('/proc/${process.pid}/environ'); clean();`,
    ],
    ['reads a file by a promise', `await (await import('node:fs/promises')).readFile('/etc/passwd'); clean();`],
    ['writes a file', `(await import('node:fs')).writeFileSync(${JSON.stringify(written)}, ''); clean();`],
    ['makes a link', `(await import('node:fs')).symlinkSync('/etc/passwd', ${JSON.stringify(written)}); clean();`],
    ['starts a process', `(await import('node:child_process')).spawnSync('/bin/true'); clean();`],
    ['starts a thread', `new (await import('node:worker_threads')).Worker('', { eval: true }); clean();`],
    ['loads native code', `process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libm.so.6'); clean();`],
    ['asks for the bindings of Node', `process.binding('spawn_sync'); clean();`],
    ['opens the inspector', `(await import('node:inspector')).open(0); clean();`],
  ])('%s', async (_what, code) => {
    expectGap(await scanWith(code), DENIED);
    expect(existsSync(written)).toBe(false);
  });

  test('looks for secrets in its environment finds none', async () => {
    process.env.PLIMSOLL_TEST_CANARY = 'canary';
    try {
      const report = await scanWith(
        `if (Object.keys(process.env).length === 0) clean(); else throw new Error('found');`,
      );
      expect(report.completeness.status).toBe('complete');
    } finally {
      delete process.env.PLIMSOLL_TEST_CANARY;
    }
  });

  const connect = `const net = await import('node:net');
    await new Promise((done, fail) => net.connect(${port}, '127.0.0.1').on('connect', done).on('error', fail)); clean();`;

  test.skipIf(sandbox.net !== 'none')('connects (skipped where the kernel gives no namespaces)', async () => {
    expectGap(await scanWith(connect), /its process ended \(exit 1\).*ENETUNREACH/);
  });

  test('connects, where the kernel gives no namespaces: the report says that nothing held', async () => {
    expect((await scanWith(connect, {}, unconfined)).completeness.status).toBe('complete');
    expect(await unconfined.sandbox(LIMITS)).toEqual({ fs: 'permission-model', net: 'host', memory: 'watchdog' });
  });

  const connectByName = `const net = await import('node:net');
    await new Promise((done, fail) => net.connect(${JSON.stringify(socket)}).on('connect', done).on('error', fail)); clean();`;

  test.skipIf(sandbox.fs !== 'own-root')(
    'connects to a socket in the file system (skipped where the kernel gives no root)',
    async () => {
      expectGap(await scanWith(connectByName), /its process ended \(exit 1\).*ENOENT/);
      expect((await scanWith(connectByName, {}, unconfined)).completeness.status).toBe('complete');
    },
  );

  test.skipIf(sandbox.net !== 'none')('looks for the process of Plimsoll (skipped likewise)', async () => {
    expectGap(await scanWith(`process.kill(${process.pid}, 0); clean();`), /its process ended \(exit 1\).*ESRCH/);
  });

  test.each([
    ['itself', 'process.pid'],
    ['its process group', '0'],
  ])('kills %s', async (_what, pid) => {
    const code = `process.kill(${pid}, 'SIGKILL'); setTimeout(() => process.exit(1), 1_000);`;
    // In a namespace of its own it is the first process, which no signal from inside ends.
    expectGap(await scanWith(code), /its process ended \((?:SIGKILL|exit 1)\)/);
    expectGap(await scanWith(code, {}, unconfined), /its process ended \(SIGKILL\)/);
  });

  test.each([
    ['fills its heap', `const all = []; for (;;) all.push(new Array(100_000).fill({}).map(() => ({})));`],
    ['fills buffers', `const all = []; for (;;) all.push(Buffer.alloc(64 * 2 ** 20, 1));`],
    [
      'fills shared memory',
      `const all = []; for (;;) all.push(new Uint8Array(new SharedArrayBuffer(2 ** 26)).fill(1));`,
    ],
  ])('%s', async (_what, code) => {
    const { completeness } = await scanWith(code, { layerProcessBytes: 2 ** 30 });
    const blocking = completeness.gaps.filter((gap) => gap.class === 'blocking');
    expect(blocking).toMatchObject([{ layer: 1, code: expect.stringMatching(/^(?:layer-unreadable|limit-reached)$/) }]);
  });

  test('fills buffers where the kernel keeps no limit is seen by the watch', async () => {
    const code = `const all = []; setInterval(() => all.push(Buffer.alloc(2 ** 24, 1)), 20);`;
    expectGap(await scanWith(code, { layerProcessBytes: 2 ** 28 }, unconfined), /layerProcessBytes/, 'limit-reached');
  });

  test.each([
    ['runs for ever', 'for (;;);'],
    ['waits for ever', 'await new Promise(() => setInterval(() => {}, 1_000));'],
  ])('%s', async (_what, code) => {
    expectGap(await scanWith(code, { layerMs: 3_000 }), /layerMs/, 'limit-reached');
  });

  test.each([
    ['ends', 'process.exit(0);', /ended \(exit 0\)/],
    ['aborts', 'process.abort();', /ended \(SIG\w+\)/],
    ['closes what it should write to', `(await import('node:fs')).closeSync(1); process.exit(0);`, /ended \(exit 0\)/],
  ])('%s', async (_what, code, message) => {
    expectGap(await scanWith(code), message);
  });

  test('answers before it has all bytes', async () => {
    // More than what is on its way while nobody reads.
    const long = `clean(); // before the end ${'.'.repeat(2 ** 23)}`;
    expectGap(await scanWith(long), /before it had all of the layer/);
  });

  test('says more and more', async () => {
    const code = `const { readBytes, entries } = { readBytes: 0, entries: 0 }; for (let i = 0; i < 60; i++) say(1, { readBytes, entries }); clean();`;
    const messages = 61 + 1 + 1;
    const analyzers = 15;
    expectGap(await scanWith(code, { layerProcessMessages: 60 }), /layerProcessMessages/, 'limit-reached');
    const { completeness } = await scanWith(code, { layerProcessMessages: messages + analyzers });
    expect(completeness.status).toBe('complete');
  });

  test.each<[string, string, RegExp, string?, Partial<Limits>?]>([
    ['a giant message', `write(Buffer.from([1, 255, 255, 255, 255]));`, /layerProcessMessageBytes/, 'limit-reached'],
    ['a long message', `say(1, ' '.repeat(2 ** 16 + 1));`, /layerProcessMessageBytes/, 'limit-reached'],
    ['a giant part', `say(2, { part: 'outline@1', length: 2 ** 40 });`, /imageFactsBytes/, 'limit-reached'],
    [
      'too many values',
      `clean({ 'outline@1': '[' + '0,'.repeat(101) + '0]' });`,
      /layerFactsValues/,
      'limit-reached',
      { layerFactsValues: 100 },
    ],
    ['deep values', `clean({ 'outline@1': '['.repeat(10_000) + ']'.repeat(10_000) });`, /nested deeper/],
    ['noise', `write(Buffer.alloc(1_000_000, 'noise'));`, /layerProcessMessageBytes/, 'limit-reached'],
    ['a message of no kind', `say(9, {});`, /no kind/],
    ['a message that is no JSON', `say(1, '{');`, /no JSON/],
    ['progress that is none', `say(1, { readBytes: -1, entries: 1e999 });`, /not as it should be/],
    [
      'a prototype',
      `say(1, '{"readBytes":0,"entries":0,"__proto__":{"polluted":true}}'); clean();`,
      /not as it should be/,
    ],
    ['facts of an analyzer nobody asked', `part('other@1', NOTHING); clean();`, /not asked for/],
    ['facts of another version', `part('dpkg@999', NOTHING); clean();`, /not asked for/],
    ['facts under the name of a list of files of ours', `part('__proto__', NOTHING); clean();`, /not asked for/],
    ['the same facts twice', `part('outline@1', OUTLINE); clean();`, /not asked for/],
    [
      'nothing of one analyzer',
      `clean({ ['dpkg@' + task.job.analyzers.find(({ id }) => id === 'dpkg').version]: null });`,
      /left out/,
    ],
    ['no outline', `clean({ 'outline@1': null });`, /left out/],
    ['an outline that is none', `clean({ 'outline@1': 'null' });`, /outline@1: the whole/],
    [
      'a flaw of no code',
      `clean({ 'outline@1': { ...OUTLINE, flaws: [{ code: 'none', path: null, message: '' }] } });`,
      /flaws\.0\.code/,
    ],
    [
      'a prototype in facts',
      `clean({ 'outline@1': JSON.stringify(OUTLINE).replace('{', '{"__proto__":{"x":1},') });`,
      /outline@1/,
    ],
    ['text that is no UTF-8', `clean({ 'outline@1': Buffer.from([0x22, 0xff, 0x22]) });`, /no JSON/],
    ['an inventory that is none', `clean({ 'inventory@1': Buffer.alloc(100, 1) });`, /inventory@1/],
    ['an end without facts', `say(3, { bytes: 0, entries: 0, failure: null });`, /left out/],
    ['a gap of no code', `clean({}, { failure: { code: 'no-packages', message: '' } });`, /not as it should be/],
  ])('says %s', async (_what, code, message, gapCode = 'layer-unreadable', limits = {}) => {
    const report = await scanWith(code, limits);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expectGap(report, message, gapCode);
  });

  test('says itself what is wrong with it is believed', async () => {
    const report = await scanWith(`clean({}, { failure: { code: 'limit-reached', message: 'it is too long' } });`);
    expectGap(report, /^it is too long$/, 'limit-reached');
  });
});

describe('what holds a process', () => {
  const terms = layerTerms(TAKEN_OVER, LIMITS);

  /** What a program says that is no Node, and so has no permission model. */
  async function native(...command: string[]): Promise<string> {
    const { prefix } = await programs.confine(terms);
    const [program, ...args] = [...prefix, ...command];
    const { stdout, stderr } = spawnSync(program!, args, { env: {}, cwd: '/', encoding: 'utf8' });
    return stdout + stderr;
  }

  test.skipIf(sandbox.fs !== 'own-root')(
    'shows native code no file but code, and lets it write none (skipped likewise)',
    async () => {
      const top = (await native('/bin/ls', '/')).trim().split('\n');
      const known = [
        'bin',
        'lib',
        'lib32',
        'lib64',
        'sbin',
        'usr',
        ...terms.visible!.map((path) => path.split('/')[1]!),
      ];
      expect(top.filter((name) => !known.includes(name))).toEqual([]);
      for (const path of ['/etc/passwd', '/proc/self/environ', place, `${REPOSITORY}/package-lock.json`]) {
        expect(await native('/bin/ls', path)).toContain('No such file');
      }
      for (const path of ['/new', `${REPOSITORY}/node_modules/new`, '/usr/new']) {
        expect(await native('/bin/mkdir', path)).toMatch(/Read-only file system|Permission denied|No such file/);
      }
    },
  );

  test.skipIf(sandbox.memory !== 'rlimit')(
    'bounds the memory of native code, and what it writes (skipped without prlimit)',
    async () => {
      const said = await native('/bin/sh', '-c', 'ulimit -d; ulimit -f; ulimit -c');
      expect(said.trim().split('\n')).toEqual([String(LIMITS.layerProcessBytes / 1_024), '0', '0']);
    },
  );
});

describe('an end of Plimsoll', () => {
  const endless = join(place, 'endless');
  writeFileSync(endless, 'for (;;);');
  const location = { kind: 'file', path: endless, compression: 'none', offset: 0, size: statSync(endless).size };
  const job = {
    layer: 0,
    location,
    digest: null,
    size: null,
    wantDiffId: false,
    analyzers: [],
    inventory: 'paths',
    extra: null,
  };

  test('is one of its processes too, whatever they do', async () => {
    const module = (path: string) => JSON.stringify(pathToFileURL(join(REPOSITORY, 'services', path)).href);
    const code = `
      const { LayerProcesses } = await import(${module('adapters/readers/layer-processes.ts')});
      const { StoredLayers } = await import(${module('adapters/archive/stored-layers.ts')});
      const { LocalPrograms } = await import(${module('adapters/programs/local-programs.ts')});
      const { LIMITS: limits } = await import(${module('domain/limits.ts')});
      const programs = new LocalPrograms(process.env.PATH);
      const reader = new LayerProcesses(new URL(${JSON.stringify(TAKEN_OVER.href)}), { opener: new StoredLayers(null), programs });
      const signal = new AbortController().signal;
      await reader.read([${JSON.stringify(job)}], { limits, skipDirs: [], skipFiles: [], onProgress() {}, signal });`;
    for (const killed of ['SIGKILL', 'SIGTERM'] as const) {
      const plimsoll = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' });
      try {
        await vi.waitUntil(() => isBusy(running()), PATIENTLY);
      } finally {
        plimsoll.kill(killed);
      }
      await vi.waitUntil(() => running().length === 0, PATIENTLY);
    }
  });

  test('of a scan that is stopped ends them at once', async () => {
    const stop = new AbortController();
    const reason = new PlimsollError('CANCELLED', 'stopped by a test');
    const layers = [{ entries: BASE }, { blob: Buffer.from('for (;;);'), tar: Buffer.alloc(0) }];
    const target = ociTarget(place, await buildImage({ layers }));
    const ended = expect(scan(target, { reader: readerOf(hostile), signal: stop.signal })).rejects.toBe(reason);
    await vi.waitUntil(() => isBusy(running()), PATIENTLY);
    stop.abort(reason);
    await ended;
    await vi.waitUntil(() => running().length === 0, PATIENTLY);
  });
});

/** A machine may be busy with other tests. */
const PATIENTLY = { timeout: 60_000, interval: 50 };

/** The processes that run a layer's own code. */
function running(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^[0-9]+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
      return words.at(-2) === fileURLToPath(TAKEN_OVER);
    } catch {
      return false;
    }
  });
}

/** Whether one has run so long that it must have come to its endless loop: user time in ticks (proc(5), field 14). */
function isBusy(pids: readonly string[]): boolean {
  return pids.some((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11]) > 100;
    } catch {
      return false;
    }
  });
}
