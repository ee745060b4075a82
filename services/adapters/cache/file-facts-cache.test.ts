import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { noise } from '../../../test/support/noise.ts';
import { FileFactsCache } from './file-facts-cache.ts';

const root = mkdtempSync(join(tmpdir(), 'plimsoll-cache-'));
afterAll(() => rmSync(root, { recursive: true }));

const HOUR = 3_600_000;
const isRoot = process.geteuid?.() === 0;
const key = (part: string) => ({ digest: `sha256:${'a'.repeat(64)}`, part });
const directory = () => mkdtempSync(join(root, 'd-'));
const entriesOf = (path: string) => readdirSync(path).filter((name) => name.endsWith('.facts'));
const temporariesOf = (path: string) => readdirSync(path).filter((name) => name.startsWith('tmp-'));
const age = (path: string, ms: number) => utimesSync(path, new Date(Date.now() - ms), new Date(Date.now() - ms));

/** A process that writes to the cache (see cache-writer.ts). */
function startWriter(path: string, rounds: number, blocks: number, ...pieces: string[]): ChildProcess {
  const program = fileURLToPath(new URL('../../../test/support/cache-writer.ts', import.meta.url));
  return spawn(process.execPath, [program, path, String(rounds), String(blocks), ...pieces], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

describe('FileFactsCache', () => {
  it('writes entries for its owner only, and leaves nothing else', async () => {
    const path = directory();
    const cache = await FileFactsCache.open({ directory: path });
    await cache.put(key('../evil'), Buffer.from('facts'));
    await cache.close();
    expect(readdirSync(path)).toHaveLength(1);
    expect(statSync(join(path, entriesOf(path)[0]!)).mode & 0o777).toBe(0o600);
  });

  it('reads a damaged entry as null and deletes it', async () => {
    const path = directory();
    const cache = await FileFactsCache.open({ directory: path });
    await fc.assert(
      fc.asyncProperty(fc.nat(300), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (offset, flip, cut) => {
        await cache.put(key('dpkg@1'), noise('x', 4));
        const file = join(path, entriesOf(path)[0]!);
        const bytes = readFileSync(file);
        const at = offset % bytes.length;
        if (cut) truncateSync(file, at);
        else writeFileSync(file, bytes.with(at, bytes[at]! ^ flip));
        expect(await cache.get(key('dpkg@1'))).toBeNull();
        expect(entriesOf(path)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('reads a renamed entry as null and deletes it', async () => {
    const path = directory();
    const cache = await FileFactsCache.open({ directory: path });
    await cache.put(key('dpkg@1'), Buffer.from('old'));
    const first = entriesOf(path)[0]!;
    await cache.put(key('dpkg@2'), Buffer.from('new'));
    const second = entriesOf(path).find((name) => name !== first)!;
    renameSync(join(path, first), join(path, second));
    expect(await cache.get(key('dpkg@2'))).toBeNull();
    expect(entriesOf(path)).toEqual([]);
  });

  it('follows no link in place of an entry', async () => {
    const path = directory();
    const cache = await FileFactsCache.open({ directory: path });
    await cache.put(key('dpkg@1'), Buffer.from('facts'));
    const name = entriesOf(path)[0]!;
    renameSync(join(path, name), join(path, 'elsewhere'));
    symlinkSync('elsewhere', join(path, name));
    expect(await cache.get(key('dpkg@1'))).toBeNull();
    expect(readdirSync(path)).toEqual(['elsewhere']);
  });

  it.skipIf(!isRoot)('does not believe an entry of another owner (needs root)', async () => {
    const path = directory();
    const cache = await FileFactsCache.open({ directory: path });
    await cache.put(key('dpkg@1'), Buffer.from('facts'));
    chownSync(join(path, entriesOf(path)[0]!), 12_345, 12_345);
    expect(await cache.get(key('dpkg@1'))).toBeNull();
    expect(entriesOf(path)).toEqual([]);
  });

  it('warns once when it cannot write, and the scan goes on', async () => {
    const path = directory();
    const warnings: string[] = [];
    const cache = await FileFactsCache.open({ directory: path, onWarning: (message) => warnings.push(message) });
    rmSync(path, { recursive: true });
    await cache.put(key('dpkg@1'), Buffer.from('facts'));
    await cache.put(key('dpkg@2'), Buffer.from('facts'));
    await cache.close();
    expect(await cache.get(key('dpkg@1'))).toBeNull();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/writing to .* failed \(ENOENT.*plimsoll cache prune/);
  });

  it('removes its temporary file when a write fails', async () => {
    const path = directory();
    const warnings: string[] = [];
    const cache = await FileFactsCache.open({ directory: path, onWarning: (message) => warnings.push(message) });
    await cache.put(key('dpkg@1'), Buffer.from('facts'));
    const file = join(path, entriesOf(path)[0]!);
    rmSync(file);
    mkdirSync(file); // A directory in its place: the rename fails.
    await cache.put(key('dpkg@1'), Buffer.from('facts'));
    expect(temporariesOf(path)).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  it('can drop unfinished writes at once', async () => {
    const path = directory();
    const cache = await FileFactsCache.open({ directory: path });
    const unfinished = cache.put(key('dpkg@1'), noise('x', 100_000));
    while (temporariesOf(path).length === 0) await new Promise(setImmediate);
    cache.discardUnfinished();
    expect(readdirSync(path)).toEqual([]);
    await unfinished;
    expect(readdirSync(path)).toEqual([]);
  });
});

describe('FileFactsCache, use and size', () => {
  it('marks an entry as used at most once a day', async () => {
    const path = directory();
    const cache = await FileFactsCache.open({ directory: path });
    await cache.put(key('dpkg@1'), Buffer.from('facts'));
    const file = join(path, entriesOf(path)[0]!);
    age(file, 23 * HOUR);
    const before = statSync(file).mtimeMs;
    await cache.get(key('dpkg@1'));
    expect(statSync(file).mtimeMs).toBe(before);
    age(file, 25 * HOUR);
    await cache.get(key('dpkg@1'));
    expect(Date.now() - statSync(file).mtimeMs).toBeLessThan(HOUR);
  });

  it('keeps its size cap at close: least recently used first, down to 90 %', async () => {
    const path = directory();
    // 20 entries of 6,400 bytes and their heads.
    for (let i = 0; i < 20; i++) {
      const cache = await FileFactsCache.open({ directory: path });
      const known = new Set(entriesOf(path));
      await cache.put(key(`dpkg@${i}`), noise(String(i), 100));
      age(join(path, entriesOf(path).find((name) => !known.has(name))!), (20 - i) * HOUR);
    }
    const cache = await FileFactsCache.open({ directory: path, maxBytes: 70_000 });
    await cache.close();
    expect(entriesOf(path)).toHaveLength(20); // It wrote nothing, so it does nothing.
    await cache.put(key('rpm@1'), Buffer.from('facts'));
    await cache.close();
    const { bytes } = await cache.info();
    expect(bytes).toBeLessThanOrEqual(63_000);
    expect(bytes).toBeGreaterThan(56_000);
    expect(await cache.get(key('dpkg@0'))).toBeNull();
    expect(await cache.get(key('dpkg@19'))).toEqual(noise('19', 100));
    expect(await cache.get(key('rpm@1'))).not.toBeNull();
  });

  it('tells what it holds, and prunes by age, by size, or all, touching only its own files', async () => {
    const path = directory();
    const cache = await FileFactsCache.open({ directory: path });
    expect(await cache.info()).toEqual({ directory: path, entries: 0, bytes: 0, oldest: null, newest: null });
    for (const part of ['a', 'b', 'c', 'd']) {
      const known = new Set(entriesOf(path));
      await cache.put(key(part), noise(part, 10));
      const file = join(path, entriesOf(path).find((name) => !known.has(name))!);
      age(file, { a: 100, b: 50, c: 10, d: 1 }[part]! * HOUR);
    }
    writeFileSync(join(path, 'notes.txt'), 'mine');
    const info = await cache.info();
    expect(info.entries).toBe(4);
    expect(Math.round((info.newest!.getTime() - info.oldest!.getTime()) / HOUR)).toBe(99);

    expect(await cache.prune()).toEqual({ removed: 0, bytes: 0 });
    expect((await cache.prune({ olderThanMs: 60 * HOUR })).removed).toBe(1);
    expect(await cache.get(key('a'))).toBeNull();
    expect((await cache.prune({ maxBytes: 1_600 })).removed).toBe(1);
    expect(await cache.get(key('b'))).toBeNull();
    const last = await cache.prune({ all: true });
    expect(last.removed).toBe(2);
    expect(last.bytes).toBeGreaterThan(1_280);
    expect(readdirSync(path)).toEqual(['notes.txt']);
  });
});

describe('FileFactsCache, several processes', () => {
  it('survives kill -9 in the middle of writing', { timeout: 60_000 }, async () => {
    const path = directory();
    const cache = await FileFactsCache.open({ directory: path });
    let temporaries = 0;
    for (let round = 0; round < 6; round++) {
      const writer = startWriter(path, 1e9, 20_000, 'k0=k0', 'k1=k1', 'k2=k2');
      const gone = once(writer, 'exit');
      await once(writer.stdout!, 'data');
      while (temporariesOf(path).length <= temporaries && writer.exitCode === null)
        await new Promise((resume) => setTimeout(resume, 1));
      await new Promise((resume) => setTimeout(resume, Math.random() * 8));
      writer.kill('SIGKILL');
      await gone;
      temporaries = temporariesOf(path).length;
      for (const i of [0, 1, 2]) {
        const facts = await cache.get(key(`k${i}`));
        if (facts !== null) expect(noise(`k${i}`, 20_000).equals(facts)).toBe(true);
      }
    }
    expect(temporaries).toBeGreaterThan(0); // Else no kill hit a write and this proved nothing.

    await cache.put(key('mine'), Buffer.from('facts'));
    await cache.close();
    expect(temporariesOf(path)).toHaveLength(temporaries); // Too young to be surely orphaned.
    for (const name of temporariesOf(path)) age(join(path, name), 2 * HOUR);
    const alive = join(path, `tmp-${process.pid}-${'0'.repeat(16)}`);
    writeFileSync(alive, 'a live process writes slowly');
    age(alive, 100 * HOUR);
    await cache.put(key('mine'), Buffer.from('facts'));
    await cache.close();
    expect(temporariesOf(path)).toEqual([`tmp-${process.pid}-${'0'.repeat(16)}`]);
  });

  it('never shows a mixture when two write one key', { timeout: 60_000 }, async () => {
    const path = directory();
    const writers = ['first', 'second'].map((name) => startWriter(path, 40, 5_000, `x=${name}`));
    const done = Promise.all(writers.map((writer) => once(writer, 'exit')));
    let running = true;
    const codes = done.then((exits) => {
      running = false;
      return exits.map(([code]) => code);
    });
    const cache = await FileFactsCache.open({ directory: path });
    const [first, second] = [noise('first', 5_000), noise('second', 5_000)];
    const seen = { absent: 0, first: 0, second: 0 };
    while (running) {
      const facts = await cache.get(key('x'));
      if (facts === null) seen.absent++;
      else if (first.equals(facts)) seen.first++;
      else if (second.equals(facts)) seen.second++;
      else expect.unreachable('neither the one nor the other');
    }
    expect(await codes).toEqual([0, 0]);
    expect(seen.first + seen.second).toBeGreaterThan(0);
    expect(temporariesOf(path)).toEqual([]);
    expect(entriesOf(path)).toHaveLength(1);
  });
});
