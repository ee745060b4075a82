import type { ReportPackage } from '../report/report.ts';
import { isOwnPackage } from './read-properties.ts';
import type { StatedPackage, StatedSbom } from './stated-sbom.ts';

/** The packages of one SBOM. Entries of one id are one package, which was found at the paths of all of them. */
export class PackageSet {
  readonly #packages = new Map<string, ReportPackage>();
  /** By reference in the SBOM. */
  readonly #ids = new Map<string, string>();
  /** Who wrote them said what they depend on. */
  readonly #own = new Set<string>();

  get size(): number {
    return this.#packages.size;
  }

  add(read: ReportPackage, stated: StatedPackage): void {
    const known = this.#packages.get(read.id);
    this.#packages.set(read.id, known === undefined ? read : merged(known, read));
    if (stated.ref !== null) this.#ids.set(stated.ref, read.id);
    if (isOwnPackage(stated.properties)) this.#own.add(read.id);
  }

  /** In the order added; those of other tools with the names of what they depend on. */
  all(dependencies: StatedSbom['dependencies']): ReportPackage[] {
    const names = new Map<string, Set<string>>();
    for (const [from, targets] of dependencies) {
      const id = this.#ids.get(from);
      if (id === undefined || this.#own.has(id)) continue;
      const known = names.get(id) ?? new Set();
      names.set(id, known);
      for (const to of targets) {
        const target = this.#packages.get(this.#ids.get(to) ?? '');
        if (target !== undefined && target.id !== id) known.add(target.name);
      }
    }
    return [...this.#packages.values()].map((each) => {
      const dependsOn = names.get(each.id);
      return dependsOn === undefined ? each : { ...each, dependsOn: [...dependsOn].sort() };
    });
  }
}

function merged(a: ReportPackage, b: ReportPackage): ReportPackage {
  return {
    ...a,
    paths: union(a.paths, b.paths),
    licenses: union(a.licenses, b.licenses),
    dependsOn: union(a.dependsOn, b.dependsOn),
    foundBy: union(a.foundBy, b.foundBy),
    development: a.development && b.development,
  };
}

function union(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])].sort();
}
