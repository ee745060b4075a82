import type { Analyzer, DatabaseFile, DatabaseUnit, PackageRecord, ReadContext } from './ecosystem.ts';
import { languagePackage, type PackageFile, packageListUnit } from './package-file.ts';
import { isProjectFile } from './project-files.ts';
import { eachLine } from './text-lines.ts';
import { isToken, quote } from './unit-gaps.ts';

/** A package as a lockfile names it; what the file does not tell is left out. */
export interface LockedPackage {
  /** purl type. */
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly licenses?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly development?: boolean;
}

/**
 * The packages of one lockfile, in its order. A file may name one several times (for each platform, framework or
 * group): that is one package with all that was said of it, and needed by one is needed.
 */
export class LockedPackages {
  readonly #file: PackageFile;
  readonly #found = new Map<string, Found>();
  #isFull = false;

  constructor(file: PackageFile) {
    this.#file = file;
  }

  add({ type, name, version, licenses = [], dependsOn = [], development = false }: LockedPackage): void {
    const { gaps, limits } = this.#file;
    if (!isToken(name) || !isToken(version)) {
      gaps.add('package-record-invalid', `no package and version: ${quote(name)} ${quote(version)}`);
      return;
    }
    const key = `${name}\0${version}`;
    const known = this.#found.get(key);
    if (known !== undefined) {
      known.licenses.push(...licenses);
      known.dependsOn.push(...dependsOn);
      known.development &&= development;
    } else if (this.#found.size < limits.packages) {
      this.#found.set(key, {
        type,
        name,
        version,
        licenses: [...licenses],
        dependsOn: [...dependsOn],
        development,
      });
    } else {
      if (!this.#isFull) gaps.add('limit-reached', `more than ${limits.packages} packages (packages)`);
      this.#isFull = true;
    }
  }

  all(): readonly PackageRecord[] {
    return Array.from(this.#found.values(), ({ licenses, dependsOn, development, ...identity }) => {
      return languagePackage({
        ...identity,
        licenses: [...new Set(licenses)],
        dependsOn: [...new Set(dependsOn)],
        ...(development ? { development } : {}),
      });
    });
  }
}

/** A package while more may be said of it. */
interface Found {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly licenses: string[];
  readonly dependsOn: string[];
  development: boolean;
}

/** Each line of a lockfile of lines. One that is too long is cut, and told. */
export function eachLockLine(
  { bytes, limits, gaps }: PackageFile,
  visit: (line: string, number: number) => void,
): void {
  const most = limits.recordFieldBytes;
  const read = (line: string, number: number): boolean => {
    visit(line, number);
    return true;
  };
  if (eachLine(bytes, read, most).overlong) {
    gaps.add('limit-reached', `a line is longer than ${most} bytes (recordFieldBytes)`);
  }
}

/** The unit of one lockfile. What `read` could not read it says in the gaps of the file. */
export function lockfileUnit(
  file: DatabaseFile,
  { limits }: ReadContext,
  read: (file: PackageFile, packages: LockedPackages) => void,
): DatabaseUnit {
  return packageListUnit(file, limits, (opened) => {
    const packages = new LockedPackages(opened);
    read(opened, packages);
    return packages.all();
  });
}

/** An analyzer of lockfiles that say nothing about each other. */
export function lockfileAnalyzer({
  isWanted,
  read,
  ...identity
}: Pick<Analyzer, 'id' | 'version'> & {
  isWanted(path: string): boolean;
  read(file: PackageFile, packages: LockedPackages): void;
}): Analyzer {
  return {
    ...identity,
    roots: [],
    perFile: true,
    wants: ({ path, type }) => (type === 'file' && isWanted(path) && isProjectFile(path) ? 'whole' : 'no'),
    readDatabase: (files, context) => ({ units: files.map((file) => lockfileUnit(file, context, read)) }),
  };
}
