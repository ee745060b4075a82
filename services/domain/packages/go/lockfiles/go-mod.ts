import { baseOf, joinPath, parentOf } from '../../../layers/path.ts';
import type { Analyzer, DatabaseFile } from '../../ecosystem.ts';
import { eachLockLine, type LockedPackages, lockfileUnit } from '../../locked-packages.ts';
import type { PackageFile } from '../../package-file.ts';
import { isProjectFile } from '../../project-files.ts';
import { quote } from '../../unit-gaps.ts';
import { compare } from '../version.ts';
import { type ModFile, type ModuleVersion, readModFile } from './mod-file.ts';

/** What the go command fetched or vendored brings its own go.mod; what lies in `testdata` is nobody's. */
const OF_A_DEPENDENCY = /(?:^|\/)(?:vendor|testdata|pkg\/mod)\//;

/** Since then go.mod names every module that a package comes from. */
const COMPLETE = '1.17';
/** Since then `go` is the least toolchain that builds the module; before it named the language alone. */
const TOOLCHAINS = '1.21';
/** The language of a go.mod that does not name it. */
const UNNAMED = '1.16';

/** One module, at the highest version that is asked for: minimal version selection of what is in view. */
class Selection {
  readonly #versions = new Map<string, string>();

  add(path: string, version: string): void {
    const known = this.#versions.get(path);
    if (known === undefined || compare(known, version) === -1) this.#versions.set(path, version);
  }

  has(path: string): boolean {
    return this.#versions.has(path);
  }

  [Symbol.iterator](): Iterator<[path: string, version: string]> {
    return this.#versions.entries();
  }
}

/**
 * The modules of one go.mod, with its go.sum where go.mod does not name all; `stdlib` where it names a toolchain. A
 * module in place of another counts for it; a folder in its place is part of the project itself, as the main module is.
 */
function readModule(file: PackageFile, sum: DatabaseFile | undefined, packages: LockedPackages): void {
  const mod = readModFile(file);
  const stdlib = stdlibVersion(mod);
  if (stdlib !== null) packages.add({ type: 'golang', name: 'stdlib', version: stdlib });
  const add = (path: string, version: string): void => {
    const built = replaced({ path, version }, mod);
    if (built !== null) packages.add({ type: 'golang', name: built.path, version: built.version ?? version });
  };
  const required = new Selection();
  const excluded = new Set(mod.excludes.map(({ path, version }) => `${path}@${version}`));
  for (const { path, version } of mod.requires) {
    if (!excluded.has(`${path}@${version}`)) required.add(path, version);
    else {
      file.gaps.add(
        'dependency-unresolved',
        `${quote(path)} is required at ${quote(version)}, which is excluded too: its version is unknown`,
      );
    }
  }
  for (const [path, version] of required) add(path, version);
  if (mod.requires.length === 0 || compare(mod.go ?? UNNAMED, COMPLETE) !== -1) return;
  if (sum === undefined) {
    file.gaps.add(
      'dependencies-unknown',
      `before Go ${COMPLETE} go.mod names what the module needs itself; what that brings would be in go.sum, which is not there`,
    );
    return;
  }
  for (const [path, version] of summed(sum, file)) if (!required.has(path)) add(path, version);
}

/** The modules whose content go.sum has a checksum of, and not their go.mod alone. */
function summed({ bytes }: DatabaseFile, file: PackageFile): Selection {
  const modules = new Selection();
  eachLockLine({ ...file, bytes }, (line, number) => {
    const [path, version, hash, ...rest] = line.trim().split(/\s+/);
    if (path === '') return;
    if (hash === undefined || rest.length > 0) {
      file.gaps.add('package-file-unparsable', `line ${number} of go.sum is no module, version and checksum`);
    } else if (!version!.endsWith('/go.mod')) modules.add(path!, version!);
  });
  return modules;
}

/** The module that is built in its place; null for a folder. A replacement of this version goes before one of all. */
function replaced(module: ModuleVersion, { replaces }: ModFile): ModuleVersion | null {
  const of = replaces.filter(({ old }) => old.path === module.path);
  const match =
    of.findLast(({ old }) => old.version === module.version) ?? of.findLast(({ old }) => old.version === null);
  if (match === undefined) return module;
  return match.by.version === null ? null : match.by;
}

/**
 * The toolchain that the module asks for, as the go command prints it without `go`; a local one has a suffix behind a
 * hyphen. Whoever builds may use a later one: this is the least.
 */
function stdlibVersion({ go, toolchain }: ModFile): string | null {
  const named = /^go([0-9][^-\s]*)/.exec(toolchain ?? '')?.[1];
  if (named !== undefined) return named;
  return go !== null && compare(go, TOOLCHAINS) !== -1 && compare(go, TOOLCHAINS) !== 'incomparable' ? go : null;
}

export const goMod: Analyzer = {
  id: 'go-mod',
  version: 1,
  roots: [],
  wants({ path, type }) {
    if (type !== 'file' || !['go.mod', 'go.sum'].includes(baseOf(path))) return 'no';
    return isProjectFile(path) && !OF_A_DEPENDENCY.test(path) ? 'whole' : 'no';
  },
  readDatabase(files, context) {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const units = files.flatMap((file) => {
      if (baseOf(file.path) !== 'go.mod') return [];
      const sum = byPath.get(joinPath(parentOf(file.path), 'go.sum'));
      return lockfileUnit(file, context, (opened, packages) => readModule(opened, sum, packages));
    });
    return { units };
  },
};
