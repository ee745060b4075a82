import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { PlimsollError } from '../../domain/errors.ts';
import { copyEmbedded, findEmbedded } from './embedded-binaries.ts';

/** Where distributions put the programs, newest first within each. Debian, Ubuntu; RHEL and Fedora from the PGDG. */
const ROOTS = [
  { root: '/usr/lib/postgresql', name: /^(\d+)$/ },
  { root: '/usr', name: /^pgsql-(\d+)$/ },
];
const OLDEST_MAJOR = 15;

/**
 * The directory that holds `postgres` and `initdb`: the named one, else the newest of the system that fits; null: the system has none
 * that does. A data directory is only opened by the major version that made it. Raises STORE_UNUSABLE.
 */
export function findBinaries(named: string | null, major: number | null, path: string | undefined): string | null {
  if (named !== null) {
    if (hasBinaries(named)) return named;
    throw new PlimsollError('STORE_UNUSABLE', `${named} does not hold postgres and initdb (store.binaries).`);
  }
  const versioned = ROOTS.flatMap(({ root, name }) =>
    (existsSync(root) ? readdirSync(root) : []).flatMap((entry) => {
      const version = Number(name.exec(entry)?.[1]);
      return version >= OLDEST_MAJOR ? [{ version, directory: join(root, entry, 'bin') }] : [];
    }),
  );
  const found = versioned.filter(({ directory }) => hasBinaries(directory)).toSorted((a, b) => b.version - a.version);
  const fitting = found.find(({ version }) => major === null || version === major);
  if (fitting !== undefined) return fitting.directory;
  // Its version shows when it is started: postgres refuses a data directory that is not its own.
  return found.length === 0 ? inPath(path) : null;
}

/**
 * As findBinaries; where the system has none that fits, those that npm brought with Plimsoll, copied to `programs`. Raises STORE_UNUSABLE.
 */
export async function usableBinaries(
  named: string | null,
  major: number | null,
  path: string | undefined,
  programs: string,
): Promise<string> {
  const found = findBinaries(named, major, path);
  if (found !== null) return found;
  const embedded = findEmbedded();
  if (embedded !== null && (major === null || major === embedded.major)) return await copyEmbedded(embedded, programs);
  const wanted = major === null ? `${OLDEST_MAJOR} or later` : String(major);
  const why = major === null ? '' : ', by whose version the data directory was made,';
  throw new PlimsollError(
    'STORE_UNUSABLE',
    `PostgreSQL ${wanted}${why} was not found on this machine${embedded === null ? '' : ` (${embedded.version} came with Plimsoll)`}. ` +
      'Install it (Debian: apt install postgresql), name its directory of programs with store.binaries, or give an external one with DATABASE_URL.',
  );
}

function inPath(path: string | undefined): string | null {
  for (const folder of (path ?? '').split(delimiter)) {
    const program = join(folder, 'postgres');
    if (folder === '' || !existsSync(program)) continue;
    const directory = dirname(realpathSync(program));
    if (hasBinaries(directory)) return directory;
  }
  return null;
}

function hasBinaries(directory: string): boolean {
  return ['postgres', 'initdb'].every((program) => existsSync(join(directory, program)));
}
