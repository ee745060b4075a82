import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cacheDirectory, claimDirectory } from './directory.ts';

const root = mkdtempSync(join(tmpdir(), 'plimsoll-cache-'));
afterAll(() => rmSync(root, { recursive: true }));

const isRoot = process.geteuid?.() === 0;
const refused = (reason: string) => ({ code: 'CACHE_UNUSABLE', details: { reason } });

describe('cacheDirectory', () => {
  it.each([
    [{ PLIMSOLL_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b', HOME: '/c' }, '/a'],
    [{ PLIMSOLL_CACHE_DIR: 'a', HOME: '/c' }, resolve('a')],
    [{ PLIMSOLL_CACHE_DIR: '', XDG_CACHE_HOME: '/b', HOME: '/c' }, '/b/plimsoll'],
    [{ XDG_CACHE_HOME: 'relative', HOME: '/c' }, '/c/.cache/plimsoll'],
    [{ XDG_CACHE_HOME: '', HOME: '/c' }, '/c/.cache/plimsoll'],
    [{}, `${homedir()}/.cache/plimsoll`],
  ])('%j', (environment, expected) => {
    expect(cacheDirectory(environment)).toBe(expected);
  });
});

describe('claimDirectory', () => {
  it('makes what is absent, for its owner only', async () => {
    const directory = join(root, 'new', 'plimsoll');
    expect(await claimDirectory(directory)).toBe(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it.each([0o770, 0o707, 0o722])('refuses mode %o', async (mode) => {
    const directory = mkdtempSync(join(root, 'mode-'));
    chmodSync(directory, mode);
    await expect(claimDirectory(directory)).rejects.toMatchObject(refused('mode'));
    await expect(claimDirectory(directory)).rejects.toThrow(/chmod 0700 .*--no-cache/);
  });

  it('takes a directory that others may only read', async () => {
    const directory = mkdtempSync(join(root, 'mode-'));
    chmodSync(directory, 0o755);
    expect(await claimDirectory(directory)).toBe(directory);
  });

  it('follows its own link once, to the real path', async () => {
    const directory = mkdtempSync(join(root, 'real-'));
    symlinkSync(directory, join(root, 'link'));
    expect(await claimDirectory(join(root, 'link'))).toBe(directory);
  });

  it('refuses a file, and a place where nothing can be made', async () => {
    writeFileSync(join(root, 'file'), '');
    await expect(claimDirectory(join(root, 'file'))).rejects.toMatchObject(refused('create'));
    await expect(claimDirectory(join(root, 'file', 'below'))).rejects.toMatchObject(refused('create'));
  });

  it('refuses a link to a directory that others may write to', async () => {
    mkdirSync(join(root, 'open'));
    chmodSync(join(root, 'open'), 0o777);
    symlinkSync(join(root, 'open'), join(root, 'link-to-open'));
    await expect(claimDirectory(join(root, 'link-to-open'))).rejects.toMatchObject(refused('mode'));
  });

  describe.skipIf(!isRoot)('with another owner (needs root)', () => {
    it('refuses the directory', async () => {
      const directory = mkdtempSync(join(root, 'owner-'));
      chownSync(directory, 12_345, 12_345);
      await expect(claimDirectory(directory)).rejects.toMatchObject(refused('owner'));
      await expect(claimDirectory(directory)).rejects.toThrow(/uid 12345/);
    });

    it('refuses a link to such a directory', async () => {
      const directory = mkdtempSync(join(root, 'owner-'));
      chownSync(directory, 12_345, 12_345);
      symlinkSync(directory, join(root, 'link-to-other'));
      await expect(claimDirectory(join(root, 'link-to-other'))).rejects.toMatchObject(refused('owner'));
    });

    it("refuses another's link, wherever it leads", async () => {
      const directory = mkdtempSync(join(root, 'mine-'));
      symlinkSync(directory, join(root, 'foreign-link'));
      lchownSync(join(root, 'foreign-link'), 12_345, 12_345);
      await expect(claimDirectory(join(root, 'foreign-link'))).rejects.toMatchObject(refused('link'));
    });
  });
});
