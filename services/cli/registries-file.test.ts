import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';
import { LIMITS } from '../domain/limits.ts';
import { addToRegistriesFile, readRegistriesFile, resealRegistriesFile } from './registries-file.ts';

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

const entry = (id: string, sealed: string) => ({
  id,
  kind: 'quay',
  host: 'quay.io',
  webhook: { method: 'path', secrets: [{ sealed }] },
});

async function place(): Promise<string> {
  return join(await temporaryDirectory(), 'registries.yaml');
}

test('entries come behind those that are there, and comments stay', async () => {
  const file = await place();
  await addToRegistriesFile(file, entry('a', 'v1.a'));
  writeFileSync(file, `# ours\n${readFileSync(file, 'utf8')}    # the last of a\n`);
  await addToRegistriesFile(file, entry('b', 'v1.b'));
  expect([...(await readRegistriesFile(file)).keys()]).toEqual(['a', 'b']);
  expect(readFileSync(file, 'utf8')).toMatch(/^# ours\n.*# the last of a.*- id: b/s);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('what does not fit changes nothing', async () => {
  const file = await place();
  await addToRegistriesFile(file, entry('a', 'v1.a'));
  const before = readFileSync(file, 'utf8');
  for (const bad of [entry('a', 'x'), { ...entry('b', 'x'), kind: 'other' }, { id: 'c' }]) {
    await expect(addToRegistriesFile(file, bad)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
  }
  expect(readFileSync(file, 'utf8')).toBe(before);
});

test('everything that is sealed is sealed again, for its own registration; the rest stays', async () => {
  const file = await place();
  const a = entry('a', 'old-hook');
  const pull = { credentials: { username: 'sealed', password: { sealed: 'old-password' } } };
  await addToRegistriesFile(file, { ...a, pull });
  await addToRegistriesFile(file, { ...entry('b', 'old-b'), host: 'b.example.org' });
  const mixed = { method: 'path', secrets: [{ environment: 'sealed' }, { sealed: 'old-c' }] };
  await addToRegistriesFile(file, { ...entry('c', ''), host: 'c.example.org', webhook: mixed });
  const before = readFileSync(file, 'utf8');
  expect(await resealRegistriesFile(file, (sealed, id) => `${id}:${sealed.replace('old', 'new')}`)).toBe(4);
  const expected = before.replaceAll(/sealed: old-(hook|password)/g, 'sealed: a:new-$1');
  expect(readFileSync(file, 'utf8')).toBe(expected.replace('old-b', 'b:new-b').replace('old-c', 'c:new-c'));
  const failing = resealRegistriesFile(file, () => {
    throw new Error('no key');
  });
  await expect(failing).rejects.toThrow('no key');
});
