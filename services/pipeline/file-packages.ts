import { type Gap, gap } from '../domain/completeness.ts';
import { baseOf } from '../domain/layers/path.ts';
import { skipMatcher } from '../domain/layers/skip.ts';
import type { FoundEntry, ImageView } from '../domain/layers/view.ts';
import type { WantedFile } from '../domain/layers/wanted-files.ts';
import type { AttributedPackage } from '../domain/packages/attribution.ts';
import type { Analyzer, DatabaseUnit, PackageRecord } from '../domain/packages/ecosystem.ts';
import { packageUrl } from '../domain/packages/purl.ts';
import { foundSboms, parseOutline, SBOM_CONTENTS_ID } from '../domain/sbom/found-sboms.ts';
import type { SbomOutline } from '../domain/sbom/sbom-outline.ts';
import { vexFiles } from '../domain/vulnerabilities/vex/vex-files.ts';
import type { TextFile } from './embedded-vex.ts';
import type { FactsOptions, LayerFacts } from './read-facts.ts';
import type { UnitIndex } from './unit-index.ts';

/** A file that an analyzer without roots read, as the image stands. */
interface VisibleFile {
  readonly analyzer: Analyzer;
  readonly path: string;
  /** The layer that has the file, base first. */
  readonly layer: number;
  readonly entry: FoundEntry['entry'];
}

/** An SBOM that lies in the image. */
export interface FoundSbom extends SbomOutline {
  readonly path: string;
  readonly layer: number;
  /** What it says is among the packages. */
  readonly used: boolean;
}

/**
 * What single files say of packages (the languages, lockfiles): they lie anywhere, so that not a search from well-known
 * names but what the layers were found to hold leads to them. One counts where the image as it stands still shows it.
 */
export class FilePackages {
  /** Hard links by wanted names to bytes that were not read under such a name: for the second reading. */
  readonly linked: readonly WantedFile[];
  readonly #view: ImageView;
  readonly #units: UnitIndex;
  readonly #files: readonly VisibleFile[];
  readonly #options: FactsOptions;
  readonly #keys = new Map<PackageRecord, string>();

  constructor(layers: readonly LayerFacts[], view: ImageView, units: UnitIndex, options: FactsOptions) {
    this.#view = view;
    this.#units = units;
    this.#options = options;
    const analyzers = options.analyzers.filter(({ roots }) => roots.length === 0);
    this.#files = layers.flatMap((layer) => analyzers.flatMap((analyzer) => this.#visible(layer, analyzer)));
    this.linked = this.#files.flatMap((file) => this.#unread(file));
  }

  /** The paths that distribution packages may own. */
  paths(): Set<string> {
    return new Set(this.#files.filter(({ analyzer }) => analyzer.id !== vexFiles.id).map(({ path }) => path));
  }

  /** What an analyzer kept of files as text. */
  texts(analyzerId: string): TextFile[] {
    return this.#files
      .filter(({ analyzer }) => analyzer.id === analyzerId)
      .toSorted(byPath)
      .flatMap((file) =>
        this.#unitsOf(file).flatMap(({ text }) => (text === null ? [] : { path: file.path, layer: file.layer, text })),
      );
  }

  /**
   * One entry for each package, layer and owner; `paths` are all files in it that name the package. It counts for the
   * first layer of those that say the same of it in that place without a break.
   */
  packages(owners: ReadonlyMap<string, AttributedPackage>): AttributedPackage[] {
    const found = new Map<
      string,
      { record: PackageRecord; layer: number; paths: string[]; owner: AttributedPackage | null }
    >();
    for (const file of this.#files.toSorted(byPath)) {
      const owner = owners.get(file.path) ?? null;
      for (const record of this.#unitsOf(file).flatMap(({ packages }) => packages)) {
        const layer = this.#bringingLayer(file, record);
        const key = `${layer}\0${owner === null ? '' : this.#keyOf(owner.record)}\0${this.#keyOf(record)}`;
        const known = found.get(key);
        if (known === undefined) found.set(key, { record, layer, paths: [file.path], owner });
        else {
          if (known.paths.at(-1) !== file.path) known.paths.push(file.path);
          // Needed by one is needed.
          if (known.record.development && !record.development) known.record = record;
        }
      }
    }
    return Array.from(found.values(), (entry) => ({ ...entry, hiddenBy: null }));
  }

  /** A million broken files are one kind of flaw: so many are told one by one. */
  gaps(): Gap[] {
    const most = this.#options.limits.listedFlaws;
    const byCode = Map.groupBy(
      this.#files.toSorted(byPath).flatMap((file) => {
        const { path, layer } = file;
        return this.#unitsOf(file).flatMap((unit) =>
          unit.gaps.map(({ code, message }) => ({ code, message, path, layer })),
        );
      }),
      ({ code }) => code,
    );
    return [...byCode].flatMap(([code, flaws]) => {
      const told = flaws.slice(0, most).map(({ message, path, layer }) => gap(code, message, { layer, path }));
      return flaws.length <= most ? told : [...told, gap(code, `${flaws.length - most} more flaws of this kind`)];
    });
  }

  /** The SBOMs that the image as it stands shows, by path. */
  sboms(): FoundSbom[] {
    const files = this.#files.toSorted(byPath);
    const isTold = (file: VisibleFile): boolean => this.#unitsOf(file).some(({ text }) => text !== null);
    const used = new Set(files.filter((file) => file.analyzer.id === SBOM_CONTENTS_ID && isTold(file)).map(pathOf));
    return files.flatMap((file) => {
      const { path, layer } = file;
      if (file.analyzer !== foundSboms) return [];
      const outlines = this.#unitsOf(file).flatMap(({ text }) => (text === null ? [] : [parseOutline(text)]));
      return outlines.slice(0, 1).map((outline) => ({ ...outline, path, layer, used: used.has(path) }));
    });
  }

  #visible({ index, analyses }: LayerFacts, analyzer: Analyzer): VisibleFile[] {
    const facts = analyses.get(analyzer.id);
    if (facts === undefined) return [];
    const { skipDirs, skipFiles } = this.#options;
    const isSkipped = skipMatcher(skipDirs, skipFiles);
    const names = new Set([...facts.units.map(({ realPath }) => realPath), ...(facts.links ?? [])]);
    return [...names].flatMap((path) => {
      const found = this.#view.find(path);
      return found?.layer === index && !isSkipped(path) ? [{ analyzer, path, layer: index, entry: found.entry }] : [];
    });
  }

  /** The reading that a hard link needs, where its bytes were not read under a name that is as good. */
  #unread(file: VisibleFile): WantedFile[] {
    if (file.entry.type !== 'hardlink') return [];
    const content = this.#view.contentOf(file);
    if (content.kind !== 'found' || content.found.entry.type !== 'file') return [];
    const read = this.#readAs(file, content.found);
    return this.#units.has(read) ? [] : [{ ...read, readAs: file.path }];
  }

  #readAs({ analyzer, path }: VisibleFile, { layer, path: realPath }: FoundEntry): WantedFile {
    return { analyzer, name: path, layer, realPath, readAs: baseOf(realPath) === baseOf(path) ? realPath : path };
  }

  #unitsOf(file: VisibleFile): readonly DatabaseUnit[] {
    return this.#unitsAt(file, file)?.units ?? [];
  }

  /** What the file by that name said where the view after some layer had it as `found`, and the layer that has it. */
  #unitsAt(file: VisibleFile, found: FoundEntry | null): { layer: number; units: readonly DatabaseUnit[] } | null {
    if (found === null) return null;
    const content = found.entry.type === 'hardlink' ? this.#view.contentOf(found) : null;
    if (content !== null && content.kind !== 'found') return null;
    const read = this.#readAs(file, content?.found ?? found);
    const units = this.#units.of(this.#units.has(read) ? read : { ...read, readAs: file.path });
    return { layer: found.layer, units };
  }

  /** Languages spell one name in several ways; its purl has one. */
  #keyOf(record: PackageRecord): string {
    // What an SBOM states is never taken for what was read.
    const stated = record.purl === undefined ? '' : '\0stated';
    const key = this.#keys.get(record) ?? `${packageUrl(record, null)}${stated}`;
    this.#keys.set(record, key);
    return key;
  }

  #bringingLayer(file: VisibleFile, record: PackageRecord): number {
    const key = this.#keyOf(record);
    let { layer } = file;
    while (layer > 0) {
      const below = this.#unitsAt(file, this.#view.find(file.path, layer - 1));
      if (!below?.units.some(({ packages }) => packages.some((each) => this.#keyOf(each) === key))) break;
      layer = below.layer;
    }
    return layer;
  }
}

function pathOf({ path }: VisibleFile): string {
  return path;
}

function byPath(a: VisibleFile, b: VisibleFile): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.layer - b.layer;
}
