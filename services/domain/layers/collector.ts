import { PlimsollError } from '../errors.ts';
import { LIMITS, type LimitName } from '../limits.ts';
import type { Analyzer, EntryFacts, EntryType, Head, ReadContext } from '../packages/ecosystem.ts';
import type { AnalyzerFacts, LayerFlaw, LayerOutline, LocatedFileLists } from './facts.ts';
import { Inventory } from './inventory.ts';
import { InventoryBuilder } from './inventory-builder.ts';
import { LayerLinks } from './layer-links.ts';
import { displayPath, parentOf } from './path.ts';
import { type FileReader, WantedContent } from './wanted-content.ts';
import { whiteoutOf } from './whiteout.ts';

/** One entry of a layer or a directory, as the tar parser and the directory walk both give it. */
export interface CollectedEntry {
  readonly path: string;
  readonly escaped: boolean;
  readonly type: EntryType;
  readonly mode: number;
  readonly size: number;
  readonly linkTarget: string | null;
}

/** Hashes a stream; the domain may not do it itself. */
export interface StreamHash {
  update(chunk: Uint8Array): void;
  digest(): Uint8Array;
}

/** A path that another name leads to: read for these analyzers, under the names they asked for. */
export interface ExtraRead {
  readonly realPath: string;
  readonly analyzerId: string;
  readonly as: string;
}

export interface CollectorOptions {
  readonly analyzers: readonly Analyzer[];
  /** Given for a second read: only these paths are kept, and no inventory is made. */
  readonly extra: readonly ExtraRead[] | null;
  readonly skip: (path: string) => boolean;
  /** SHA-256 of executables and libraries into the inventory; null to leave it out. */
  readonly contentHash: (() => StreamHash) | null;
  readonly context: ReadContext;
  /** False for an installed system, where `.wh.` names are ordinary files and every path is a real one. */
  readonly whiteouts: boolean;
}

export interface CollectedFacts {
  readonly outline: Omit<LayerOutline, 'bytes' | 'diffId'>;
  /** null after a second read. */
  readonly inventory: Uint8Array<ArrayBuffer> | null;
  readonly analyses: ReadonlyMap<Analyzer, { facts: AnalyzerFacts; fileLists: readonly LocatedFileLists[] }>;
}

/** Names alone decide where the bytes lie elsewhere. */
const NO_HEAD: Head = () => new Uint8Array(0);
const LIBRARY = /\.(?:so(?:\.[0-9.]+)?|dll|node|jar)$/;

/**
 * Takes the entries of one layer in its own order and keeps what the analyzers want, the inventory and the deletions.
 * Content passes through: only wanted files are held, within limits. Every path in what it finds is where a runtime
 * puts the entry, which is not always how the archive spells it (LayerLinks).
 */
export class LayerCollector {
  readonly #options: CollectorOptions;
  readonly #links: LayerLinks | null;
  readonly #inventory: InventoryBuilder | null;
  readonly #content: WantedContent;
  readonly #whiteouts = new Set<string>();
  readonly #opaques = new Set<string>();
  readonly #flaws: LayerFlaw[] = [];
  readonly #flawCounts = new Map<string, number>();
  #entries = 0;
  readonly #extra: ReadonlyMap<string, readonly ExtraRead[]> | null;
  #current: { entry: CollectedEntry; hash: StreamHash | null } | null = null;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#content = new WantedContent(options.context);
    this.#links = options.whiteouts ? new LayerLinks(options.context.limits) : null;
    const onMisplaced = (path: string): void => this.#misplaced(path);
    const { inventoryBytes } = options.context.limits;
    this.#inventory = options.extra === null ? new InventoryBuilder({ inventoryBytes, onMisplaced }) : null;
    this.#extra = options.extra === null ? null : Map.groupBy(options.extra, ({ realPath }) => realPath);
  }

  get entries(): number {
    return this.#entries;
  }

  /** TarHandler.entry */
  entry(entry: CollectedEntry, head: Uint8Array): boolean {
    return this.offer(entry, () => head);
  }

  /** Returns whether the content is wanted: then `data` and `end` follow before the next entry. */
  offer(entry: CollectedEntry, head: Head): boolean {
    this.#entries++;
    if (entry.escaped) {
      this.flaw({
        code: 'path-escape',
        path: entry.path,
        message: 'the name leaves the root by ".."; it is read as below the root',
      });
    }
    const placed = this.#place(entry);
    if (this.#options.whiteouts && this.#whiteout(placed.path)) return false;
    if (placed.path === '') return false;
    this.#links?.note(placed.path, placed.type, placed.linkTarget);
    this.#content.drop(placed.path);
    if (placed.type !== 'file') {
      if (placed.type === 'hardlink') this.#hardLink(placed);
      this.#add(placed, null);
      return false;
    }
    const readers = this.#readers(placed, head);
    const hash = this.#inventory !== null && isExecutable(placed) ? (this.#options.contentHash?.() ?? null) : null;
    if (readers.length === 0 && hash === null) {
      this.#add(placed, null);
      return false;
    }
    if (readers.length > 0) this.#content.start(placed, readers);
    this.#current = { entry: placed, hash };
    return true;
  }

  data(chunk: Uint8Array): void {
    this.#current?.hash?.update(chunk);
    this.#content.push(chunk);
  }

  end(): void {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    this.#content.end();
    this.#add(current.entry, current.hash?.digest() ?? null);
  }

  /** Notes a flaw that the reader of the layer found itself; many of one kind become one with a count. */
  flaw(flaw: LayerFlaw): void {
    const count = (this.#flawCounts.get(flaw.code) ?? 0) + 1;
    this.#flawCounts.set(flaw.code, count);
    if (count <= LIMITS.listedFlaws) this.#flaws.push(flaw);
  }

  finish(): CollectedFacts {
    const bytes = this.#inventory?.finish() ?? null;
    const inventory = bytes === null ? null : new Inventory(bytes);
    if (this.#links?.overflow) {
      const { layerLinks: most } = this.#options.context.limits;
      const message = `more than ${most} symbolic links (layerLinks); what lies behind the further ones was not placed`;
      this.flaw({ code: 'limit-reached', path: null, limit: 'layerLinks', message });
    }
    // A later entry of the layer may have replaced a file or a directory above it.
    const stands = (path: string): boolean => inventory === null || inventory.find(path)?.type === 'file';
    const { analyzers } = this.#options;
    return {
      outline: {
        entries: this.#entries,
        whiteouts: [...this.#whiteouts].sort(),
        opaques: [...this.#opaques].sort(),
        flaws: this.#listedFlaws(),
      },
      inventory: bytes,
      analyses: new Map(analyzers.map((analyzer) => [analyzer, this.#content.analyze(analyzer, stands)])),
    };
  }

  #listedFlaws(): LayerFlaw[] {
    const flaws = [...this.#flaws];
    for (const [code, count] of this.#flawCounts) {
      const more = count - LIMITS.listedFlaws;
      const last = flaws.findLast((flaw) => flaw.code === code);
      if (more > 0 && last !== undefined) flaws.push({ ...last, path: null, message: `${more} more of the same kind` });
    }
    return flaws;
  }

  #place(entry: CollectedEntry): CollectedEntry {
    if (this.#links === null) return entry;
    const path = this.#links.place(entry.path);
    if (entry.type !== 'hardlink' || entry.linkTarget === null) return path === entry.path ? entry : { ...entry, path };
    const linkTarget = this.#links.place(entry.linkTarget);
    // link(2) does not follow: another name of a symbolic link is a symbolic link.
    const symlinkTarget = this.#links.targetOf(linkTarget);
    if (symlinkTarget !== null) return { ...entry, path, type: 'symlink', linkTarget: symlinkTarget };
    return { ...entry, path, linkTarget };
  }

  #misplaced(path: string): void {
    const code = this.#content.holds(path) ? 'wanted-file-unreadable' : 'unreadable-path';
    const message = 'it lies below something that is no directory: runtimes refuse the layer, and it was left out';
    this.flaw({ code, path, message });
  }

  #whiteout(path: string): boolean {
    const whiteout = whiteoutOf(path);
    if (whiteout === null) return false;
    if (whiteout === 'bookkeeping') return true;
    (whiteout.kind === 'file' ? this.#whiteouts : this.#opaques).add(whiteout.path);
    this.#bound('layerWhiteouts', this.#whiteouts.size + this.#opaques.size, path);
    const directory = parentOf(path);
    if (directory !== '') this.#inventory?.addImplicit(directory);
    return true;
  }

  #readers(entry: CollectedEntry, head: Head): readonly FileReader[] {
    const extra = this.#extra === null ? null : (this.#extra.get(entry.path) ?? []);
    const readers = this.#options.analyzers.flatMap((analyzer): FileReader[] => {
      const names = extra === null ? [entry.path] : extra.filter((read) => read.analyzerId === analyzer.id).map(asked);
      return names.flatMap((as) => {
        const wanted = analyzer.wants({ ...entry, path: as }, head);
        // A second reading was asked for, whatever the bytes look like.
        if (wanted !== 'no') return [{ analyzer, as, wanted }];
        return extra === null ? [] : [{ analyzer, as, wanted: 'whole' }];
      });
    });
    if (extra === null && this.#options.skip(entry.path)) return this.#skipped(entry.path, readers);
    const fits = readers.every(({ wanted }) => wanted === 'extract') || this.#fits(entry);
    return fits ? readers : readers.filter(({ wanted }) => wanted === 'extract');
  }

  #skipped(path: string, readers: readonly FileReader[]): [] {
    const wanting = readers.map(({ analyzer }) => analyzer.id).join(', ');
    const message = `--skip-dirs/--skip-files left it out${wanting === '' ? '' : `, although ${wanting} reads it`}`;
    const isDatabase = readers.some(({ analyzer }) => analyzer.roots.length > 0);
    this.flaw({ code: isDatabase ? 'wanted-file-skipped' : 'skipped-by-option', path, message });
    return [];
  }

  #fits(entry: CollectedEntry): boolean {
    const { wantedFileBytes } = this.#options.context.limits;
    if (entry.size <= wantedFileBytes) return true;
    const message = `the file has ${entry.size} bytes, more than the ${wantedFileBytes} that are read of one file (wantedFileBytes)`;
    this.flaw({ code: 'limit-reached', path: entry.path, limit: 'wantedFileBytes', message });
    return false;
  }

  /** Analyzers with roots search the image for links themselves. */
  #hardLink(entry: CollectedEntry): void {
    if (this.#extra !== null || this.#options.skip(entry.path)) return;
    const file: EntryFacts = { ...entry, type: 'file' };
    const wanting = this.#options.analyzers.filter(({ roots, wants }) => {
      return roots.length === 0 && wants(file, NO_HEAD) !== 'no';
    });
    this.#content.link(entry.path, wanting);
  }

  #add(entry: CollectedEntry, sha256: Uint8Array | null): void {
    const { path, type, mode, linkTarget: target } = entry;
    this.#inventory?.add({ path, type, mode, size: type === 'file' ? entry.size : 0, target, sha256 });
  }

  #bound(limit: LimitName, value: number, path: string): void {
    const most = this.#options.context.limits[limit];
    if (value <= most) return;
    throw new PlimsollError(
      'LIMIT_EXCEEDED',
      `${displayPath(path)} takes the layer past its limit ${limit} of ${most}`,
      {
        details: { limit, path },
      },
    );
  }
}

function asked({ as }: ExtraRead): string {
  return as;
}

function isExecutable(entry: CollectedEntry): boolean {
  return (entry.mode & 0o111) !== 0 || LIBRARY.test(entry.path);
}
