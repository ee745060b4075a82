import type { Report, ReportPackage } from '../report/report.ts';
import { namespacesOf } from './namespace.ts';
import { lookupKeys } from './statement.ts';

/** One thing that two advisory databases do not have alike. */
export type DatabaseChange = {
  readonly change: 'added' | 'removed' | 'changed';
} & (
  | {
      /** The advisories for one package. A name too long for a key has no namespace, and its hash for a name. */
      readonly kind: 'package';
      readonly ecosystem: string;
      readonly name: string;
    }
  /** What is said of a CVE beside advisories (KEV, EPSS, NVD). `everywhere`: the CVE list rejected it, or no longer does. */
  | { readonly kind: 'cve'; readonly id: string; readonly everywhere: boolean }
  /** A namespace with or without a feed, or with another end of support. */
  | { readonly kind: 'feed'; readonly ecosystem: string }
);

/** Names from this length on, in UTF-16 units, may have a key that does not say them. */
const HASHED_FROM = 100;

/** Changes of a database, to be asked which reports they are about. */
export class DatabaseChanges {
  readonly #packages = new Set<string>();
  readonly #cves = new Set<string>();
  readonly #feeds = new Set<string>();
  #longNames = false;
  #everything = false;

  add(change: DatabaseChange): void {
    if (change.kind === 'feed') this.#feeds.add(change.ecosystem);
    else if (change.kind === 'cve') {
      this.#cves.add(change.id);
      this.#everything ||= change.everywhere;
    } else if (change.ecosystem === '') this.#longNames = true;
    else this.#packages.add(keyOf(change.ecosystem, change.name));
  }

  /**
   * The packages of a report that have to be matched again: no other can have another row than before. `report` is as it was
   * matched with the database before the change; where it was not matched, every package that might have a row is taken.
   */
  touched({ packages, image, vulnerabilities }: Report): ReportPackage[] {
    if (this.#everything) return [...packages];
    const named = new Set(vulnerabilities?.flatMap(({ id, packageId }) => (this.#cves.has(id) ? packageId : [])) ?? []);
    const isUnmatched = vulnerabilities === undefined && this.#cves.size > 0;
    return packages.filter((item) => {
      if (isUnmatched || named.has(item.id)) return true;
      if (namespacesOf(item, image).names.some((name) => this.#feeds.has(name))) return true;
      return lookupKeys(item, image).some(({ namespace, name }) => {
        return this.#packages.has(keyOf(namespace, name)) || (this.#longNames && name.length >= HASHED_FROM);
      });
    });
  }
}

function keyOf(ecosystem: string, name: string): string {
  return `${ecosystem}\0${name}`;
}
