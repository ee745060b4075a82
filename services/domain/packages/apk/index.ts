import { baseOf, parentOf } from '../../layers/path.ts';
import type { Ecosystem } from '../ecosystem.ts';
import { readInstalled } from './database.ts';
import { readRepositories } from './repositories.ts';
import { compare } from './version.ts';

/** The second since usr-merge (Wolfi, Alpine from 3.22 on new systems, postmarketOS). */
const DATABASES = ['lib/apk/db', 'usr/lib/apk/db'];
/** apk 3 reads `*.list` there. */
const REPOSITORY_DIRECTORIES = ['etc/apk/repositories.d', 'lib/apk/repositories.d', 'usr/lib/apk/repositories.d'];

function roleOf(path: string): 'installed' | 'repositories' | null {
  if (path === 'etc/apk/repositories') return 'repositories';
  const directory = parentOf(path);
  if (DATABASES.includes(directory)) return baseOf(path) === 'installed' ? 'installed' : null;
  return REPOSITORY_DIRECTORIES.includes(directory) && path.endsWith('.list') ? 'repositories' : null;
}

/** apk-tools of Alpine, Wolfi, Chainguard, postmarketOS and OpenWrt from 25.12. */
export const apk: Ecosystem = {
  id: 'apk',
  version: 1,
  roots: [...DATABASES, 'etc/apk/repositories', ...REPOSITORY_DIRECTORIES],
  wants: (entry) => (roleOf(entry.path) === null ? 'no' : 'whole'),
  readDatabase(files, { limits }) {
    const units = files.flatMap((file) => {
      const role = roleOf(file.path);
      if (role === null) return [];
      const read = role === 'installed' ? readInstalled : readRepositories;
      return [read(file.path, file.bytes, limits)];
    });
    return { units };
  },
  compare,
};
