import { baseOf, joinPath, parentOf } from '../../../layers/path.ts';
import { onlyDevelopment } from '../../development.ts';
import type { Analyzer, DatabaseFile } from '../../ecosystem.ts';
import { parseToml } from '../../foreign-documents.ts';
import { type LockedPackages, lockfileUnit } from '../../locked-packages.ts';
import { isObject, type JsonObject, type PackageFile, stated } from '../../package-file.ts';
import { isProjectFile } from '../../project-files.ts';
import { quote } from '../../unit-gaps.ts';

const MANIFEST = 'pyproject.toml';

/** One package of a lockfile of TOML tables. */
export interface LockedDistribution {
  readonly name: string;
  readonly version: string | null;
  readonly table: JsonObject;
}

/** What a project's own manifest asks for, by normalised name. */
export interface Wishes {
  readonly needed: readonly string[];
  readonly development: readonly string[];
}

/** An analyzer of a lockfile that has its manifest, pyproject.toml, beside it. `read` gets null where it has none. */
export function projectAnalyzer(
  { id, version, lockfile }: Pick<Analyzer, 'id' | 'version'> & { readonly lockfile: string },
  read: (file: PackageFile, manifest: JsonObject | null, packages: LockedPackages) => void,
): Analyzer {
  return {
    id,
    version,
    roots: [],
    wants: ({ path }) => ([lockfile, MANIFEST].includes(baseOf(path)) && isProjectFile(path) ? 'whole' : 'no'),
    readDatabase(files, context) {
      const byPath = new Map(files.map((file) => [file.path, file]));
      const locks = files.filter(({ path }) => baseOf(path) === lockfile);
      const unitOf = (lock: DatabaseFile) =>
        lockfileUnit(lock, context, (file, packages) => {
          const beside = byPath.get(joinPath(parentOf(lock.path), MANIFEST));
          read(file, beside === undefined ? null : parseToml({ ...file, ...beside }), packages);
        });
      return { units: locks.map(unitOf) };
    },
  };
}

/** The tables `[[package]]`; null, and a flaw, where there are none. */
export function distributionsOf(lock: JsonObject, file: PackageFile): LockedDistribution[] | null {
  // A project without dependencies has no table at all.
  const { package: tables = [] } = lock;
  if (!Array.isArray(tables)) {
    file.gaps.add('package-file-unparsable', 'its packages are no list');
    return null;
  }
  return (tables as unknown[]).flatMap((table) => {
    const name = isObject(table) ? stated(table.name, file) : null;
    if (!isObject(table) || name === null) {
      file.gaps.add('package-file-unparsable', 'a package has no name');
      return [];
    }
    return [{ name, version: stated(table.version, file), table }];
  });
}

export function addDistribution(
  { name, version }: Pick<LockedDistribution, 'name' | 'version'>,
  said: { readonly development: boolean; readonly dependsOn: readonly string[] },
  file: PackageFile,
  packages: LockedPackages,
): void {
  if (version === null) file.gaps.add('dependency-unresolved', `of ${quote(name)} the lockfile states no version`);
  else packages.add({ ...said, type: 'pypi', name, version });
}

/** Names of what only development needs: those that the wishes lead to. */
export function developmentNames(
  distributions: readonly LockedDistribution[],
  { needed, development }: Wishes,
  dependenciesOf: (table: JsonObject) => readonly string[],
): Set<string> {
  const edges = new Map<string, string[]>();
  for (const { name, table } of distributions) {
    const key = normalized(name);
    edges.set(key, [...(edges.get(key) ?? []), ...dependenciesOf(table).map(normalized)]);
  }
  return onlyDevelopment(needed.map(normalized), development.map(normalized), (name) => edges.get(name) ?? []);
}

/** One name, however it is spelt (packaging.python.org, "Names and normalization"). */
export function normalized(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** The name at the head of a requirement (PEP 508). */
function requiredName(requirement: unknown): string[] {
  const name = typeof requirement === 'string' ? /^\s*([A-Za-z0-9][\w.-]*)/.exec(requirement)?.[1] : undefined;
  return name === undefined ? [] : [name];
}

/** What PEP 621 and PEP 735 let a manifest ask for; the groups include each other. */
export function standardWishes({ project, 'dependency-groups': groups }: JsonObject): Wishes {
  const main = isObject(project) ? project : {};
  const optional = isObject(main['optional-dependencies']) ? Object.values(main['optional-dependencies']) : [];
  return {
    needed: [main.dependencies, ...optional].flat().flatMap(requiredName),
    development: (isObject(groups) ? Object.values(groups) : []).flat().flatMap(requiredName),
  };
}

export function tableAt(table: JsonObject, ...keys: readonly string[]): JsonObject {
  let at: unknown = table;
  for (const key of keys) at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return isObject(at) ? at : {};
}
