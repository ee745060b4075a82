import { parentOf as folderOf, joinPath, normalizePath } from '../../../layers/path.ts';
import type { Limits } from '../../../limits.ts';
import type { Pom, PomDependency } from './pom-document.ts';
import { type Interpolated, Properties } from './properties.ts';

/** A dependency of a pom with all that its parents and what it imports say of it. */
export interface ResolvedDependency {
  /** `group:artifact`. */
  readonly name: Interpolated;
  readonly scope: string;
  /** null where none is stated. */
  readonly version: Interpolated | null;
}

export interface ResolvedPom {
  readonly dependencies: readonly ResolvedDependency[];
  /** Parents and imports that are not in the tree, as `group:artifact:version`; the first few. */
  readonly outside: readonly string[];
}

/** Told of what a pom says in vain: circles, and more than the limits. */
export type PomFlaw = (code: 'package-record-invalid' | 'limit-reached', message: string) => void;

/** What management says of a dependency. */
interface Managed {
  readonly version: string | null;
  readonly scope: string | null;
  /** In whose properties its version and scope are to be put in. */
  readonly properties: Properties;
}

interface Management {
  readonly entries: ReadonlyMap<string, Managed>;
  readonly outside: readonly string[];
}

/** A pom, its parent, the parent of that. */
interface Lineage {
  readonly poms: readonly Pom[];
  readonly properties: Properties;
  readonly outside: readonly string[];
}

/** So many are named in a message. */
const NAMED = 3;

/** All poms of one tree. Parents and imports are looked for in it alone. */
export class PomTree {
  readonly #depth: number;
  readonly #inheritance: number;
  readonly #byPath = new Map<string, Pom>();
  /** By `group:artifact:version`, with the version as stated and as it comes to. */
  readonly #byCoordinate = new Map<string, Pom>();
  /** By `group:artifact`: the versions in the tree, null for one that the pom alone does not tell. */
  readonly #versions = new Map<string, Set<string | null>>();
  readonly #imported = new Map<Pom, Management>();
  /** Properties and dependencies that may yet be taken over: a parent of many is read for each. */
  #left: number;

  constructor(poms: readonly Pom[], { pomDepth, pomInheritance }: Limits) {
    this.#depth = pomDepth;
    this.#inheritance = pomInheritance;
    this.#left = pomInheritance;
    for (const pom of poms) {
      this.#byPath.set(pom.path, pom);
      const name = nameOf(pom);
      const version = this.#versionOf(pom);
      const versions = this.#versions.get(name) ?? new Set();
      this.#versions.set(name, versions.add(version));
      for (const text of [versionOf(pom), version]) {
        const coordinate = `${name}:${text}`;
        if (!this.#byCoordinate.has(coordinate)) this.#byCoordinate.set(coordinate, pom);
      }
    }
  }

  /** The dependencies of a pom and its parents (Maven's "inheritance assembly"), each once, with their management. */
  resolve(pom: Pom, flaw: PomFlaw): ResolvedPom {
    const lineage = this.#lineage(pom, flaw);
    const { poms, properties } = lineage;
    const stated = new Map<string, PomDependency>();
    for (const { dependencies } of poms) {
      if (!this.#spend(dependencies.length, flaw)) break;
      // Within one pom the last of two counts.
      for (const dependency of dependencies.toReversed()) {
        const key = keyOf(dependency, properties);
        if (!stated.has(key)) stated.set(key, dependency);
      }
    }
    const isOpen = Array.from(stated.values()).some(({ version, scope }) => version === null || scope === null);
    const { entries, outside } = isOpen
      ? this.#management(lineage, [pom], flaw)
      : { entries: new Map<string, Managed>(), outside: lineage.outside };
    const dependencies = Array.from(stated, ([key, { group, artifact, version, scope }]) => {
      const managed = entries.get(key);
      const effective = scope === null ? managed?.scope : scope;
      const ownVersion = version === null ? null : properties.interpolate(version);
      return {
        name: properties.interpolate(`${group}:${artifact}`),
        scope: effective ?? 'compile',
        version: ownVersion ?? (managed?.version ? managed.properties.interpolate(managed.version) : null),
      };
    });
    return { dependencies: dependencies.reverse(), outside: outside.slice(0, NAMED) };
  }

  /** True for the artifact of a pom of the tree: the project itself. */
  has(name: string, version: string | null): boolean {
    const versions = this.#versions.get(name);
    return versions !== undefined && (version === null || versions.has(null) || versions.has(version));
  }

  #lineage(pom: Pom, flaw: PomFlaw): Lineage {
    const poms = [pom];
    const outside: string[] = [];
    for (let last = pom; last.parent !== null; ) {
      const { group, artifact, version } = last.parent;
      const parent = this.#parentOf(last);
      if (parent === null) outside.push(`${group}:${artifact}:${version}`);
      else if (poms.includes(parent)) flaw('package-record-invalid', 'its parents go round in a circle');
      else if (poms.length > this.#depth) flaw('limit-reached', `more than ${this.#depth} parents (pomDepth)`);
      else {
        poms.push(parent);
        last = parent;
        continue;
      }
      break;
    }
    return { poms, properties: this.#properties(poms, flaw), outside };
  }

  /** Where `relativePath` leads if that is the parent, else wherever in the tree it is, as in a build of all modules. */
  #parentOf({ path, parent }: Pom): Pom | null {
    const { group, artifact, version, relativePath } = parent!;
    const name = `${group}:${artifact}`;
    if (relativePath !== '') {
      const { path: target, escaped } = normalizePath(joinPath(folderOf(path), relativePath));
      const found = this.#byPath.get(target) ?? this.#byPath.get(joinPath(target, 'pom.xml'));
      if (!escaped && found !== undefined && nameOf(found) === name) {
        const isOpen = version.includes('${');
        if (isOpen || versionOf(found) === version || this.#versionOf(found) === version) return found;
      }
    }
    return this.#byCoordinate.get(`${name}:${version}`) ?? null;
  }

  /** Those of a child before those of its parents, and what Maven itself says of the project. */
  #properties(poms: readonly Pom[], flaw: PomFlaw): Properties {
    const values = new Map<string, string>();
    for (const { properties } of poms.toReversed()) {
      if (!this.#spend(properties.size, flaw)) break;
      for (const [name, value] of properties) values.set(name, value);
    }
    const pom = poms[0]!;
    const { parent } = pom;
    const own = { groupId: groupOf(pom), artifactId: pom.artifact, version: versionOf(pom) };
    for (const [name, value] of Object.entries(own)) {
      // `pom.` and the bare name are of Maven 1 and 2, and work still.
      for (const prefix of ['project.', 'pom.']) values.set(`${prefix}${name}`, value);
      if (!values.has(name)) values.set(name, value);
    }
    if (parent !== null) {
      const above = { groupId: parent.group, artifactId: parent.artifact, version: parent.version };
      for (const [name, value] of Object.entries(above)) {
        for (const prefix of ['project.parent.', 'parent.']) values.set(`${prefix}${name}`, value);
      }
    }
    return new Properties(values, this.#depth);
  }

  /** Managed dependencies of a pom and its parents, then of what these import. `open`: the poms that import it. */
  #management({ poms, properties, outside: above }: Lineage, open: readonly Pom[], flaw: PomFlaw): Management {
    const entries = new Map<string, Managed>();
    const outside = [...above];
    const imports: PomDependency[] = [];
    for (const { managed } of poms) {
      if (!this.#spend(managed.length, flaw)) break;
      imports.push(...managed.filter(isImport));
      for (const dependency of managed.toReversed()) {
        if (isImport(dependency)) continue;
        const key = keyOf(dependency, properties);
        const { version, scope } = dependency;
        if (!entries.has(key)) entries.set(key, { version, scope, properties });
      }
    }
    for (const { group, artifact, version } of imports) {
      const bom = properties.interpolate(`${group}:${artifact}:${version ?? ''}`);
      const found = 'text' in bom ? this.#byCoordinate.get(bom.text) : undefined;
      if (found === undefined) {
        if (outside.length < NAMED) outside.push('text' in bom ? bom.text : `${group}:${artifact}:${version}`);
        continue;
      }
      const imported = this.#managementOf(found, open, flaw);
      if (!this.#spend(imported.entries.size, flaw)) break;
      for (const [key, managed] of imported.entries) if (!entries.has(key)) entries.set(key, managed);
      outside.push(...imported.outside.slice(0, NAMED - outside.length));
    }
    return { entries, outside };
  }

  #managementOf(pom: Pom, open: readonly Pom[], flaw: PomFlaw): Management {
    const known = this.#imported.get(pom);
    if (known !== undefined) return known;
    const nothing = { entries: new Map<string, Managed>(), outside: [] };
    if (open.includes(pom)) {
      flaw('package-record-invalid', `what it imports goes round in a circle, at ${pom.artifact}`);
      return nothing;
    }
    if (open.length > this.#depth) {
      flaw('limit-reached', `more than ${this.#depth} imports in imports (pomDepth)`);
      return nothing;
    }
    const management = this.#management(this.#lineage(pom, flaw), [...open, pom], flaw);
    this.#imported.set(pom, management);
    return management;
  }

  /** The version of a pom by its own properties; null where they do not tell it. */
  #versionOf(pom: Pom): string | null {
    const version = new Properties(pom.properties, this.#depth).interpolate(versionOf(pom));
    return 'text' in version ? version.text : null;
  }

  #spend(count: number, flaw: PomFlaw): boolean {
    if (this.#left >= count) {
      this.#left -= count;
      return true;
    }
    this.#left = 0;
    flaw('limit-reached', `the poms of one tree inherit more than ${this.#inheritance} things (pomInheritance)`);
    return false;
  }
}

function groupOf({ group, parent }: Pom): string {
  return group ?? parent?.group ?? '';
}

function nameOf(pom: Pom): string {
  return `${groupOf(pom)}:${pom.artifact}`;
}

function versionOf({ version, parent }: Pom): string {
  return version ?? parent?.version ?? '';
}

/** What management is found by (Maven's "management key"). */
function keyOf({ group, artifact, type, classifier }: PomDependency, properties: Properties): string {
  const name = properties.interpolate(`${group}:${artifact}`);
  return `${'text' in name ? name.text : `${group}:${artifact}`}\0${type}\0${classifier}`;
}

function isImport({ scope, type }: PomDependency): boolean {
  return scope === 'import' && type === 'pom';
}
