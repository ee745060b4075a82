import type { TomlTable } from 'smol-toml';
import { parseToml } from '../../foreign-documents.ts';
import type { PackageFile } from '../../package-file.ts';

/** What one Cargo.toml names. */
export interface CargoManifest {
  /** null: it is of a workspace alone. */
  readonly name: string | null;
  /** Crates that it needs to run or to be built, and those that it names to be developed or tested. */
  readonly needed: ReadonlySet<string>;
  readonly development: ReadonlySet<string>;
}

/** Both spellings are the same crate for cargo. */
export function crateName(name: string): string {
  return name.replaceAll('_', '-');
}

/** The manifests of one project (The Cargo Book, "The Manifest Format"). What cannot be read is told. */
export function readManifests(files: readonly PackageFile[]): readonly CargoManifest[] {
  const tables = files.map(parseToml).filter((table) => table !== null);
  // A name of another than its key may stand in the workspace, for all its members.
  const shared = new Map(tables.flatMap((table) => realNames(tableOf(tableOf(table.workspace).dependencies))));
  return tables.map((table) => {
    const targets = Object.values(tableOf(table.target)).map(tableOf);
    const named = (...groups: readonly string[]): Set<string> => {
      const all = [table, ...targets].flatMap((each) => groups.map((group) => tableOf(each[group])));
      return new Set(
        all.flatMap(realNames).map(([key, name]) => crateName(name === key ? (shared.get(key) ?? key) : name)),
      );
    };
    const { name } = tableOf(table.package);
    return {
      name: typeof name === 'string' ? crateName(name) : null,
      needed: named('dependencies', 'build-dependencies', 'build_dependencies'),
      development: named('dev-dependencies', 'dev_dependencies'),
    };
  });
}

/** `key = "1"`, `key = { package = "real", … }`. */
function realNames(dependencies: TomlTable): [key: string, name: string][] {
  return Object.entries(dependencies).map(([key, stated]) => {
    const { package: real } = tableOf(stated);
    return [key, typeof real === 'string' ? real : key];
  });
}

function tableOf(value: unknown): TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as TomlTable) : {};
}
