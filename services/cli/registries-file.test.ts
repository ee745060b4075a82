import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';
import { LIMITS } from '../domain/limits.ts';
import { addToRegistriesFile, readRegistriesFile } from './registries-file.ts';

const START = '# ours\nregistries: []\n';

test('a file is read up to registriesFileBytes', async () => {
  const file = join(await temporaryDirectory(), 'registries.yaml');
  await writeFile(file, START.padEnd(LIMITS.registriesFileBytes, '\n'));
  expect((await readRegistriesFile(file)).size).toBe(0);
  await writeFile(file, START.padEnd(LIMITS.registriesFileBytes + 1, '\n'));
  await expect(readRegistriesFile(file)).rejects.toThrow(String(LIMITS.registriesFileBytes));
});

test('what is no YAML is refused, and left as it was', async () => {
  const file = join(await temporaryDirectory(), 'registries.yaml');
  await writeFile(file, 'registries: [');
  await expect(addToRegistriesFile(file, { id: 'a' })).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
  expect(await readFile(file, 'utf8')).toBe('registries: [');
});
