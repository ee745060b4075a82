import type { DatabaseUnit, PackageRecord } from './ecosystem.ts';

/** A unit as it is seen after some layer, and the database that it belongs to (a file, or a directory of files). */
export interface VisibleUnit {
  readonly database: string;
  readonly unit: DatabaseUnit;
}

/** The units that are seen after one layer. The same array for layers that change none. */
export type DatabaseState = readonly VisibleUnit[];

export interface AttributedPackage {
  readonly record: PackageRecord;
  /** Index of the layer that brought the package as it is now; null where none did (an SBOM beside the image). */
  readonly layer: number | null;
  /** The databases that list it. */
  readonly paths: readonly string[];
  /** The layer that removed or emptied its database; null where the package is listed as installed. */
  readonly hiddenBy: number | null;
  /** The distribution package whose files say this; null where none does, and for what a database lists. */
  readonly owner: AttributedPackage | null;
}

/** The names that `FileList.package` may know a package by; for rpm the one, as several kernels may be installed. */
export function fileListNames({ type, name, version, arch }: PackageRecord): readonly [string, ...string[]] {
  if (type === 'rpm') return [`${name}-${version}${arch === null ? '' : `.${arch}`}`];
  return arch === null ? [name] : [name, `${name}:${arch}`];
}

/** A database that listed packages which nothing lists any more, although nobody uninstalled them. */
export interface RemovedDatabase {
  /** The layer that removed, emptied or broke it. */
  readonly layer: number;
  readonly path: string;
  /** How many packages are hidden by that. */
  readonly packages: number;
  /** As the image stands, the database is there and could not be parsed: reported as broken, not as removed. */
  readonly broken: boolean;
}

/**
 * Which layer brought each package, from what the databases said after every layer, base first. A package counts for
 * the first layer of its last unbroken presence: removed and installed again counts for the later layer, and so does
 * any change of version or architecture.
 */
export function attributePackages(states: readonly DatabaseState[]): {
  packages: AttributedPackage[];
  removed: RemovedDatabase[];
} {
  const keysOf = memoize((state: DatabaseState) => packagesOf(state));
  const last = states.length - 1;
  const packages = last < 0 ? [] : [...attributed(states, last, null, keysOf)];
  const known = new Set(packages.map(({ record }) => nameKey(record)));
  const removed: RemovedDatabase[] = [];
  for (const [database, at] of lastFilled(states)) {
    if (at === last) continue;
    const layer = at + 1;
    const listed = [...attributed(states, at, database, keysOf)];
    if (isMoved(listed, states[at]!, states[layer]!)) continue;
    const still = namesOf(states[layer]!);
    const hidden = listed.filter(({ record }) => !still.has(nameKey(record)) && !known.has(nameKey(record)));
    if (hidden.length === 0) continue;
    const broken = states[last]!.some((visible) => visible.database === database && visible.unit.gaps.length > 0);
    removed.push({ layer, path: database, packages: hidden.length, broken });
    packages.push(...hidden.map((entry) => ({ ...entry, hiddenBy: layer })));
    for (const { record } of hidden) known.add(nameKey(record));
  }
  return { packages, removed };
}

/**
 * A layer moved a database (rpm: Packages to rpmdb.sqlite) where another one begins in it that lists most of what the
 * old one listed. What that one leaves out was uninstalled.
 */
function isMoved(listed: readonly AttributedPackage[], before: DatabaseState, after: DatabaseState): boolean {
  const filled = new Set(before.flatMap(({ database, unit }) => (unit.packages.length > 0 ? [database] : [])));
  for (const begun of new Set(after.map(({ database }) => database))) {
    if (filled.has(begun)) continue;
    const names = namesOf(after.filter(({ database }) => database === begun));
    if (listed.filter(({ record }) => names.has(nameKey(record))).length * 2 > listed.length) return true;
  }
  return false;
}

function namesOf(state: DatabaseState): Set<string> {
  return new Set(state.flatMap(({ unit }) => unit.packages.map(nameKey)));
}

/** Of each database: the last layer after which it listed packages. */
function lastFilled(states: readonly DatabaseState[]): Map<string, number> {
  const filled = new Map<string, number>();
  for (const [layer, state] of states.entries()) {
    for (const { database, unit } of state) if (unit.packages.length > 0) filled.set(database, layer);
  }
  return filled;
}

type Keys = ReadonlyMap<string, { record: PackageRecord; databases: Set<string>; paths: Set<string> }>;

function* attributed(
  states: readonly DatabaseState[],
  at: number,
  database: string | null,
  keysOf: (state: DatabaseState) => Keys,
): Generator<AttributedPackage> {
  for (const [key, { record, databases, paths }] of keysOf(states[at]!)) {
    if (database !== null && !databases.has(database)) continue;
    let layer = at;
    while (layer > 0 && (states[layer - 1] === states[layer] || keysOf(states[layer - 1]!).has(key))) layer--;
    yield { record, layer, paths: [...paths].sort(), hiddenBy: null, owner: null };
  }
}

function packagesOf(state: DatabaseState): Keys {
  const keys = new Map<string, { record: PackageRecord; databases: Set<string>; paths: Set<string> }>();
  for (const { database, unit } of state) {
    for (const record of unit.packages) {
      const key = `${nameKey(record)}\0${record.version}\0${record.modularity ?? ''}`;
      const known = keys.get(key);
      if (known === undefined) keys.set(key, { record, databases: new Set([database]), paths: new Set([unit.path]) });
      else {
        known.databases.add(database);
        known.paths.add(unit.path);
      }
    }
  }
  return keys;
}

function nameKey({ type, name, arch }: PackageRecord): string {
  return `${type}\0${name}\0${arch ?? ''}`;
}

function memoize<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>();
  return (key) => {
    let value = made.get(key);
    if (value === undefined) {
      value = make(key);
      made.set(key, value);
    }
    return value;
  };
}
