import type { TomlTable } from 'smol-toml';
import { baseOf } from '../../../layers/path.ts';
import { onlyDevelopment } from '../../development.ts';
import type { Analyzer } from '../../ecosystem.ts';
import { parseToml } from '../../foreign-documents.ts';
import { type LockedPackages, lockfileUnit } from '../../locked-packages.ts';
import { type PackageFile, stated } from '../../package-file.ts';
import { filesByProject, isProjectFile } from '../../project-files.ts';
import { type CargoManifest, crateName, readManifests } from './cargo-manifest.ts';

const LOCK = 'Cargo.lock';
const MANIFEST = 'Cargo.toml';

/** Crates that cargo fetched or vendored for others bring their own lockfile, which counts for nobody. */
const OF_A_DEPENDENCY = /(?:^|\/)(?:vendor|registry\/src|git\/checkouts)\//;

interface Crate {
  readonly name: string;
  readonly version: string;
  /** `registry+URL`, `sparse+URL`, `git+URL#COMMIT`; null for the project itself and crates that lie in its tree. */
  readonly source: string | null;
  readonly dependencies: readonly string[];
}

/**
 * Cargo.lock of versions 1 to 4 (cargo's `Resolve` encoding). What has no source is the project itself. The file does
 * not tell what is needed to develop or test alone; the Cargo.toml files of the project do, where they lie beside it.
 */
function readLock(file: PackageFile, manifests: readonly PackageFile[], packages: LockedPackages): void {
  const lock = parseToml(file);
  if (lock === null) return;
  // The project itself is one of them; in lockfiles of before 2017 it stood apart, in `root`.
  const { package: list, root } = lock;
  if (!Array.isArray(list)) {
    if (root === undefined) file.gaps.add('package-file-unparsable', 'it has no list of packages');
    return;
  }
  const crates = list.flatMap((entry) => crateOf(entry, file) ?? []);
  const versions = Map.groupBy(crates, ({ name }) => name);
  const development = onlyForDevelopment(crates, versions, readManifests(manifests));
  for (const crate of crates) {
    const { name, version, source, dependencies } = crate;
    if (source === null) continue;
    const dependsOn = dependencies.map((text) => dependencyOf(text, versions));
    packages.add({ type: 'cargo', name, version, dependsOn, development: development.has(crate) });
  }
}

/** Of a crate of the project without a manifest nobody knows what it needs only for development: all of it is needed. */
function onlyForDevelopment(
  crates: readonly Crate[],
  versions: ReadonlyMap<string, readonly Crate[]>,
  manifests: readonly CargoManifest[],
): ReadonlySet<Crate> {
  const byName = new Map(manifests.map((manifest) => [manifest.name, manifest]));
  const found = (text: string): readonly Crate[] => {
    const [name, version] = text.split(' ', 2);
    const named = versions.get(name!) ?? [];
    return version === undefined ? named : named.filter((crate) => crate.version === version);
  };
  const needed: Crate[] = [];
  const development: Crate[] = [];
  for (const { name, source, dependencies } of crates) {
    if (source !== null) continue;
    const manifest = byName.get(crateName(name));
    for (const text of dependencies) {
      const dependency = crateName(text.split(' ', 1)[0]!);
      const isDevelopment = manifest?.development.has(dependency) === true && !manifest.needed.has(dependency);
      (isDevelopment ? development : needed).push(...found(text));
    }
  }
  // What a crate of the project needs was divided above.
  const next = ({ source, dependencies }: Crate): readonly Crate[] =>
    source === null ? [] : dependencies.flatMap(found);
  return onlyDevelopment(needed, development, next);
}

function crateOf(entry: unknown, file: PackageFile): Crate | null {
  const table = typeof entry === 'object' && entry !== null ? (entry as TomlTable) : {};
  const name = stated(table.name, file);
  const version = stated(table.version, file);
  if (name === null || version === null) {
    file.gaps.add('package-record-invalid', `a package states no ${name === null ? 'name' : 'version'}`);
    return null;
  }
  const { dependencies } = table;
  return {
    name,
    version,
    source: stated(table.source, file),
    dependencies: Array.isArray(dependencies) ? dependencies.flatMap((each) => stated(each, file) ?? []) : [],
  };
}

/** `NAME`, `NAME VERSION` where there are several, `NAME VERSION (SOURCE)` where these come from several sources. */
function dependencyOf(text: string, versions: ReadonlyMap<string, readonly Crate[]>): string {
  const [name, version] = text.split(' ', 2);
  const found = version ?? versions.get(name!)?.[0]?.version;
  return found === undefined ? name! : `${name}@${found}`;
}

export const cargoLock: Analyzer = {
  id: 'cargo-lock',
  version: 2,
  roots: [],
  wants: ({ path, type }) => {
    const isWanted = type === 'file' && [LOCK, MANIFEST].includes(baseOf(path)) && !OF_A_DEPENDENCY.test(path);
    return isWanted && isProjectFile(path) ? 'whole' : 'no';
  },
  readDatabase(files, context) {
    const units = filesByProject(files, LOCK, MANIFEST).map(({ lock, manifests }) =>
      lockfileUnit(lock, context, (file, packages) => {
        readLock(
          file,
          manifests.map((manifest) => ({ ...file, ...manifest })),
          packages,
        );
      }),
    );
    return { units };
  },
};
