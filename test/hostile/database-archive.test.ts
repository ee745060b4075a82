import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { exportDatabase, importDatabase } from '../../services/adapters/advisories/database-archive.ts';
import { findBuild } from '../../services/adapters/advisories/directory.ts';
import { LmdbAdvisories } from '../../services/adapters/advisories/lmdb-advisories.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { advisory, affectedPackage } from '../support/advisory.ts';
import { buildAdvisories } from '../support/built-advisories.ts';
import { concat, rawEntry } from '../support/tar-blocks.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const lodash = affectedPackage({ ecosystem: 'npm', name: 'lodash', versions: ['4.17.0'] });
const advisories = [advisory({ id: 'CVE-1', affected: [lodash] })];

/** A key pair in files, a database exported and signed with it, and an empty place to import it into. */
async function exported({ builtAt = '2026-01-01T00:00:00Z', sign = true, name = 'db.tar.zst' } = {}) {
  const work = await temporaryDirectory();
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const [publicFile, privateFile, file] = ['public.pem', 'private.pem', name].map((each) => join(work, each)) as [
    string,
    string,
    string,
  ];
  await writeFile(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(privateFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await buildAdvisories(join(work, 'from'), { advisories, builtAt });
  await exportDatabase((await findBuild(join(work, 'from')))!, file, sign ? privateFile : null);
  return { work, file, publicFile, root: join(work, 'to') };
}

const terms = (...keyFiles: string[]) => ({ keyFiles, allowUnsigned: false, allowOlder: false });
const refused = (words: RegExp) =>
  expect.objectContaining({ code: 'DATABASE_REFUSED', message: expect.stringMatching(words) });
const damaged = expect.objectContaining({ code: 'DATABASE_UNUSABLE' });

async function lookUp(root: string): Promise<string[] | null> {
  const database = await LmdbAdvisories.open(root);
  const ids = database?.lookup('npm', 'lodash').map(({ id }) => id) ?? null;
  await database?.close();
  return ids;
}

describe('what is exported can be imported', () => {
  test.each(['db.tar', 'db.tar.zst'])('%s, signed by a trusted key, and exported again', async (name) => {
    const { work, file, publicFile, root } = await exported({ name });
    const { manifest } = await importDatabase(file, root, terms(publicFile));
    expect(manifest.digest).toMatch(/^sha256:/);
    expect(await lookUp(root)).toEqual(['CVE-1']);
    // Its signature goes with it, to the next place.
    const again = join(work, 'again.tar.zst');
    await exportDatabase((await findBuild(root))!, again, null);
    await importDatabase(again, join(work, 'third'), terms(publicFile));
    expect(await lookUp(join(work, 'third'))).toEqual(['CVE-1']);
  });

  test('unsigned only where that is allowed', async () => {
    const { file, publicFile, root } = await exported({ sign: false });
    await expect(importDatabase(file, root, terms(publicFile))).rejects.toEqual(refused(/not signed/));
    expect(await lookUp(root)).toBeNull();
    await importDatabase(file, root, { ...terms(), allowUnsigned: true });
    expect(await lookUp(root)).toEqual(['CVE-1']);
  });
});

describe('what should not be trusted is refused, and the installed database stays', () => {
  test('signed by another key, or with no key trusted', async () => {
    const { file, root } = await exported();
    const other = await exported();
    await expect(importDatabase(file, root, terms(other.publicFile))).rejects.toEqual(
      refused(/none of the trusted keys/),
    );
    await expect(importDatabase(file, root, terms())).rejects.toEqual(refused(/no key is trusted/));
    expect(await readdir(join(root, 'builds'))).toEqual([]);
  });

  test('older than the installed one', async () => {
    const { work, file, publicFile } = await exported({ builtAt: '2025-01-01T00:00:00Z' });
    const root = join(work, 'installed');
    await buildAdvisories(root, { builtAt: '2026-01-01T00:00:00Z' });
    await expect(importDatabase(file, root, terms(publicFile))).rejects.toEqual(refused(/before the installed one/));
    expect((await findBuild(root))?.manifest.builtAt).toBe('2026-01-01T00:00:00Z');
    await importDatabase(file, root, { ...terms(publicFile), allowOlder: true });
    expect((await findBuild(root))?.manifest.builtAt).toBe('2025-01-01T00:00:00Z');
  });

  test('from the future, which would make every later one older', async () => {
    const { file, publicFile, root } = await exported({ builtAt: '2199-01-01T00:00:00Z' });
    await expect(importDatabase(file, root, terms(publicFile))).rejects.toEqual(refused(/to come/));
  });

  test('a manifest that was changed after it was signed', async () => {
    const { file, publicFile, root } = await exported();
    const bytes = zstdDecompressSync(await readFile(file));
    bytes[bytes.indexOf('"starter": false') + 3] = 0x54;
    await writeFile(file, bytes);
    await expect(importDatabase(file, root, terms(publicFile))).rejects.toEqual(damaged);
    const other = await exported();
    const tar = zstdDecompressSync(await readFile(other.file));
    const at = tar.indexOf('plimsoll 0');
    tar.write('plimsolx 0', at);
    await writeFile(other.file, tar);
    await expect(importDatabase(other.file, root, terms(other.publicFile))).rejects.toEqual(refused(/was changed/));
  });

  test('content that was changed, under a manifest that is whole', async () => {
    const { file, publicFile, root } = await exported();
    const bytes = zstdDecompressSync(await readFile(file));
    bytes[bytes.indexOf('4.17.0', bytes.indexOf('data.mdb'))] = 0x39;
    await writeFile(file, zstdCompressSync(bytes));
    await expect(importDatabase(file, root, terms(publicFile))).rejects.toEqual(damaged);
    expect(await lookUp(root)).toBeNull();
  });

  test('cut short anywhere, and what is no archive', async () => {
    const { file, publicFile, root } = await exported({ name: 'db.tar' });
    const bytes = await readFile(file);
    for (const length of [0, 1, 511, 700, 3_000, bytes.length - 1_500]) {
      await writeFile(file, bytes.subarray(0, length));
      await expect(importDatabase(file, root, terms(publicFile))).rejects.toEqual(damaged);
    }
    await writeFile(file, 'no archive at all, but long enough to be looked at'.repeat(100));
    await expect(importDatabase(file, root, terms(publicFile))).rejects.toEqual(damaged);
    await expect(importDatabase(join(root, 'nothing'), root, terms(publicFile))).rejects.toMatchObject({
      code: 'DATABASE_NOT_FOUND',
    });
    expect(await readdir(join(root, 'builds'))).toEqual([]);
  });

  test('content past databaseBytes, before any of it is written', async () => {
    const { file, root } = await exported({ name: 'db.tar', sign: false });
    const bytes = (await readFile(file)).toString('latin1');
    const size = LIMITS.databaseBytes + 1;
    const manifest = JSON.parse(bytes.slice(512, bytes.indexOf('\0', 512)));
    const text = JSON.stringify({ ...manifest, data: { ...manifest.data, bytes: size } });
    await writeFile(file, concat(rawEntry({ name: 'manifest.json' }, text), rawEntry({ name: 'data.mdb', size }, 'x')));
    const allowed = { ...terms(), allowUnsigned: true };
    await expect(importDatabase(file, root, allowed)).rejects.toEqual(damaged);
    expect(await readdir(join(root, 'builds'))).toEqual([]);
  });

  test('a file that has no place in it', async () => {
    const { file, publicFile, root } = await exported({ name: 'db.tar' });
    const bytes = await readFile(file);
    // The first header again: a second manifest.
    await writeFile(file, Buffer.concat([bytes.subarray(0, 512 * 4), bytes]));
    await expect(importDatabase(file, root, terms(publicFile))).rejects.toEqual(damaged);
  });
});
