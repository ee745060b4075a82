import { isDistributionPackage } from '../packages/purl.ts';
import type { EngineName, ForeignPackage } from './engines.ts';
import { type PurlIdentity, purlIdentity } from './purl-identity.ts';
import type { ReportLayer, ReportPackage } from './report.ts';

/** What one engine found. */
export interface EnginePackages {
  readonly engine: EngineName;
  readonly packages: readonly ForeignPackage[];
}

export interface MergedPackages {
  readonly packages: readonly ReportPackage[];
  /** Of each engine: what it named without a version, or without a package URL, so that nobody can use it. */
  readonly unusable: ReadonlyMap<EngineName, readonly string[]>;
}

/**
 * The union by package and place. A row of ours stays as it is, apart from the engines that found it too; what only
 * engines found is added, one row for each place. Which engine comes first makes no difference, and neither does a
 * second time.
 *
 * The place of a package of a distribution is its architecture, as its database is the same for all; that of others is
 * the file that names them. An engine that names no place means every row of that package, or one without a place.
 */
export function mergeEngines(
  ours: readonly ReportPackage[],
  layers: readonly ReportLayer[],
  found: readonly EnginePackages[],
): MergedPackages {
  const rows = new Map<string, Row[]>();
  const known = ours.map((row) => ({ row, foundBy: new Set(row.foundBy) }));
  for (const { row, foundBy } of known) {
    const identity = row.hiddenBy === null ? purlIdentity(row.purl) : null;
    if (identity !== null) append(rows, identity.key, { places: placesOf(row.type, row.arch, row.paths), foundBy });
  }
  const unusable = new Map<EngineName, string[]>();
  const sightings: Sighting[] = [];
  for (const { engine, packages } of found) {
    for (const stated of packages) {
      const identity = purlIdentity(stated.purl);
      if (identity === null || !isUsable(identity)) append(unusable, engine, stated.purl);
      else sightings.push(...sightingsOf(engine, stated, identity));
    }
  }
  const added = new Map<string, Sighting[]>();
  // Those without a place come last: they mean what the others found.
  for (const sighting of sightings.filter(({ place }) => place !== null)) {
    const same = rows
      .get(sighting.identity.key)
      ?.filter(({ places }) => places.size === 0 || places.has(sighting.place!));
    if (same?.length) for (const { foundBy } of same) foundBy.add(sighting.engine);
    else append(added, `${sighting.identity.key}\0${sighting.place}`, sighting);
  }
  const placed = Map.groupBy([...added.values()], ([first]) => first!.identity.key);
  const placeless = new Map<string, Sighting[]>();
  for (const sighting of sightings.filter(({ place }) => place === null)) {
    const { key } = sighting.identity;
    const same = [...(rows.get(key) ?? []).map(({ foundBy }) => foundBy)];
    for (const foundBy of same) foundBy.add(sighting.engine);
    for (const group of placed.get(key) ?? []) group.push({ ...sighting, paths: [], diffId: null });
    if (same.length === 0 && !placed.has(key)) append(placeless, key, sighting);
  }
  const taken = new Set(ours.map(({ id }) => id));
  const foreign = [...added.values(), ...placeless.values()].map((group) => foreignRow(group, layers));
  return {
    packages: [
      ...known.map(({ row, foundBy }) => ({ ...row, foundBy: [...foundBy].sort() })),
      ...named(foreign, taken),
    ],
    unusable,
  };
}

/** A row of ours, as sightings are held against it. */
interface Row {
  /** Empty where nothing is known of it. */
  readonly places: ReadonlySet<string>;
  readonly foundBy: Set<string>;
}

/** One engine saw one package in one place. */
interface Sighting {
  readonly engine: EngineName;
  readonly identity: PurlIdentity;
  readonly place: string | null;
  readonly paths: readonly string[];
  readonly diffId: string | null;
}

/** A version is stated, and nothing in it or the name steers a terminal or is no text. */
function isUsable({ purl, version }: PurlIdentity): boolean {
  return version !== '' && !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(`${purl.namespace ?? ''}${purl.name}${version}`);
}

function sightingsOf(engine: EngineName, { paths, diffId }: ForeignPackage, identity: PurlIdentity): Sighting[] {
  const { type, qualifiers } = identity.purl;
  const places = [...placesOf(type, qualifiers?.arch ?? null, paths)];
  if (places.length === 0) return [{ engine, identity, place: null, paths, diffId }];
  const at = (place: string) =>
    isDistributionPackage({ type }) ? paths : paths.filter((path) => placeOf(type, path) === place);
  return places.map((place) => ({ engine, identity, place, paths: at(place), diffId }));
}

/** Where a package is: for packages of a distribution the architecture, for others files. */
export function placesOf(type: string, arch: string | null, paths: readonly string[]): ReadonlySet<string> {
  if (isDistributionPackage({ type })) return new Set(arch === null ? [] : [arch]);
  return new Set(paths.map((path) => placeOf(type, path)));
}

/** An archive of Java stands for all that is in it: every tool writes paths into it in its own way. */
function placeOf(type: string, path: string): string {
  return type === 'maven' ? path.replace(/(\.[jwep]ar)[!/:].*$/is, '$1') : path;
}

/** Types whose namespace is part of the name, and what stands between the two. */
const JOINTS: ReadonlyMap<string, string> = new Map([['maven', ':']]);

function foreignRow(group: readonly Sighting[], layers: readonly ReportLayer[]): ReportPackage {
  // Of several spellings the least, so that the order of engines makes no difference.
  const { identity } = group.reduce((a, b) => (b.identity.text < a.identity.text ? b : a));
  const { purl, text, version } = identity;
  const { type } = purl;
  const distribution = isDistributionPackage({ type });
  const name = purl.namespace && !distribution ? `${purl.namespace}${JOINTS.get(type) ?? '/'}${purl.name}` : purl.name;
  const brought = group.flatMap(({ diffId }) => layers.find((layer) => layer.diffId === diffId)?.index ?? []);
  const epoch = distribution ? /^([0-9]{1,9}):/.exec(version)?.[1] : undefined;
  return {
    id: text,
    purl: text,
    type,
    name,
    version,
    arch: purl.qualifiers?.arch ?? null,
    source: distribution ? sourceOf(purl.qualifiers?.upstream) : null,
    epoch: epoch === undefined ? null : Number(epoch),
    modularity: null,
    origin: null,
    vendor: null,
    repository: null,
    licenses: [],
    layer: brought.length === 0 ? null : Math.min(...brought),
    paths: [...new Set(group.flatMap(({ paths }) => paths))].sort(),
    ownedBy: null,
    dependsOn: [],
    development: false,
    hiddenBy: null,
    foundBy: [...new Set(group.map(({ engine }) => engine))].sort(),
  };
}

/** NAME or NAME@VERSION, as Syft writes it of dpkg and apk. */
function sourceOf(upstream: string | undefined): ReportPackage['source'] {
  if (!upstream || upstream.endsWith('.src.rpm')) return null;
  const at = upstream.lastIndexOf('@');
  return at <= 0 ? { name: upstream, version: null } : { name: upstream.slice(0, at), version: upstream.slice(at + 1) };
}

/** Ids that nobody has yet: the package URL, with the place where there are several. */
function named(rows: readonly ReportPackage[], taken: ReadonlySet<string>): ReportPackage[] {
  const counts = Map.groupBy(rows, ({ purl }) => purl);
  const ids = new Set(taken);
  const ordered = rows.toSorted((a, b) => compareTexts(a.purl, b.purl) || compareTexts(a.paths.join(), b.paths.join()));
  return ordered.map((row) => {
    const alone = counts.get(row.purl)!.length === 1 && !taken.has(row.purl);
    const wanted = alone ? row.purl : `${row.purl}#${row.paths[0] ?? ''}`;
    let id = wanted;
    for (let i = 2; ids.has(id); i++) id = `${wanted}:${i}`;
    ids.add(id);
    return { ...row, id };
  });
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function append<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
