import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RotatingFile } from '../../services/adapters/sinks/rotating-file.ts';
import { Spool } from '../../services/adapters/sinks/spool.ts';
import type { Severity } from '../../services/domain/runtime/severity.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const isRoot = process.geteuid?.() === 0;
const line = (severity: Severity, text: string) => ({ text, severity, time: '', kind: 'exec' });

/** A file system of this size of its own. */
async function smallDisk(size: string): Promise<string> {
  const directory = await temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'plimsoll-test', directory]);
  onTestFinished(() => void execFileSync('umount', ['-l', directory]));
  return directory;
}

test.skipIf(!isRoot)(
  '(needs root) a full disk: the file holds whole lines only, and goes on where it was when there is room',
  async () => {
    const disk = await smallDisk('256k');
    const path = join(disk, 'agent.jsonl');
    const sink = new RotatingFile(path, { mostBytes: 1 << 20, count: 2 });
    await sink.send([line('low', '"first"')]);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(200_000));
    const lines = Array.from({ length: 20 }, (_, i) => line('low', JSON.stringify(`${i} ${'x'.repeat(9_000)}`)));
    await expect(sink.send(lines)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(readFileSync(path, 'utf8')).toBe('"first"\n');
    rmSync(join(disk, 'filler'));
    await sink.send(lines);
    await sink.close();
    expect(
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text).split(' ')[0]),
    ).toEqual(['first', ...lines.map((_, i) => String(i))]);
  },
);

test.skipIf(!isRoot)(
  '(needs root) a full disk: of what waits for a webhook the oldest of low severity goes, counted; denials stay',
  async () => {
    const disk = await smallDisk('3m');
    const spool = new Spool(join(disk, 'buffer'), 1 << 30);
    const text = 'x'.repeat(100_000);
    spool.offer([line('high', 'deny 1')]);
    for (let i = 0; i < 60; i++) spool.offer([line('low', text)]);
    spool.offer([line('high', 'deny 2')]);
    const { low, medium, high } = spool.takeLost();
    expect(low).toBeGreaterThan(25);
    expect([medium, high]).toEqual([0, 0]);
    expect(spool.peek(2, 1_000).map((each) => each.text)).toEqual(['deny 1', 'deny 2']);
    // All of them are somewhere: on disk or counted.
    let left = 0;
    for (let lines = spool.peek(100, 1 << 30); lines.length > 0; lines = spool.peek(100, 1 << 30)) {
      left += lines.length;
      spool.remove(lines);
    }
    expect(left + low).toBe(62);
    expect(readdirSync(join(disk, 'buffer'))).toEqual([]);
  },
);

test.skipIf(!isRoot)(
  '(needs root) a disk that others have filled: lines wait in memory, and reach the disk when there is room',
  async () => {
    const disk = await smallDisk('64k');
    const spool = new Spool(join(disk, 'buffer'), 1 << 30);
    writeFileSync(join(disk, 'filler'), '');
    try {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(1 << 20));
    } catch {
      // As much as there was room for.
    }
    spool.offer([line('low', 'a'), line('high', 'b')]);
    expect(spool.peek(9, 99).map((each) => each.text)).toEqual(['a', 'b']);
    rmSync(join(disk, 'filler'));
    spool.offer([line('low', 'c')]);
    const next = new Spool(join(disk, 'buffer'), 1 << 30);
    expect(next.peek(9, 999).map((each) => each.text)).toEqual(['b']);
    next.remove(next.peek(9, 999));
    expect(next.peek(9, 999).map((each) => each.text)).toEqual(['a', 'c']);
    expect(next.takeLost()).toEqual({ low: 0, medium: 0, high: 0 });
  },
);
