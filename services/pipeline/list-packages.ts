import { type Gap, gap } from '../domain/completeness.ts';
import type { ExtraRead } from '../domain/layers/collector.ts';
import type { AnalyzerFacts } from '../domain/layers/facts.ts';
import { displayPath } from '../domain/layers/path.ts';
import { skipMatcher } from '../domain/layers/skip.ts';
import { ImageView } from '../domain/layers/view.ts';
import { concerns, type WantedFile, type WantedFiles, wantedFiles } from '../domain/layers/wanted-files.ts';
import {
  type AttributedPackage,
  attributePackages,
  type DatabaseState,
  type VisibleUnit,
} from '../domain/packages/attribution.ts';
import { type Distribution, detectDistribution } from '../domain/packages/distribution.ts';
import type { Analyzer, DatabaseUnit } from '../domain/packages/ecosystem.ts';
import { isDistributionPackage } from '../domain/packages/purl.ts';
import type { LayerReader } from './ports.ts';
import { type FactsOptions, type LayerFacts, readExtra } from './read-facts.ts';

export interface PackageList {
  readonly packages: readonly AttributedPackage[];
  readonly distribution: Distribution | null;
  /** Package repositories of the distribution that the image names (apk). */
  readonly repositories: readonly string[];
  /** RHEL content sets by layer. */
  readonly contentSets: readonly (readonly string[])[];
  readonly gaps: readonly Gap[];
  readonly view: ImageView;
  /** The files of package databases as the image stands. */
  readonly databaseFiles: readonly WantedFile[];
  /** Facts that the second reading brought, by layer. */
  readonly extraParts: ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>;
}

/** From the facts of all layers to the packages of the image, each with the layer that brought it. */
export async function listPackages(
  layers: readonly LayerFacts[],
  reader: LayerReader,
  options: FactsOptions,
): Promise<PackageList> {
  const view = new ImageView();
  const gaps: Gap[] = [];
  const isSkipped = skipMatcher(options.skipDirs, options.skipFiles);
  const wanted: (readonly WantedFile[])[] = [];
  const spent = { files: 0, entries: 0 };
  let search: WantedFiles | null = null;
  for (const [top, layer] of layers.entries()) {
    view.push(layer);
    if (search !== null && !concerns(layer, search)) {
      wanted.push(wanted.at(-1)!);
      continue;
    }
    await options.breathe();
    options.signal.throwIfAborted();
    search = wantedFiles(view, top, options.analyzers, options.limits, spent);
    wanted.push(search.files.filter(({ name, realPath }) => !isSkipped(name) && !isSkipped(realPath)));
  }
  for (const { path, message, limit } of search?.problems ?? []) {
    const code = limit === undefined ? 'wanted-file-unreadable' : 'limit-reached';
    gaps.push(gap(code, `${displayPath(path)}: ${message}`, { path }));
  }
  const units = new UnitIndex(layers);
  const fetched = await fetchMissing(wanted, layers, units, reader, options);
  gaps.push(...fetched.gaps);
  await options.breathe();
  options.signal.throwIfAborted();
  const states = statesOf(wanted, units);
  const { packages, removed } = attributePackages(states);
  for (const { layer, path, packages: count, broken } of removed) {
    if (broken) continue;
    const by = layers[layer]!.source.instruction;
    const message = `layer ${layer}${by === null ? '' : ` (${by})`} removed or emptied ${path}, which listed ${count} packages; they are shown as hidden`;
    gaps.push(gap('package-database-removed', message, { layer, path }));
  }
  const last = wanted.at(-1) ?? [];
  gaps.push(...unitGaps(last, units));
  const texts = new Map(
    last.flatMap((file) => units.of(file).flatMap(({ path, text }) => (text === null ? [] : [[path, text] as const]))),
  );
  const distribution = detectDistribution(texts);
  if (packages.length === 0) {
    gaps.push(gap('no-packages', 'no package of any kind was found: nothing is known about what is in here'));
  } else if (distribution === null && packages.some(({ record }) => isDistributionPackage(record))) {
    gaps.push(
      gap('distribution-unknown', 'no os-release or release file says which distribution the packages belong to'),
    );
  }
  const repositories = last.flatMap((file) =>
    file.analyzer.id === 'apk' ? units.of(file).flatMap((unit) => unit.repositories) : [],
  );
  return {
    packages,
    distribution,
    repositories: [...new Set(repositories)].sort(),
    contentSets: contentSetsOf(layers),
    gaps,
    view,
    databaseFiles: last,
    extraParts: fetched.parts,
  };
}

/** What was parsed, by the layer, the real path of the bytes, and the name that they were read under. */
class UnitIndex {
  readonly #units = new Map<string, DatabaseUnit[]>();

  /** First readings: what is read is read under its own name. */
  constructor(layers: readonly LayerFacts[]) {
    for (const { index, analyses } of layers) {
      for (const [analyzerId, { read, units }] of analyses) {
        for (const path of read) this.#units.set(unitKey(analyzerId, index, path, path), []);
        for (const { realPath, unit } of units)
          this.#units.get(unitKey(analyzerId, index, realPath, realPath))?.push(unit);
      }
    }
  }

  /** A second reading: what `extra` asked for, as far as it was found. */
  add(layer: number, extra: readonly ExtraRead[], analyses: ReadonlyMap<string, AnalyzerFacts>): void {
    for (const { analyzerId, realPath, as } of extra) {
      const facts = analyses.get(analyzerId);
      if (!facts?.read.includes(realPath)) continue;
      const units = facts.units.flatMap(({ unit }) => (unit.path === as ? [unit] : []));
      this.#units.set(unitKey(analyzerId, layer, realPath, as), units);
    }
  }

  has(file: WantedFile): boolean {
    return this.#units.has(keyOf(file));
  }

  of(file: WantedFile): readonly DatabaseUnit[] {
    return this.#units.get(keyOf(file)) ?? [];
  }
}

function keyOf({ analyzer, layer, realPath, readAs }: WantedFile): string {
  return unitKey(analyzer.id, layer, realPath, readAs);
}

function unitKey(analyzerId: string, layer: number, path: string, readAs: string): string {
  return `${analyzerId}\0${layer}\0${path}\0${readAs}`;
}

async function fetchMissing(
  wanted: readonly (readonly WantedFile[])[],
  layers: readonly LayerFacts[],
  units: UnitIndex,
  reader: LayerReader,
  options: FactsOptions,
): Promise<{ gaps: Gap[]; parts: Map<number, ReadonlyMap<string, Uint8Array>> }> {
  const parts = new Map<number, ReadonlyMap<string, Uint8Array>>();
  const missing = new Map<string, WantedFile>();
  for (const files of new Set(wanted)) {
    for (const file of files) if (!units.has(file)) missing.set(keyOf(file), file);
  }
  if (missing.size === 0) return { gaps: [], parts };
  const gaps: Gap[] = [];
  const byLayer = new Map<LayerFacts, ExtraRead[]>();
  for (const { analyzer, layer, realPath, readAs } of missing.values()) {
    const facts = layers[layer]!;
    const extra = byLayer.get(facts) ?? [];
    extra.push({ realPath, analyzerId: analyzer.id, as: readAs });
    byLayer.set(facts, extra);
  }
  const { secondReadPaths: most } = options.limits;
  for (const [facts, extra] of byLayer) {
    if (extra.length <= most) continue;
    const beyond = extra.splice(most);
    for (const { analyzerId, realPath, as } of beyond) missing.delete(unitKey(analyzerId, facts.index, realPath, as));
    const message = `${most + beyond.length} wanted files are reached through links; ${most} were read (secondReadPaths)`;
    gaps.push(gap('limit-reached', message, { layer: facts.index }));
  }
  for (const [facts, { analyses, parts: found, gaps: flaws }] of await readExtra(byLayer, reader, options)) {
    units.add(facts.index, byLayer.get(facts)!, analyses);
    parts.set(facts.index, found);
    gaps.push(...flaws);
  }
  for (const file of missing.values()) {
    if (units.has(file)) continue;
    const { name: path, layer, realPath } = file;
    gaps.push(
      gap('wanted-file-unreadable', `${displayPath(path)} leads to ${displayPath(realPath)}, which could not be read`, {
        layer,
        path,
      }),
    );
  }
  return { gaps, parts };
}

function statesOf(wanted: readonly (readonly WantedFile[])[], units: UnitIndex): DatabaseState[] {
  const states: DatabaseState[] = [];
  for (const [i, files] of wanted.entries()) {
    if (i > 0 && files === wanted[i - 1]) {
      states.push(states[i - 1]!);
      continue;
    }
    const state: VisibleUnit[] = [];
    for (const file of files) {
      for (const unit of units.of(file))
        if (unit.isDatabase) state.push({ database: databaseOf(file.analyzer, unit.path), unit });
    }
    states.push(state);
  }
  return states;
}

/** A directory of one file per package (status.d) is one database. */
function databaseOf(analyzer: Analyzer, path: string): string {
  const root = analyzer.roots.find((name) => path.startsWith(`${name}/`));
  if (root === undefined) return path;
  const end = path.indexOf('/', root.length + 1);
  return end < 0 ? path : path.slice(0, end);
}

function unitGaps(files: readonly WantedFile[], units: UnitIndex): Gap[] {
  return files.flatMap((file) =>
    units
      .of(file)
      .flatMap((unit) =>
        unit.gaps.map(({ code, message }) => gap(code, message, { layer: file.layer, path: unit.path })),
      ),
  );
}

/** What each layer's own content manifests name; the base layer borrows from the next (Red Hat writes them there). */
function contentSetsOf(layers: readonly LayerFacts[]): string[][] {
  const sets = layers.map(({ analyses }) => {
    const own = analyses.get('rpm')?.units.flatMap(({ unit }) => (unit.isDatabase ? [] : unit.repositories)) ?? [];
    return [...new Set(own)].sort();
  });
  if (sets[0]?.length === 0 && sets[1] !== undefined) sets[0] = sets[1];
  return sets;
}
