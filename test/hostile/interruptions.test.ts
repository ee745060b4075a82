import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { LayerThreads } from '../../services/adapters/readers/layer-threads.ts';
import { PlimsollError } from '../../services/domain/errors.ts';
import { buildImage, dockerArchive, type LayerSpec } from '../support/image-builder.ts';
import { file } from '../support/layer-builder.ts';
import { gapCodes, packagesOf } from '../support/outcome.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import {
  archiveFile,
  LAYER_WORKER,
  MAIN,
  ociTarget,
  runCommand,
  scan,
  scratch,
  startCommand,
} from '../support/scan.ts';
import { concat, END, rawHeader } from '../support/tar-blocks.ts';

/* Time that runs out, threads that die, and users who do not want to wait. */

const place = scratch('interruptions');

const BASE: LayerSpec = {
  entries: [
    file('etc/os-release', OS_RELEASE.debian),
    file('var/lib/dpkg/status', dpkgStatus([{ name: 'a', version: '1' }])),
  ],
};
/** Takes about a second to inflate and hash: several of them are what an impatient user interrupts. */
const SLOW_BYTES = 300 * 2 ** 20;
const slowTar = concat(rawHeader({ name: 'zeros', size: SLOW_BYTES }), Buffer.alloc(SLOW_BYTES), END);
const slowBlob = gzipSync(slowTar, { level: 1 });
/** Each of its own bytes, behind the end of the tar: the same would be read once. */
const slow = (i: number): LayerSpec => ({
  blob: Buffer.concat([slowBlob, gzipSync(Buffer.alloc(i))]),
  tar: Buffer.alloc(0),
});
const slowTarget = ociTarget(place, await buildImage({ layers: [BASE, slow(1), slow(2), slow(3), slow(4), slow(5)] }));
const archive = await dockerArchive([await buildImage({ layers: [{ ...BASE, compression: 'none' }] })]);

/** Far below the many seconds that the rest of the work would take, and patient with a busy machine. */
const PROMPTLY = 5_000;

const workers = () =>
  process.getActiveResourcesInfo().filter((name) => name === 'MessagePort' || name === 'Worker').length;

/** A private place for everything that a command may leave behind. */
let made = 0;
function surroundings() {
  const at = join(place, `run-${made++}`);
  const [temporary, cache] = [join(at, 'tmp'), join(at, 'cache')];
  mkdirSync(temporary, { recursive: true });
  mkdirSync(cache, { mode: 0o700 });
  const litter = () => [
    ...readdirSync(temporary),
    ...readdirSync(cache, { recursive: true }).filter((name) => String(name).includes('tmp')),
  ];
  return { environment: { TMPDIR: temporary, PLIMSOLL_CACHE_DIR: cache }, temporary, cache, litter };
}

describe('time', () => {
  test.each([
    ['waits', 'setInterval(() => {}, 1_000)'],
    ['spins', 'import("node:worker_threads").then(({ parentPort }) => parentPort.on("message", () => { for (;;); }))'],
  ])('a layer whose thread %s past layerMs is a gap', async (_what, script) => {
    const target = ociTarget(place, await buildImage({ layers: [BASE, { entries: [file('x')] }] }));
    const reader = new LayerThreads(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
    const report = await scan(target, { reader, limits: { layerMs: 500 } });
    expect(gapCodes(report)).toEqual(['limit-reached', 'no-packages']);
    expect(workers()).toBe(0);
  });

  test('a scan that is stopped ends at once, and its threads with it', async () => {
    for (const when of ['before a thread runs', 'when one runs', 'later'] as const) {
      const stop = new AbortController();
      const reason = new PlimsollError('CANCELLED', 'stopped by a test');
      const scanned = scan(slowTarget, { signal: stop.signal, limits: { ratio: 1e9 } });
      const ended = expect(scanned).rejects.toBe(reason);
      if (when !== 'before a thread runs') await vi.waitUntil(() => workers() > 0, { timeout: PROMPTLY, interval: 5 });
      if (when === 'later') await new Promise((resolve) => setTimeout(resolve, 300));
      const stopped = performance.now();
      stop.abort(reason);
      await ended;
      expect(performance.now() - stopped).toBeLessThan(PROMPTLY);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(workers()).toBe(0);
    }
  });

  test('a signal that was aborted before', async () => {
    const reason = new PlimsollError('CANCELLED', 'before it began');
    await expect(scan(slowTarget, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const compressed = archiveFile(place, gzipSync(archive));
    await expect(scan(compressed, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('threads', () => {
  test('one that runs out of memory is a gap, not the end', async () => {
    const many = dpkgStatus(Array.from({ length: 100_000 }, (_, i) => ({ name: `package-number-${i}`, version: '1' })));
    const hungry = { entries: [file('var/lib/dpkg/status', many)] };
    const target = ociTarget(place, await buildImage({ layers: [BASE, hungry, { entries: [file('x')] }] }));
    const report = await scan(target, { reader: new LayerThreads(LAYER_WORKER, { heapMb: 32 }) });
    const unreadable = report.completeness.gaps.filter(({ code }) => code === 'layer-unreadable');
    expect(unreadable).toMatchObject([{ layer: 1, message: expect.stringContaining('memory') }]);
  });

  test.each([
    ['throws at once', 'throw new Error("broken")'],
    ['exits', 'process.exit(7)'],
    [
      'exits when it is given work',
      'import("node:worker_threads").then(({ parentPort }) => parentPort.on("message", () => process.exit(0)))',
    ],
    ['does not exist', null],
  ])('one whose script %s', async (_what, script) => {
    const url =
      script === null ? new URL('file:///nowhere.js') : new URL(`data:text/javascript,${encodeURIComponent(script)}`);
    const report = await scan(ociTarget(place, await buildImage({ layers: [BASE, { entries: [file('x')] }] })), {
      reader: new LayerThreads(url),
    });
    expect(gapCodes(report)).toEqual(['layer-unreadable', 'no-packages']);
    expect(report.completeness.layersRead).toBe(0);
  });
});

describe('standard input', () => {
  const scanArgs = ['scan', '--db', 'starter', '--quiet', 'docker-archive:-'];

  test.each([
    ['a plain archive', archive, 0],
    ['one in gzip', gzipSync(archive), 0],
    ['nothing', Buffer.alloc(0), 1],
    ['noise', Buffer.alloc(3_000_000, 'noise'), 1],
    ['a cut archive', archive.subarray(0, archive.length / 2), 1],
  ])('%s from a pipe leaves nothing behind', async (_what, input, code) => {
    const { environment, litter } = surroundings();
    const result = await runCommand(scanArgs, input, { environment });
    expect(result).toMatchObject({ code, stderr: expect.not.stringContaining('internal error') });
    expect(litter()).toEqual([]);
  });

  test('while it is kept: a file that only this user can read, in such a directory', async () => {
    const { environment, temporary, litter } = surroundings();
    const command = startCommand(scanArgs, { environment });
    command.stdin.write(archive.subarray(0, 1_000));
    const [directory] = await appears(temporary);
    const [name] = await appears(join(temporary, directory!));
    expect(statSync(join(temporary, directory!)).mode & 0o777).toBe(0o700);
    expect(statSync(join(temporary, directory!, name!)).mode & 0o777).toBe(0o600);
    command.stdin.end(archive.subarray(1_000));
    expect(await command.result).toMatchObject({ code: 0 });
    expect(litter()).toEqual([]);
  });

  test('a redirected file is read where it lies', async () => {
    const { environment, litter } = surroundings();
    for (const [bytes, code] of [
      [archive, 0],
      [gzipSync(archive), 0],
      [Buffer.alloc(0), 1],
    ] as const) {
      const stdin = openSync(archiveFile(place, bytes), 'r');
      expect(await runCommand(scanArgs, '', { environment, stdin })).toMatchObject({ code });
      closeSync(stdin);
    }
    expect(litter()).toEqual([]);
  });

  test('a directory, /dev/null, and none at all', async () => {
    for (const path of [place, '/dev/null']) {
      const stdin = openSync(path, 'r');
      const result = await runCommand(scanArgs, '', { stdin });
      expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('[TARGET_UNREADABLE]') });
      closeSync(stdin);
    }
    const closed = await runCommand(scanArgs, '', { under: ['sh', '-c', 'exec "$@" <&-', 'sh'] });
    expect(closed).toMatchObject({ code: 1, stderr: expect.not.stringContaining('internal error') });
  });

  test.skipIf(spawnSync('script', ['--version']).status !== 0)(
    'a terminal is not waited for (skipped without script(1))',
    () => {
      const line = [process.execPath, MAIN, ...scanArgs].join(' ');
      const { status, stdout } = spawnSync('script', ['-qec', line, '/dev/null'], {
        encoding: 'utf8',
        timeout: 10_000,
      });
      expect({ status, stdout }).toEqual({ status: 1, stdout: expect.stringContaining('[USAGE]') });
    },
  );

  test('a pipe that never ends: --timeout, SIGINT and SIGTERM end it at once', async () => {
    for (const signal of ['--timeout', 'SIGINT', 'SIGTERM'] as const) {
      const { environment, temporary, litter } = surroundings();
      const command = startCommand(signal === '--timeout' ? [...scanArgs, '--timeout', '1s'] : scanArgs, {
        environment,
      });
      command.stdin.write(archive.subarray(0, 5_000));
      const [directory] = await appears(temporary);
      await appears(join(temporary, directory!));
      const started = performance.now();
      if (signal !== '--timeout') command.kill(signal);
      const { code, stderr } = await command.result;
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(signal === '--timeout' ? /\[TIMEOUT\]/ : /\[CANCELLED\]/),
      });
      expect(performance.now() - started).toBeLessThan(PROMPTLY);
      expect(litter()).toEqual([]);
    }
  });
});

describe('a command that is stopped while it reads layers', () => {
  const args = ['scan', '--verbose', slowTarget];

  test('SIGINT: exit 1 at once, and no litter', async () => {
    const { environment, litter } = surroundings();
    const command = startCommand(args, { environment });
    await command.saw(': done');
    const started = performance.now();
    command.kill('SIGINT');
    expect(await command.result).toMatchObject({ code: 1, stderr: expect.stringContaining('[CANCELLED]') });
    expect(performance.now() - started).toBeLessThan(PROMPTLY);
    expect(litter()).toEqual([]);
  });

  test('SIGINT twice, and SIGKILL: the cache serves the next scan', async () => {
    const { environment } = surroundings();
    const good = ociTarget(place, await buildImage({ layers: [BASE] }));
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const command = startCommand(args, { environment });
      await command.saw(': done');
      command.kill(signal);
      command.kill(signal);
      await command.result;
      const { code, stdout } = await runCommand(
        ['scan', '--no-policy', '--db', 'starter', '--format', 'json', good],
        '',
        {
          environment,
        },
      );
      expect(code).toBe(0);
      expect(packagesOf(JSON.parse(stdout))).toEqual(['a 1']);
    }
  });
});

/** The names in a directory, once there are any. */
async function appears(directory: string): Promise<string[]> {
  for (let tries = 0; tries < 500; tries++) {
    const names = readdirSync(directory);
    if (names.length > 0) return names;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nothing appeared in ${directory}`);
}
