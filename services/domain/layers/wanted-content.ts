import { PlimsollError } from '../errors.ts';
import type { LimitName, Limits } from '../limits.ts';
import type {
  Analyzer,
  DatabaseFile,
  DatabaseUnit,
  EntryFacts,
  FileExtractor,
  ReadContext,
  Wanted,
} from '../packages/ecosystem.ts';
import type { AnalyzerFacts, LocatedFileLists } from './facts.ts';
import { displayPath } from './path.ts';

/** An analyzer that wants a file: how, and under which name. */
export interface FileReader {
  readonly analyzer: Analyzer;
  readonly as: string;
  readonly wanted: Exclude<Wanted, 'no'>;
}

/** A file whose content has passed: what is held of it for later, and what was parsed there and then. */
interface PassedFile {
  readonly readers: readonly FileReader[];
  readonly held: Uint8Array | null;
  readonly parsed: readonly { readonly analyzer: Analyzer; readonly unit: DatabaseUnit }[];
}

/**
 * What analyzers want of one layer's content, and nothing else of it. The files of a database are held until the layer
 * is through, as they are read together; a file that speaks for itself is parsed as it ends, and only what it said stays.
 */
export class WantedContent {
  readonly #context: ReadContext;
  readonly #limits: Limits;
  readonly #files = new Map<string, PassedFile>();
  readonly #links = new Map<Analyzer, Set<string>>();
  readonly #records = new Map<Analyzer, number>();
  #heldBytes = 0;
  #passing: PassingFile | null = null;

  constructor(context: ReadContext) {
    this.#context = context;
    this.#limits = context.limits;
  }

  /** Whether a file of this path is held for the analyzer of a database. */
  holds(path: string): boolean {
    return this.#files.get(path)?.held != null;
  }

  /** A later entry of the layer stands in the place of this one. */
  drop(path: string): void {
    this.#heldBytes -= this.#files.get(path)?.held?.length ?? 0;
    this.#files.delete(path);
    for (const links of this.#links.values()) links.delete(path);
  }

  /** A hard link whose name analyzers want: its bytes lie under another name. */
  link(path: string, analyzers: readonly Analyzer[]): void {
    for (const analyzer of analyzers) {
      const links = this.#links.get(analyzer) ?? new Set();
      this.#links.set(analyzer, links.add(path));
      this.#bound('packages', links.size, path);
    }
  }

  start(entry: EntryFacts, readers: readonly FileReader[]): void {
    this.#passing = new PassingFile(entry, readers, this.#context);
  }

  /** The bytes are lent. */
  push(chunk: Uint8Array): void {
    const passing = this.#passing;
    if (passing === null) return;
    passing.push(chunk);
    // A file of a running system can grow past the size that it had.
    this.#bound('wantedFileBytes', passing.heldBytes, passing.path);
    this.#bound('wantedLayerBytes', this.#heldBytes + passing.heldBytes, passing.path);
  }

  end(): void {
    const passing = this.#passing;
    if (passing === null) return;
    this.#passing = null;
    const file = passing.end();
    for (const { analyzer, unit } of file.parsed) {
      const records = (this.#records.get(analyzer) ?? 0) + unit.packages.length;
      this.#records.set(analyzer, records);
      this.#bound('packages', records, passing.path);
    }
    this.#heldBytes += file.held?.length ?? 0;
    this.#files.set(passing.path, file);
  }

  /** What one analyzer makes of the files that still stand in the layer. */
  analyze(
    analyzer: Analyzer,
    stands: (path: string) => boolean,
  ): { facts: AnalyzerFacts; fileLists: LocatedFileLists[] } {
    const together: DatabaseFile[] = [];
    const realPaths = new Map<string, string>();
    const units: DatabaseUnit[] = [];
    for (const [realPath, { readers, held, parsed }] of this.#files) {
      const own = readers.filter((reader) => reader.analyzer === analyzer);
      if (own.length === 0 || !stands(realPath)) continue;
      const said = parsed.filter((each) => each.analyzer === analyzer).map(({ unit }) => unit);
      units.push(...said);
      // Of what speaks for itself only the files that said something are worth remembering.
      if (held === null && said.length === 0) continue;
      for (const { as } of own) {
        realPaths.set(as, realPath);
        if (held !== null && !isReadAlone(analyzer)) together.push({ path: as, bytes: held });
      }
    }
    together.sort(byPath);
    if (!isReadAlone(analyzer)) units.push(...analyzer.readDatabase(together, this.#context).units);
    else units.sort(byPath);
    const locate = ({ path }: DatabaseUnit): string => realPaths.get(path) ?? path;
    const links = [...(this.#links.get(analyzer) ?? [])].sort();
    return {
      facts: {
        read: [...new Set(realPaths.values())].sort(),
        units: units.map((unit) => ({ realPath: locate(unit), unit: { ...unit, fileLists: [] } })),
        ...(links.length > 0 && { links }),
      },
      fileLists: units
        .filter((unit) => unit.fileLists.length > 0)
        .map((unit) => ({ realPath: locate(unit), fileLists: unit.fileLists })),
    };
  }

  #bound(limit: LimitName, value: number, path: string): void {
    const most = this.#limits[limit];
    if (value <= most) return;
    throw new PlimsollError(
      'LIMIT_EXCEEDED',
      `${displayPath(path)} takes the layer past its limit ${limit} of ${most}`,
      { details: { limit, path } },
    );
  }
}

/** Files of such an analyzer speak for themselves; what it extracts does so too. */
function isReadAlone({ perFile, extract }: Analyzer): boolean {
  return perFile === true || extract !== undefined;
}

class PassingFile {
  readonly path: string;
  heldBytes = 0;
  readonly #readers: readonly FileReader[];
  readonly #context: ReadContext;
  readonly #extractors: readonly { readonly reader: FileReader; readonly extractor: FileExtractor }[];
  readonly #chunks: Uint8Array[] | null;
  readonly #most: number;

  constructor(entry: EntryFacts, readers: readonly FileReader[], context: ReadContext) {
    this.path = entry.path;
    this.#readers = readers;
    this.#context = context;
    const whole = readers.filter(({ wanted }) => wanted === 'whole');
    this.#chunks = whole.length > 0 ? [] : null;
    // A description of packages that is longer is not parsed: one byte more tells so.
    const areShort = whole.every(({ analyzer }) => analyzer.perFile === true);
    this.#most = areShort ? context.limits.packageFileBytes + 1 : Number.POSITIVE_INFINITY;
    this.#extractors = readers.flatMap((reader) => {
      const extractor = reader.wanted === 'extract' ? reader.analyzer.extract?.(entry, context) : undefined;
      return extractor === undefined ? [] : [{ reader, extractor }];
    });
  }

  push(chunk: Uint8Array): void {
    for (const { extractor } of this.#extractors) extractor.push(chunk);
    if (this.#chunks === null) return;
    const kept = chunk.subarray(0, this.#most - this.heldBytes);
    if (kept.length === 0) return;
    this.heldBytes += kept.length;
    // Lent bytes: a copy, which Buffer.prototype.slice would not be.
    this.#chunks.push(new Uint8Array(kept));
  }

  end(): PassedFile {
    const readers = this.#readers;
    const bytes = this.#chunks === null ? null : concatenate(this.#chunks, this.heldBytes);
    const held = readers.some(({ analyzer, wanted }) => wanted === 'whole' && !isReadAlone(analyzer)) ? bytes : null;
    const extracts = this.#extractors.map(({ reader, extractor }) => ({ reader, bytes: extractor.finish() }));
    const alone = readers.flatMap((reader) =>
      reader.wanted === 'whole' && isReadAlone(reader.analyzer) ? [{ reader, bytes }] : [],
    );
    const parsed = [...extracts, ...alone].flatMap(({ reader: { analyzer, as }, bytes: content }) => {
      if (content === null) return [];
      const { units } = analyzer.readDatabase([{ path: as, bytes: content }], this.#context);
      return units.filter(saysSomething).map((unit) => ({ analyzer, unit }));
    });
    return { readers, held, parsed };
  }
}

function saysSomething({ packages, gaps, text }: DatabaseUnit): boolean {
  return packages.length > 0 || gaps.length > 0 || text !== null;
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
