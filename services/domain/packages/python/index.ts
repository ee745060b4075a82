import { baseOf, parentOf } from '../../layers/path.ts';
import type { Ecosystem } from '../ecosystem.ts';
import { readCondaMeta } from './conda.ts';
import { EggExtractor, readEgg } from './egg.ts';
import { readMetadata } from './metadata.ts';
import { compare } from './version.ts';

/**
 * What a path means, by its name alone. Folders count in any case, as for `importlib.metadata`; names that begin with
 * `~` are left behind by an uninstallation that failed, and pip passes over them.
 */
function roleOf(path: string): 'metadata' | 'conda' | 'egg' | null {
  if (path.endsWith('/METADATA')) return isDistribution(folderOf(path), '.dist-info') ? 'metadata' : null;
  if (path.endsWith('.json')) return folderOf(path) === 'conda-meta' ? 'conda' : null;
  if (!path.endsWith('/PKG-INFO')) {
    if (isDistribution(baseOf(path), '.egg')) return 'egg';
    return isDistribution(baseOf(path), '.egg-info') ? 'metadata' : null;
  }
  const folder = folderOf(path);
  const isEgg = folder.toLowerCase() === 'egg-info' && isDistribution(folderOf(parentOf(path)), '.egg');
  return isEgg || isDistribution(folder, '.egg-info') ? 'metadata' : null;
}

function folderOf(path: string): string {
  return baseOf(parentOf(path));
}

function isDistribution(name: string, suffix: '.dist-info' | '.egg-info' | '.egg'): boolean {
  return name.length > suffix.length && name.slice(-suffix.length).toLowerCase() === suffix && !name.startsWith('~');
}

const READERS = { metadata: readMetadata, conda: readCondaMeta, egg: readEgg } as const;

/** Distributions of Python as pip, uv, poetry, setuptools and Debian install them, and the packages of conda. */
export const python: Ecosystem = {
  id: 'python',
  version: 2,
  roots: [],
  perFile: true,
  wants({ path }) {
    const role = roleOf(path);
    return role === null ? 'no' : role === 'egg' ? 'extract' : 'whole';
  },
  extract: (entry, context) => new EggExtractor(entry, context),
  readDatabase(files, { limits }) {
    const units = files.flatMap((file) => {
      const role = roleOf(file.path);
      return role === null ? [] : [READERS[role](file, limits)];
    });
    return { units };
  },
  compare,
};
