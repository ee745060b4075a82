import { PlimsollError } from '../errors.ts';
import { LIMITS, type LimitName, type Limits } from '../limits.ts';
import type { Analyzer, DatabaseFile, EntryType, Head, ReadContext } from '../packages/ecosystem.ts';
import type { AnalyzerFacts, LayerFlaw, LayerOutline, LocatedFileLists } from './facts.ts';
import { Inventory } from './inventory.ts';
import { InventoryBuilder } from './inventory-builder.ts';
import { LayerLinks } from './layer-links.ts';
import { displayPath, parentOf } from './path.ts';
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
  readonly limits: Limits;
  /** False for an installed system, where `.wh.` names are ordinary files and every path is a real one. */
  readonly whiteouts: boolean;
}

export interface CollectedFacts {
  readonly outline: Omit<LayerOutline, 'bytes' | 'diffId'>;
  /** null after a second read. */
  readonly inventory: Uint8Array<ArrayBuffer> | null;
  readonly analyses: ReadonlyMap<Analyzer, { facts: AnalyzerFacts; fileLists: readonly LocatedFileLists[] }>;
}

interface KeptFile {
  readonly chunks: Uint8Array[];
  bytes: number;
  readonly readers: readonly { analyzer: Analyzer; as: string }[];
}

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
  readonly #kept = new Map<string, KeptFile>();
  readonly #whiteouts = new Set<string>();
  readonly #opaques = new Set<string>();
  readonly #flaws: LayerFlaw[] = [];
  readonly #flawCounts = new Map<string, number>();
  #keptBytes = 0;
  #entries = 0;
  readonly #extra: ReadonlyMap<string, KeptFile['readers']> | null;
  #current: { entry: CollectedEntry; kept: KeptFile | null; hash: StreamHash | null } | null = null;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#links = options.whiteouts ? new LayerLinks(options.limits) : null;
    const onMisplaced = (path: string): void => this.#misplaced(path);
    const { inventoryBytes } = options.limits;
    this.#inventory = options.extra === null ? new InventoryBuilder({ inventoryBytes, onMisplaced }) : null;
    this.#extra = options.extra === null ? null : readersByPath(options.extra, options.analyzers);
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
    const previous = this.#kept.get(placed.path);
    if (previous !== undefined) {
      this.#keptBytes -= previous.bytes;
      this.#kept.delete(placed.path);
    }
    if (placed.type !== 'file') {
      this.#add(placed, null);
      return false;
    }
    const readers = this.#readers(placed, head);
    const kept = readers.length === 0 ? null : this.#keep(placed, readers);
    const hash = this.#inventory !== null && isExecutable(placed) ? (this.#options.contentHash?.() ?? null) : null;
    if (kept === null && hash === null) {
      this.#add(placed, null);
      return false;
    }
    this.#current = { entry: placed, kept, hash };
    return true;
  }

  data(chunk: Uint8Array): void {
    const current = this.#current;
    if (current === null) return;
    current.hash?.update(chunk);
    if (current.kept === null) return;
    current.kept.bytes += chunk.length;
    this.#keptBytes += chunk.length;
    // A file of a running system can grow past the size that it had.
    this.#bound('wantedFileBytes', current.kept.bytes, current.entry.path);
    this.#bound('wantedLayerBytes', this.#keptBytes, current.entry.path);
    // Lent bytes: a copy, which Buffer.prototype.slice would not be.
    current.kept.chunks.push(new Uint8Array(chunk));
  }

  end(): void {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    if (current.kept !== null) this.#kept.set(current.entry.path, current.kept);
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
      const { layerLinks: most } = this.#options.limits;
      const message = `more than ${most} symbolic links (layerLinks); what lies behind the further ones was not placed`;
      this.flaw({ code: 'limit-reached', path: null, limit: 'layerLinks', message });
    }
    const analyses = new Map<Analyzer, { facts: AnalyzerFacts; fileLists: readonly LocatedFileLists[] }>();
    for (const analyzer of this.#options.analyzers) analyses.set(analyzer, this.#analyze(analyzer, inventory));
    return {
      outline: {
        entries: this.#entries,
        whiteouts: [...this.#whiteouts].sort(),
        opaques: [...this.#opaques].sort(),
        flaws: this.#listedFlaws(),
      },
      inventory: bytes,
      analyses,
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
    const code = this.#kept.has(path) ? 'wanted-file-unreadable' : 'unreadable-path';
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

  #readers(entry: CollectedEntry, head: Head): KeptFile['readers'] {
    if (this.#extra !== null) return this.#extra.get(entry.path) ?? [];
    const { analyzers, skip } = this.#options;
    const readers = analyzers
      .filter((analyzer) => analyzer.wants(entry, head) === 'whole')
      .map((analyzer) => ({ analyzer, as: entry.path }));
    if (!skip(entry.path)) return readers;
    if (readers.length > 0) {
      const wanting = readers.map(({ analyzer }) => analyzer.id).join(', ');
      this.flaw({
        code: 'wanted-file-skipped',
        path: entry.path,
        message: `--skip-dirs/--skip-files left it out, although ${wanting} reads it`,
      });
    } else {
      this.flaw({ code: 'skipped-by-option', path: entry.path, message: 'left out by --skip-dirs/--skip-files' });
    }
    return [];
  }

  #keep(entry: CollectedEntry, readers: KeptFile['readers']): KeptFile | null {
    const { wantedFileBytes } = this.#options.limits;
    if (entry.size <= wantedFileBytes) return { chunks: [], bytes: 0, readers };
    this.flaw({
      code: 'limit-reached',
      path: entry.path,
      limit: 'wantedFileBytes',
      message: `the file has ${entry.size} bytes, more than the ${wantedFileBytes} that are read of one file (wantedFileBytes)`,
    });
    return null;
  }

  #add(entry: CollectedEntry, sha256: Uint8Array | null): void {
    const { path, type, mode, linkTarget: target } = entry;
    this.#inventory?.add({ path, type, mode, size: type === 'file' ? entry.size : 0, target, sha256 });
  }

  #analyze(analyzer: Analyzer, inventory: Inventory | null): { facts: AnalyzerFacts; fileLists: LocatedFileLists[] } {
    const files: DatabaseFile[] = [];
    const realPaths = new Map<string, string>();
    for (const [realPath, kept] of this.#kept) {
      // A later entry of the layer may have replaced the file or a directory above it.
      if (inventory !== null && inventory.find(realPath)?.type !== 'file') continue;
      for (const reader of kept.readers) {
        if (reader.analyzer !== analyzer) continue;
        realPaths.set(reader.as, realPath);
        files.push({ path: reader.as, bytes: concatenate(kept) });
      }
    }
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    const { units } = analyzer.readDatabase(files, this.#options.context);
    return {
      facts: {
        read: [...new Set(realPaths.values())].sort(),
        units: units.map((unit) => ({
          realPath: realPaths.get(unit.path) ?? unit.path,
          unit: { ...unit, fileLists: [] },
        })),
      },
      fileLists: units
        .filter((unit) => unit.fileLists.length > 0)
        .map((unit) => ({ realPath: realPaths.get(unit.path) ?? unit.path, fileLists: unit.fileLists })),
    };
  }

  #bound(limit: LimitName, value: number, path: string): void {
    const most = this.#options.limits[limit];
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

function readersByPath(extra: readonly ExtraRead[], analyzers: readonly Analyzer[]): Map<string, KeptFile['readers']> {
  const byPath = new Map<string, { analyzer: Analyzer; as: string }[]>();
  for (const { realPath, analyzerId, as } of extra) {
    const analyzer = analyzers.find(({ id }) => id === analyzerId);
    if (analyzer === undefined) continue;
    const readers = byPath.get(realPath);
    if (readers === undefined) byPath.set(realPath, [{ analyzer, as }]);
    else readers.push({ analyzer, as });
  }
  return byPath;
}

function isExecutable(entry: CollectedEntry): boolean {
  return (entry.mode & 0o111) !== 0 || LIBRARY.test(entry.path);
}

function concatenate(kept: KeptFile): Uint8Array {
  if (kept.chunks.length === 1) return kept.chunks[0]!;
  const whole = new Uint8Array(kept.bytes);
  let at = 0;
  for (const chunk of kept.chunks.splice(0)) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  kept.chunks.push(whole);
  return whole;
}
