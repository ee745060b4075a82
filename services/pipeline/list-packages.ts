import { type Gap, gap } from '../domain/completeness.ts';
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
import type { Analyzer } from '../domain/packages/ecosystem.ts';
import { isDistributionPackage } from '../domain/packages/purl.ts';
import type { FoundVex } from '../domain/vulnerabilities/vex/found-vex.ts';
import { vexFiles } from '../domain/vulnerabilities/vex/vex-files.ts';
import { addStatedPackages } from './add-stated-packages.ts';
import { type Attested, type AttestedSbom, NOTHING_ATTESTED } from './attested-sboms.ts';
import { embeddedVex } from './embedded-vex.ts';
import { distributionOwners, type FoundDatabases } from './file-owners.ts';
import { FilePackages, type FoundSbom } from './file-packages.ts';
import type { LayerReader } from './layer-ports.ts';
import type { FactsOptions, LayerFacts } from './read-facts.ts';
import { fetchMissing, UnitIndex } from './unit-index.ts';

export interface PackageList extends FoundDatabases {
  readonly packages: readonly AttributedPackage[];
  readonly distribution: Distribution | null;
  /** Package repositories of the distribution that the image names (apk). */
  readonly repositories: readonly string[];
  /** RHEL content sets by layer. */
  readonly contentSets: readonly (readonly string[])[];
  /** SBOMs that lie in the image. */
  readonly sboms: readonly FoundSbom[];
  /** SBOMs that somebody attests beside the image. */
  readonly attested: readonly AttestedSbom[];
  /** Packages that such an SBOM names too. */
  readonly confirmed: ReadonlySet<AttributedPackage>;
  readonly vex: readonly FoundVex[];
  readonly gaps: readonly Gap[];
}

/** From the facts of all layers to the packages of the image, each with the layer that brought it. */
export async function listPackages(
  layers: readonly LayerFacts[],
  reader: LayerReader,
  options: FactsOptions,
  attested: Attested = NOTHING_ATTESTED,
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
  const files = new FilePackages(layers, view, units, options);
  const fetched = await fetchMissing([...wanted, files.linked], layers, units, reader, options);
  gaps.push(...fetched.gaps);
  await options.breathe();
  options.signal.throwIfAborted();
  const states = statesOf(wanted, units);
  const { packages: installed, removed } = attributePackages(states);
  for (const { layer, path, packages: count, broken } of removed) {
    if (broken) continue;
    const by = layers[layer]!.source.instruction;
    const message = `layer ${layer}${by === null ? '' : ` (${by})`} removed or emptied ${path}, which listed ${count} packages; they are shown as hidden`;
    gaps.push(gap('package-database-removed', message, { layer, path }));
  }
  const last = wanted.at(-1) ?? [];
  gaps.push(...unitGaps(last, units), ...files.gaps());
  const databases = { databaseFiles: last, extraParts: fetched.parts, view };
  const owners = await distributionOwners(databases, layers, options, files.paths(), installed);
  const texts = new Map(
    last.flatMap((file) => units.of(file).flatMap(({ path, text }) => (text === null ? [] : [[path, text] as const]))),
  );
  const distribution = detectDistribution(texts);
  const repositories = [
    ...new Set(
      last.flatMap((file) => (file.analyzer.id === 'apk' ? units.of(file).flatMap((unit) => unit.repositories) : [])),
    ),
  ].sort();
  const found = [...installed, ...files.packages(owners), ...attested.packages];
  const united = addStatedPackages(found, { distribution, repositories });
  const { packages, confirmed } = united;
  gaps.push(...attested.gaps, ...united.gaps);
  const sboms = files.sboms();
  const { foundSboms: most } = options.limits;
  if (sboms.length > most) {
    gaps.push(gap('limit-reached', `${sboms.length} SBOMs lie in the image; ${most} are listed (foundSboms)`));
  }
  if (packages.length === 0) {
    gaps.push(gap('no-packages', 'no package of any kind was found: nothing is known about what is in here'));
  } else if (distribution === null && packages.some(({ record }) => isDistributionPackage(record))) {
    gaps.push(
      gap('distribution-unknown', 'no os-release or release file says which distribution the packages belong to'),
    );
  }
  return {
    packages,
    distribution,
    repositories,
    contentSets: contentSetsOf(layers),
    sboms: sboms.slice(0, most),
    attested: attested.sboms,
    confirmed,
    vex: embeddedVex(files.texts(vexFiles.id)),
    gaps,
    ...databases,
  };
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
