import { installedName } from '../packages/npm/location.ts';
import { placesOf } from './merge-engines.ts';
import { purlIdentity } from './purl-identity.ts';
import type { ReportPackage } from './report.ts';

/** Why one scanner lists a package and another does not, as far as rules can tell; docs/engines.md has them for users. */
export const REASONS = {
  hidden: 'a later layer removed the database that lists it: Plimsoll shows what was there',
  'version-spelling': 'the other writes the same version differently',
  'version-differs': 'the other states another version for the same package in the same place',
  'distribution-owned': 'its files belong to a package of the distribution, which the other lists instead',
  'path-differs': 'the other found the same package in another place',
  'recognised-by-bytes': 'a program without any record of a package, recognised by its bytes',
  'lockfile-only': 'a lockfile wants it; nothing says that it is installed',
  'not-installed':
    'a package.json that no package manager installed: of a project, a part of a package, or a test fixture',
  'group-differs': 'the other gives the same archive of Java another group',
  'named-by-file': 'an archive of Java without a name of its own, called by its file name',
  'archive-unnamed': 'the other finds no name for anything in this archive of Java',
  development: 'only to develop or test the project',
  'type-not-read': 'the other lists no package of this type here',
  unknown: 'no rule explains it',
} as const;

export type Reason = keyof typeof REASONS;

/** Files that say what a project wants, by their base names. */
const LOCKFILES: ReadonlySet<string> = new Set([
  ...['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', '.package-lock.json'],
  ...['requirements.txt', 'poetry.lock', 'uv.lock', 'pdm.lock', 'Pipfile.lock', 'go.mod', 'go.sum', 'Cargo.lock'],
  ...['composer.lock', 'Gemfile.lock', 'packages.lock.json', 'pom.xml', 'gradle.lockfile'],
]);

/** All rows of a report, so that a reason is found quickly. Rules are tried in the order of REASONS. */
export class DifferenceReasons {
  readonly #byPackage: ReadonlyMap<string, readonly ReportPackage[]>;
  readonly #byName: ReadonlyMap<string, readonly ReportPackage[]>;
  readonly #archives: ReadonlyMap<string, readonly ReportPackage[]>;
  readonly #types: ReadonlySet<string>;

  constructor(rows: readonly ReportPackage[]) {
    this.#byPackage = Map.groupBy(rows, packageKey);
    this.#byName = Map.groupBy(rows, nameKey);
    const archived = rows.filter(({ type }) => type === 'maven');
    const places = archived.flatMap((row) =>
      [...placesOf(row.type, row.arch, row.paths)].map((place) => [place, row] as const),
    );
    this.#archives = new Map(
      [...Map.groupBy(places, ([place]) => place)].map(([place, list]) => [place, list.map(([, row]) => row)]),
    );
    this.#types = new Set(rows.flatMap(({ type, foundBy }) => foundBy.map((engine) => `${engine} ${type}`)));
  }

  /** Why `engine` does not list this row, which others do. */
  of(row: ReportPackage, engine: string): Reason {
    if (row.hiddenBy !== null) return 'hidden';
    const elsewhere = (rows: readonly ReportPackage[] | undefined): ReportPackage[] =>
      (rows ?? []).filter(
        ({ foundBy }) => foundBy.includes(engine) && !foundBy.some((name) => row.foundBy.includes(name)),
      );
    const places = placesOf(row.type, row.arch, row.paths);
    const samePlace = elsewhere(this.#byName.get(nameKey(row))).filter(
      (other) => other.version !== row.version && shares(places, placesOf(other.type, other.arch, other.paths)),
    );
    if (samePlace.some(({ version }) => spelling(version) === spelling(row.version))) return 'version-spelling';
    if (samePlace.length > 0) return 'version-differs';
    if (row.ownedBy !== null) return 'distribution-owned';
    if (elsewhere(this.#byPackage.get(packageKey(row))).length > 0) return 'path-differs';
    if (row.type === 'generic') return 'recognised-by-bytes';
    if (row.paths.length > 0 && row.paths.every((path) => LOCKFILES.has(baseName(path)))) return 'lockfile-only';
    if (isUninstalled(row)) return 'not-installed';
    const archive = row.type === 'maven' ? this.#archiveReason(row, engine, places) : null;
    if (archive !== null) return archive;
    if (row.development) return 'development';
    return this.#types.has(`${engine} ${row.type}`) ? 'unknown' : 'type-not-read';
  }

  /** Why `engine` does not list it in the archives that it lies in. */
  #archiveReason(
    { name, version, paths, foundBy }: ReportPackage,
    engine: string,
    places: ReadonlySet<string>,
  ): Reason | null {
    const inside = [...places].flatMap((place) => this.#archives.get(place) ?? []);
    const listed = inside.filter((other) => other.foundBy.includes(engine));
    const artifact = artifactOf(name);
    const renamed = listed.some(
      (other) =>
        artifactOf(other.name) === artifact &&
        other.version === version &&
        !other.foundBy.some((finder) => foundBy.includes(finder)),
    );
    if (renamed) return 'group-differs';
    if (listed.length === 0) return 'archive-unnamed';
    const outermost = paths.filter((path) => places.has(path));
    const stems = outermost.map((path) => baseName(path).replace(/\.[jwep]ar$/i, ''));
    return stems.some((stem) => stem === artifact || stem === `${artifact}-${version}`) ? 'named-by-file' : null;
  }
}

function artifactOf(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function packageKey(row: ReportPackage): string {
  return purlIdentity(row.purl)?.key ?? row.purl;
}

function nameKey({ type, name }: ReportPackage): string {
  return `${type} ${name.toLowerCase().replace(/[-_.]+/g, '-')}`;
}

function shares(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === 0 || b.size === 0 || [...a].some((place) => b.has(place));
}

/** The version without what tools add or leave out: a leading v, separators, zeros at its end. */
function spelling(version: string): string {
  const parts = version
    .toLowerCase()
    .replace(/^(?:v|go)(?=[0-9])/, '')
    .split(/[-_+~.]/);
  while (parts.length > 1 && /^0*$/.test(parts.at(-1)!)) parts.pop();
  return parts.join('.');
}

function isUninstalled({ type, paths }: ReportPackage): boolean {
  const manifests = type === 'npm' ? paths.filter((path) => baseName(path) === 'package.json') : [];
  return manifests.length > 0 && manifests.every((path) => installedName(path) === null);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
