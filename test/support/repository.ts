import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The root of this checkout. */
export const REPOSITORY = resolve(import.meta.dirname, '../..');

/** Real inputs that lie beside a development checkout and in CI, but not on a user's machine. */
export const SHARED_DATA = resolve(REPOSITORY, '../shared/data');
export const HAS_SHARED_DATA = existsSync(SHARED_DATA);

/** Every file of the checkout by its path from the root, sorted; without .git and the folders that .gitignore names. */
export function repositoryFiles(): string[] {
  const ignored = new Set(['.git', ...ignoredFolders()]);
  const files: string[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(REPOSITORY, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) files.push(path);
      else if (!ignored.has(entry.name)) walk(path);
    }
  };
  walk('');
  return files.sort();
}

function ignoredFolders(): string[] {
  const lines = readFileSync(join(REPOSITORY, '.gitignore'), 'utf8').split('\n');
  return lines.filter((line) => line.endsWith('/')).map((line) => line.slice(0, -1));
}
