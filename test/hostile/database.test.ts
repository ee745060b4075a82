import { chmod, chown, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findBuild } from '../../services/adapters/advisories/directory.ts';
import { LmdbAdvisories, verifyBuild } from '../../services/adapters/advisories/lmdb-advisories.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { advisory, affectedPackage } from '../support/advisory.ts';
import { buildAdvisories } from '../support/built-advisories.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const isRoot = process.geteuid?.() === 0;

async function installed() {
  const root = await temporaryDirectory();
  const advisories = [advisory({ id: 'CVE-1', affected: [affectedPackage({ ecosystem: 'npm', name: 'lodash' })] })];
  const { directory } = await buildAdvisories(root, { advisories });
  return { root, directory, data: join(directory, 'data.mdb'), manifest: join(directory, 'manifest.json') };
}

const refused = (reason: string) => expect.objectContaining({ code: 'DATABASE_UNUSABLE', details: { reason } });

describe('a database that somebody else could have changed is not opened', () => {
  test.skipIf(!isRoot)('another owner, of any part of it', async () => {
    for (const part of ['root', 'directory', 'data', 'manifest'] as const) {
      const places = await installed();
      await chown(places[part], 12_345, 12_345);
      await expect(LmdbAdvisories.open(places.root)).rejects.toEqual(refused('owner'));
    }
  });

  test.each(['root', 'directory', 'data', 'manifest'] as const)(
    '%s that the group or all may write to',
    async (part) => {
      for (const mode of [0o720, 0o702]) {
        const places = await installed();
        await chmod(places[part], mode);
        await expect(LmdbAdvisories.open(places.root)).rejects.toEqual(refused('mode'));
      }
    },
  );

  test('a "current" that leads out of the builds', async () => {
    const { root, directory } = await installed();
    const other = await installed();
    for (const target of [other.directory, '../elsewhere', `builds/../../${directory}`]) {
      await rm(join(root, 'current'));
      await symlink(target, join(root, 'current'));
      await expect(LmdbAdvisories.open(root)).rejects.toEqual(refused('type'));
    }
  });

  test('files that are links', async () => {
    for (const part of ['data', 'manifest'] as const) {
      const places = await installed();
      await rename(places[part], join(places.root, 'moved'));
      await symlink(join(places.root, 'moved'), places[part]);
      await expect(LmdbAdvisories.open(places.root)).rejects.toEqual(refused('type'));
    }
  });
});

describe('a damaged database is never an empty one', () => {
  test('cut short, and with more behind it', async () => {
    for (const change of [-4_096, -1, 1]) {
      const { root, data } = await installed();
      await truncate(data, (await readFile(data)).length + change);
      await expect(LmdbAdvisories.open(root)).rejects.toEqual(refused('size'));
    }
  });

  test('a manifest at databaseManifestBytes, and past it', async () => {
    const { root, manifest } = await installed();
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.padEnd(LIMITS.databaseManifestBytes));
    await (await LmdbAdvisories.open(root))!.close();
    await writeFile(manifest, text.padEnd(LIMITS.databaseManifestBytes + 1));
    await expect(LmdbAdvisories.open(root)).rejects.toEqual(refused('manifest'));
  });

  test('without a part of it', async () => {
    const withoutData = await installed();
    await rm(withoutData.data);
    await expect(LmdbAdvisories.open(withoutData.root)).rejects.toEqual(refused('type'));
    const withoutBuild = await installed();
    await rm(withoutBuild.directory, { recursive: true });
    await expect(LmdbAdvisories.open(withoutBuild.root)).rejects.toEqual(refused('type'));
  });

  test.each([
    ['no JSON', () => '{'],
    ['nothing', () => ''],
    ['null', () => 'null'],
    ['another schema version', (text: string) => text.replace(/"schemaVersion": \d+/, (found) => `${found}1`)],
    ['a field too many', (text: string) => text.replace('"starter"', '"odd": 1, "starter"')],
    ['no digest', (text: string) => text.replace('sha256:', 'md5:')],
  ])('a manifest with %s', async (_, change) => {
    const { root, manifest } = await installed();
    await writeFile(manifest, change(await readFile(manifest, 'utf8')));
    await expect(LmdbAdvisories.open(root)).rejects.toEqual(refused('manifest'));
  });

  test('changed bytes of the same number are found by verification', async () => {
    const { root, data } = await installed();
    const bytes = await readFile(data);
    bytes[bytes.indexOf('CVE-1')] = 0x44;
    await writeFile(data, bytes);
    await expect(findBuild(root).then((found) => verifyBuild(found!))).rejects.toEqual(refused('damaged'));
  });

  test('other content under a digest is found by verification', async () => {
    const { root, manifest } = await installed();
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace(/sha256:[0-9a-f]{8}/, 'sha256:00000000'));
    await expect(findBuild(root).then((found) => verifyBuild(found!))).rejects.toEqual(refused('damaged'));
  });

  test('no database at all is none', async () => {
    expect(await LmdbAdvisories.open(await temporaryDirectory())).toBeNull();
    expect(await LmdbAdvisories.open('/nonexistent/db')).toBeNull();
  });
});
