import type { Advisory } from './advisory.ts';
import { bestName, isCve } from './vulnerability-id.ts';

/** Statements of one vulnerability, under the name that it goes by. */
export interface Group<Item> {
  readonly id: string;
  /** Every other name of it, ids of its records included. Sorted. */
  readonly aliases: readonly string[];
  readonly items: readonly Item[];
}

/**
 * Groups statements by what they are about, whatever order they come in. A CVE is one group, and a record that names
 * several (an erratum) is in each of theirs. A record without a CVE joins that of a record that shares a name with it,
 * also through others such; a record of several CVEs ties no names together.
 */
export function groupByVulnerability<Item extends { readonly advisory: Pick<Advisory, 'id' | 'aliases'> }>(
  items: readonly Item[],
): Group<Item>[] {
  const named = items.map((item) => {
    const names = [item.advisory.id, ...item.advisory.aliases];
    return { item, names, cves: [...new Set(names.filter(isCve))] };
  });
  const sets = new NameSets();
  for (const { names, cves } of named) {
    if (cves.length <= 1) sets.join(names.filter((name) => !isCve(name)));
  }
  const cvesOf = new Map<string, Set<string>>();
  for (const { names, cves } of named) {
    if (cves.length !== 1) continue;
    for (const name of names) if (!isCve(name)) addTo(cvesOf, sets.root(name), cves[0]!);
  }
  const groups = new Map<string, { items: Item[]; names: Set<string> }>();
  const put = (key: string, item: Item, names: readonly string[]): void => {
    let group = groups.get(key);
    if (group === undefined) {
      group = { items: [], names: new Set() };
      groups.set(key, group);
    }
    group.items.push(item);
    for (const name of names) group.names.add(name);
  };
  for (const { item, names, cves } of named) {
    if (cves.length > 1) for (const cve of cves) put(cve, item, isCve(item.advisory.id) ? [] : [item.advisory.id]);
    else if (cves.length === 1) put(cves[0]!, item, names);
    else {
      const root = sets.root(item.advisory.id);
      for (const key of cvesOf.get(root) ?? [`\0${root}`]) put(key, item, names);
    }
  }
  return [...groups].map(([key, { items: members, names }]) => {
    const id = isCve(key) ? key : bestName(names);
    names.delete(id);
    return { id, aliases: [...names].sort(), items: members };
  });
}

/** Disjoint sets of names. */
class NameSets {
  readonly #parents = new Map<string, string>();

  root(name: string): string {
    let at = name;
    for (;;) {
      const parent = this.#parents.get(at);
      if (parent === undefined || parent === at) break;
      this.#parents.set(at, this.#parents.get(parent) ?? parent);
      at = parent;
    }
    return at;
  }

  join(names: readonly string[]): void {
    const [first, ...others] = names;
    if (first === undefined) return;
    if (!this.#parents.has(first)) this.#parents.set(first, first);
    for (const other of others) {
      const [a, b] = [this.root(first), this.root(other)];
      if (a === b) continue;
      // The lesser name leads, so that the order of joining does not show.
      if (a < b) this.#parents.set(b, a);
      else this.#parents.set(a, b);
    }
  }
}

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key) ?? new Set();
  set.add(value);
  map.set(key, set);
}
