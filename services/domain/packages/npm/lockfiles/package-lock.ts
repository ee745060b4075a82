import { baseOf } from '../../../layers/path.ts';
import { type LockedPackages, lockfileAnalyzer } from '../../locked-packages.ts';
import { isObject, type JsonObject, type PackageFile, parseJson } from '../../package-file.ts';
import { quote } from '../../unit-gaps.ts';
import { dependenciesOf, licensesOf, namedRanges } from '../manifest.ts';
import { addLocked, aliasOf, isLocal } from './locked-package.ts';

const NAMES: ReadonlySet<string> = new Set(['package-lock.json', 'npm-shrinkwrap.json']);
const MODULES = 'node_modules/';

/**
 * npm's lockfiles (docs.npmjs.com, package-lock.json): `packages` by place since version 2, `dependencies` in
 * dependencies before. The project itself, its workspaces and links are not packages of a registry and left out.
 */
export const packageLock = lockfileAnalyzer({
  id: 'package-lock',
  version: 1,
  isWanted: (path) => NAMES.has(baseOf(path)),
  read(file, packages) {
    const lock = parseJson(file);
    if (lock === null) return;
    if (isObject(lock.packages)) {
      for (const [place, entry] of Object.entries(lock.packages)) readPlaced(place, entry, file, packages);
    } else if (isObject(lock.dependencies)) readNested(lock.dependencies, file, packages);
    else if (lock.packages !== undefined || lock.dependencies !== undefined || lock.lockfileVersion === undefined) {
      file.gaps.add('package-file-unparsable', 'JSON, but no lockfile of npm');
    }
  },
});

/** `node_modules/a/node_modules/@b/c`; a place elsewhere is the project or one of its workspaces. */
function readPlaced(place: string, entry: unknown, file: PackageFile, packages: LockedPackages): void {
  const at = place.lastIndexOf(MODULES);
  if (!isObject(entry)) {
    file.gaps.add('package-file-unparsable', `${quote(place)} is no object`);
    return;
  }
  if (at < 0 || entry.link === true) return;
  const { name = place.slice(at + MODULES.length), version, dev } = entry;
  const stated = { licenses: licensesOf(entry, file), dependsOn: dependenciesOf(entry, file) };
  addLocked({ name, version, development: dev === true, ...stated }, file, packages);
}

/** Iterative: a lockfile may be nested as deep as it is long. */
function readNested(dependencies: JsonObject, file: PackageFile, packages: LockedPackages): void {
  const waiting = Object.entries(dependencies).reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [name, entry] = next;
    if (!isObject(entry)) {
      file.gaps.add('package-file-unparsable', `${quote(name)} is no object`);
      continue;
    }
    if (isObject(entry.dependencies)) {
      for (const inner of Object.entries(entry.dependencies).reverse()) waiting.push(inner);
    }
    const { version, dev, requires } = entry;
    if (typeof version === 'string' && isLocal(version)) continue;
    const alias = typeof version === 'string' ? aliasOf(version) : null;
    const dependsOn = namedRanges([requires], file);
    addLocked({ name, version, ...alias, development: dev === true, dependsOn }, file, packages);
  }
}
