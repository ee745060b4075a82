import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTar } from '../support/read-tar.ts';

const version = spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout ?? '';
const hasGnuTar = version.startsWith('tar (GNU tar)');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const LONG = `${'directory-with-a-long-name/'.repeat(5)}${'file'.repeat(30)}`;
const NOT_UTF8 = Buffer.from([0x6e, 0xe9, 0xff]);
const SPARSE_RUNS = 40;

/** What every format can hold: names of at most 100 bytes. */
const SHORT: Readonly<Record<string, string>> = {
  'etc/empty': '',
  'etc/one': 'x',
  'etc/block': 'b'.repeat(512),
  'etc/more': 'm'.repeat(10_001),
};

describe.skipIf(!hasGnuTar)('GNU tar (skipped where tar is another)', () => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'plimsoll-gnu-tar-'));
    mkdirSync(join(root, 'etc'));
    for (const [name, content] of Object.entries(SHORT)) writeFileSync(join(root, name), content);
    writeFileSync(Buffer.concat([Buffer.from(`${root}/etc/`), NOT_UTF8]), 'bytes');
    symlinkSync('../etc/one', join(root, 'etc/symlink'));
    linkSync(join(root, 'etc/one'), join(root, 'etc/zz-hardlink'));
    mkdirSync(join(root, LONG, '..'), { recursive: true });
    writeFileSync(join(root, LONG), 'long');
    symlinkSync(`/${LONG}`, join(root, 'directory-with-a-long-name/symlink'));
    linkSync(join(root, LONG), join(root, 'directory-with-a-long-name/zz-hardlink'));
    mkdirSync(join(root, 'sparse'));
    const sparse = openSync(join(root, 'sparse/many'), 'w');
    for (let i = 0; i < SPARSE_RUNS; i++) writeSync(sparse, `run ${i}`.repeat(100), i * 131_072 + 8192);
    ftruncateSync(sparse, SPARSE_RUNS * 131_072 + 12_345);
    closeSync(sparse);
    const hole = openSync(join(root, 'sparse/hole'), 'w');
    ftruncateSync(hole, 1_000_000);
    closeSync(hole);
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const make = (...options: string[]): Uint8Array =>
    execFileSync('tar', ['-C', root, '--sort=name', ...options], {
      maxBuffer: 64 * 2 ** 20,
      stdio: ['ignore', 'pipe', 'ignore'],
    });

  /** GNU tar's own reading of its archive, file by file. */
  const oracle = (path: string): string => sha256(execFileSync('cat', [join(root, path)], { maxBuffer: 64 * 2 ** 20 }));

  it.each([
    ['v7', ['etc']],
    ['ustar', ['etc']],
    ['oldgnu', ['.']],
    ['gnu', ['.']],
    ['pax', ['.']],
  ])('--format=%s', (format, what) => {
    const archive = make(`--format=${format}`, '-c', ...what);
    for (const chunks of [[archive.length], [1000, 7, 513]]) {
      const { entries, ended, unknownEntries } = readTar(archive, { chunks });
      expect([ended, unknownEntries]).toEqual([true, 0]);
      const byPath = new Map(entries.map((entry) => [entry.path, entry]));
      for (const path of Object.keys(SHORT)) expect(sha256(byPath.get(path)!.content!), path).toBe(oracle(path));
      expect(byPath.get('etc')).toMatchObject({ type: 'directory', mode: 0o755 });
      expect(byPath.get('etc/n\udce9\udcff')).toMatchObject({ type: 'file', size: 5 });
      expect(byPath.get('etc/symlink')).toMatchObject({ type: 'symlink', linkTarget: '../etc/one' });
      expect(byPath.get('etc/zz-hardlink')).toMatchObject({ type: 'hardlink', linkTarget: 'etc/one', size: 0 });
      if (what[0] !== '.') continue;
      expect(sha256(byPath.get(LONG)!.content!)).toBe(oracle(LONG));
      const [link, target] = [
        byPath.get('directory-with-a-long-name/symlink'),
        byPath.get('directory-with-a-long-name/zz-hardlink'),
      ];
      expect(link).toMatchObject({ type: 'symlink', linkTarget: `/${LONG}` });
      expect(target).toMatchObject({ type: 'hardlink', linkTarget: LONG });
      expect(entries.some(({ path, type }) => path === '' && type === 'directory')).toBe(true);
    }
  });

  it.each([
    ['gnu', []],
    ['oldgnu', []],
    ['pax', ['--sparse-version=0.0']],
    ['pax', ['--sparse-version=0.1']],
    ['pax', ['--sparse-version=1.0']],
  ])('--sparse --format=%s %j', (format, options) => {
    const archive = make('--sparse', `--format=${format}`, ...options, '-c', 'sparse', 'etc/one');
    expect(archive.length, 'the archive is sparse').toBeLessThan(SPARSE_RUNS * 20_000);
    for (const chunks of [[archive.length], [700, 13]]) {
      const { entries } = readTar(archive, { chunks });
      expect(entries.map(({ path }) => path)).toEqual(['sparse', 'sparse/hole', 'sparse/many', 'etc/one']);
      for (const { path, type, content, size } of entries) {
        if (type !== 'file') continue;
        expect(sha256(content!), path).toBe(oracle(path));
        expect(size).toBe(content!.length);
      }
    }
  });
});
