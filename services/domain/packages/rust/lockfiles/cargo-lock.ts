import type { TomlTable } from 'smol-toml';
import { baseOf } from '../../../layers/path.ts';
import { parseToml } from '../../foreign-documents.ts';
import { type LockedPackages, lockfileAnalyzer } from '../../locked-packages.ts';
import { type PackageFile, stated } from '../../package-file.ts';

/** Crates that cargo fetched or vendored for others bring their own lockfile, which counts for nobody. */
const OF_A_DEPENDENCY = /(?:^|\/)(?:vendor|registry\/src|git\/checkouts)\//;

interface Crate {
  readonly name: string;
  readonly version: string;
  /** `registry+URL`, `sparse+URL`, `git+URL#COMMIT`; null for the project itself and crates that lie in its tree. */
  readonly source: string | null;
  readonly dependencies: readonly unknown[];
}

/**
 * Cargo.lock of versions 1 to 4 (cargo's `Resolve` encoding). What has no source is the project itself. The file does
 * not tell what is needed to develop or test alone.
 */
function readLock(file: PackageFile, packages: LockedPackages): void {
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
  for (const { name, version, source, dependencies } of crates) {
    if (source === null) continue;
    const dependsOn = dependencies.flatMap((dependency) => {
      const text = stated(dependency, file);
      return text === null ? [] : [dependencyOf(text, versions)];
    });
    packages.add({ type: 'cargo', name, version, dependsOn });
  }
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
    dependencies: Array.isArray(dependencies) ? dependencies : [],
  };
}

/** `NAME`, `NAME VERSION` where there are several, `NAME VERSION (SOURCE)` where these come from several sources. */
function dependencyOf(text: string, versions: ReadonlyMap<string, readonly Crate[]>): string {
  const [name, version] = text.split(' ', 2);
  const found = version ?? versions.get(name!)?.[0]?.version;
  return found === undefined ? name! : `${name}@${found}`;
}

export const cargoLock = lockfileAnalyzer({
  id: 'cargo-lock',
  version: 1,
  isWanted: (path) => baseOf(path) === 'Cargo.lock' && !OF_A_DEPENDENCY.test(path),
  read: readLock,
});
