import { baseOf } from '../../../layers/path.ts';
import { type LockedPackages, lockfileAnalyzer } from '../../locked-packages.ts';
import { isObject, type PackageFile, parseJson, stated } from '../../package-file.ts';
import { quote } from '../../unit-gaps.ts';
import { dependenciesOf } from '../dependencies-file.ts';

/** The project itself has one name; projects in a folder that share it have theirs before it (NuGetLockFilePath). */
const NAME = /^packages(?:\.[^/]+)?\.lock\.json$/;

/**
 * packages.lock.json of versions 1 and 2: the packages of each target framework, and of each runtime of it. Those of
 * type Project are the solution itself.
 */
function readLock(file: PackageFile, packages: LockedPackages): void {
  const lock = parseJson(file);
  if (lock === null) return;
  if (!isObject(lock.dependencies)) {
    file.gaps.add('package-file-unparsable', 'it has no dependencies by framework');
    return;
  }
  for (const [framework, entries] of Object.entries(lock.dependencies)) {
    if (!isObject(entries)) {
      file.gaps.add('package-file-unparsable', `${quote(framework)} is no list of packages`);
      continue;
    }
    for (const [key, entry] of Object.entries(entries)) readPackage(key, entry, file, packages);
  }
}

function readPackage(key: string, entry: unknown, file: PackageFile, packages: LockedPackages): void {
  const fields = isObject(entry) ? entry : {};
  if (typeof fields.type === 'string' && fields.type.toLowerCase() === 'project') return;
  const version = stated(fields.resolved, file);
  if (version === null) {
    file.gaps.add('package-record-invalid', `${quote(key)} states no version`);
    return;
  }
  packages.add({ type: 'nuget', name: key, version, dependsOn: dependenciesOf(fields.dependencies, file) });
}

export const nugetLock = lockfileAnalyzer({
  id: 'nuget-lock',
  version: 1,
  isWanted: (path) => NAME.test(baseOf(path)),
  read: readLock,
});
