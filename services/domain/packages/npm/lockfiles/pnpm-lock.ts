import { baseOf } from '../../../layers/path.ts';
import { onlyDevelopment } from '../../development.ts';
import { parseYaml } from '../../foreign-documents.ts';
import { type LockedPackages, lockfileAnalyzer } from '../../locked-packages.ts';
import { isObject, type JsonObject, type PackageFile } from '../../package-file.ts';
import { quote } from '../../unit-gaps.ts';
import { addLocked, isLocal } from './locked-package.ts';

/**
 * pnpm's lockfile, versions 5 to 9 (github.com/pnpm/spec/tree/master/lockfile). Packages are keyed by what they are:
 * `/a/1.0.0_b@2`, since version 6 `/a@1.0.0(b@2)`, since version 9 `a@1.0.0`, with the peers in `snapshots` alone. Until
 * version 6 each says whether only development needs it; since then the importers do, by what they lead to.
 */
export const pnpmLock = lockfileAnalyzer({
  id: 'pnpm-lock',
  version: 1,
  isWanted: (path) => baseOf(path) === 'pnpm-lock.yaml',
  read(file, packages) {
    for (const lock of parseYaml(file) ?? []) readLock(lock, file, packages);
  },
});

const entriesOf = (value: unknown): [string, unknown][] => (isObject(value) ? Object.entries(value) : []);

function readLock(lock: JsonObject, file: PackageFile, packages: LockedPackages): void {
  const major = Number.parseInt(String(lock.lockfileVersion ?? lock.shrinkwrapVersion), 10);
  if (!(major >= 3 && major <= 9)) {
    file.gaps.add('package-file-unparsable', 'it states no version of a lockfile of pnpm that is known');
    return;
  }
  const snapshots = isObject(lock.snapshots) ? lock.snapshots : null;
  const development = major >= 9 ? onlyForDevelopment(lock) : null;
  const needed = new Set(entriesOf(snapshots).flatMap(([key]) => (development?.has(key) ? [] : [withoutPeers(key)])));
  const dependencies = new Map(entriesOf(snapshots).map(([key, snapshot]) => [withoutPeers(key), snapshot]));
  for (const [key, entry] of entriesOf(lock.packages)) {
    if (!isObject(entry)) {
      file.gaps.add('package-file-unparsable', `${quote(key)} is no map`);
      continue;
    }
    const bare = withoutPeers(key);
    const isDevelopment = development === null ? entry.dev === 'true' : snapshots !== null && !needed.has(bare);
    const said = isObject(entry.resolution) ? entry.resolution : {};
    const identity = major < 6 ? bySlashes(bare) : byAt(bare);
    // A folder of the project.
    if (said.type === 'directory' || typeof said.directory === 'string' || isLocal(identity.version)) continue;
    const source = dependencies.get(bare) ?? entry;
    const dependsOn = isObject(source) ? dependenciesOf(source, major) : [];
    const { name = identity.name, version = identity.version } = entry;
    addLocked({ name, version, development: isDevelopment, dependsOn }, file, packages);
  }
}

/** `1.0.0(react@18.0.0)(x@1)`; before version 6 `1.0.0_react@18.0.0`. */
function withoutPeers(key: string): string {
  const at = key.indexOf('(');
  return at < 0 ? key : key.slice(0, at);
}

interface Identity {
  readonly name: string;
  readonly version: string;
}

/** `[REGISTRY]/NAME/VERSION[_PEERS]` or, in the oldest, `/PEERS` behind it. */
function bySlashes(key: string): Identity {
  if (isLocal(key)) return { name: key, version: key };
  const [first, second = '', third = ''] = key.slice(key.indexOf('/') + 1).split('/');
  const [name, version] = first!.startsWith('@') ? [`${first}/${second}`, third] : [first!, second];
  return { name, version: version.split('_')[0]! };
}

/** `[/]NAME@VERSION`, or what stands for a package from elsewhere. */
function byAt(key: string): Identity {
  const bare = key.replace(/^\//, '');
  if (isLocal(bare)) return { name: bare, version: bare };
  const at = bare.indexOf('@', 1);
  return at < 0 ? { name: bare, version: '' } : { name: bare.slice(0, at), version: bare.slice(at + 1) };
}

function dependenciesOf({ dependencies, optionalDependencies }: JsonObject, major: number): string[] {
  const all = [...entriesOf(dependencies), ...entriesOf(optionalDependencies)];
  return all.flatMap(([name, version]) => {
    if (typeof version !== 'string' || isLocal(version)) return [];
    // An alias is given by the key of what it stands for.
    if (version.startsWith('/') || (major >= 6 && withoutPeers(version).includes('@', 1))) {
      const real = major < 6 ? bySlashes(version) : byAt(withoutPeers(version));
      return [`${real.name}@${real.version}`];
    }
    return [`${name}@${major < 6 ? version.split('_')[0] : withoutPeers(version)}`];
  });
}

/** Keys of snapshots that the importers need for development alone. */
function onlyForDevelopment(lock: JsonObject): Set<string> {
  const snapshots = isObject(lock.snapshots) ? lock.snapshots : {};
  const keyOf = (name: string, version: string): string[] => {
    return [`${name}@${version}`, version].filter((key) => Object.hasOwn(snapshots, key));
  };
  const ofGroup = (group: unknown): string[] =>
    entriesOf(group).flatMap(([name, value]) => {
      const version = isObject(value) ? value.version : value;
      return typeof version === 'string' ? keyOf(name, version) : [];
    });
  const importers = entriesOf(lock.importers).flatMap(([, importer]) => (isObject(importer) ? [importer] : []));
  const needed = importers.flatMap((importer) => [
    ...ofGroup(importer.dependencies),
    ...ofGroup(importer.optionalDependencies),
  ]);
  const development = importers.flatMap(({ devDependencies }) => ofGroup(devDependencies));
  return onlyDevelopment(needed, development, (key) => {
    const snapshot = snapshots[key];
    return isObject(snapshot) ? [...ofGroup(snapshot.dependencies), ...ofGroup(snapshot.optionalDependencies)] : [];
  });
}
