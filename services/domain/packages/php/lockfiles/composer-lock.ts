import { baseOf } from '../../../layers/path.ts';
import { type LockedPackages, lockfileAnalyzer } from '../../locked-packages.ts';
import { type PackageFile, parseJson } from '../../package-file.ts';
import { readPackage } from '../package-entry.ts';

/** What composer installed for others brings its own lockfile, which counts for nobody. */
const OF_A_DEPENDENCY = /(?:^|\/)vendor\//;

/** composer.lock: `packages`, and `packages-dev` for what only development needs. */
function readLock(file: PackageFile, packages: LockedPackages): void {
  const lock = parseJson(file);
  if (lock === null) return;
  for (const [field, development] of [
    ['packages', false],
    ['packages-dev', true],
  ] as const) {
    // `packages-dev` is null where the lockfile was made without.
    const list = lock[field];
    if (Array.isArray(list)) {
      for (const entry of list) {
        const record = readPackage(entry, file);
        if (record !== null) packages.add({ ...record, development });
      }
    } else if (!development || (list ?? null) !== null) {
      file.gaps.add('package-file-unparsable', `${field} is no list`);
    }
  }
}

export const composerLock = lockfileAnalyzer({
  id: 'composer-lock',
  version: 1,
  isWanted: (path) => baseOf(path) === 'composer.lock' && !OF_A_DEPENDENCY.test(path),
  read: readLock,
});
