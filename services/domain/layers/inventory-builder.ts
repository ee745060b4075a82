import { PlimsollError } from '../errors.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { Inventory, isDirectory, type KeyedEntry, pathOfKey, readEntry, treeKey, writeEntry } from './inventory.ts';
import { mergeSorted } from './merge.ts';

const RUN_ENTRIES = 16_384;

interface SequencedEntry extends KeyedEntry {
  /** Place in the layer's own order. */
  sequence: number;
}

/** All that matters of the entries of one name. */
interface Name {
  /** The last, but an implicit one only where there is no other. */
  readonly stands: SequencedEntry;
  /** The last that was no directory. */
  readonly cleared: SequencedEntry | null;
  /** The last implicit one, where it comes after what stands. */
  readonly implied: SequencedEntry | null;
}

/** A path above the current one. */
interface Above {
  readonly key: string;
  readonly isDirectory: boolean;
  /** Sequence of the last entry at this path, or above it, that was no directory: what was below it then is gone. */
  readonly cleared: number;
}

interface Run {
  readonly bytes: Uint8Array;
  readonly firstSequence: number;
}

export type AddedEntry = Omit<KeyedEntry, 'key'> & { path: string };

export interface InventoryBuilderOptions {
  /** Bytes of the finished inventory; past it adding raises LIMIT_EXCEEDED. */
  readonly inventoryBytes: number;
  /** Called at the end for each entry that cannot be: what stands above it is no directory, and was there before it. */
  readonly onMisplaced: (path: string) => void;
  /** Entries held as objects; past it they are sorted and packed into a run. */
  readonly runEntries?: number;
}

/**
 * Builds an inventory from placed entries (LayerLinks) in a layer's own order, by sorted runs and one merge: memory
 * stays near the size of the finished blocks however many entries there are.
 *
 * As a runtime unpacks them (containerd: archive.Apply), a later entry of the same name wins, and a directory that a
 * later entry replaces by something else takes what was in it along. 'implicit' only says that there is a directory.
 */
export class InventoryBuilder {
  #pending: SequencedEntry[] = [];
  readonly #runs: Run[] = [];
  readonly #runWriter = new ByteWriter();
  #runBytes = 0;
  #sequence = 0;
  readonly #options: InventoryBuilderOptions;

  constructor(options: InventoryBuilderOptions) {
    this.#options = options;
  }

  add(entry: AddedEntry): void {
    const { path, type, mode, size, target, sha256 } = entry;
    this.#pending.push({ key: treeKey(path), type, mode, size, target, sha256, sequence: this.#sequence++ });
    if (this.#pending.length >= (this.#options.runEntries ?? RUN_ENTRIES)) this.#flush();
  }

  /** Makes sure that there is a directory, without attributes of its own. */
  addImplicit(path: string): void {
    this.add({ path, ...IMPLICIT });
  }

  #flush(): void {
    const firstSequence = this.#pending[0]!.sequence;
    const out = this.#runWriter;
    let previous = '';
    for (const entry of decisive(this.#pending)) {
      writeEntry(out, entry, previous, false);
      out.varint(entry.sequence - firstSequence);
      previous = entry.key;
    }
    const bytes = out.take();
    this.#runs.push({ bytes, firstSequence });
    this.#pending = [];
    this.#runBytes += bytes.length;
    this.#checkBytes(this.#runBytes);
  }

  #checkBytes(bytes: number): void {
    const { inventoryBytes: most } = this.#options;
    if (bytes <= most) return;
    throw new PlimsollError(
      'LIMIT_EXCEEDED',
      `the names of the layer's files take it past its limit inventoryBytes of ${most}`,
      {
        details: { limit: 'inventoryBytes' },
      },
    );
  }

  finish(): Uint8Array<ArrayBuffer> {
    const blocks = new BlockWriter();
    // What stands above the current entry, the root apart.
    const above: Above[] = [];
    for (const { stands, cleared: last, implied } of names(this.#merged())) {
      const { key } = stands;
      while (above.length > 0 && !isInside(key, above.at(-1)!.key)) above.pop();
      const nearest = above.at(-1);
      const cleared = nearest?.cleared ?? -1;
      const entry = stands.sequence < cleared && implied !== null ? implied : stands;
      if (entry.sequence < cleared) continue;
      if (nearest !== undefined && !nearest.isDirectory) {
        this.#options.onMisplaced(pathOfKey(key));
        continue;
      }
      let depth = nearest === undefined ? 0 : nearest.key.length + 1;
      for (let cut = key.indexOf('\0', depth); cut >= 0; cut = key.indexOf('\0', depth)) {
        const missing = { ...IMPLICIT, key: key.slice(0, cut) };
        blocks.add(missing);
        above.push({ key: missing.key, isDirectory: true, cleared });
        depth = cut + 1;
      }
      blocks.add(entry);
      above.push({ key, isDirectory: isDirectory(entry), cleared: Math.max(cleared, last?.sequence ?? -1) });
    }
    this.#checkBytes(blocks.bytes);
    return blocks.finish();
  }

  /** In tree order, those of one name in the layer's own order. */
  #merged(): Iterable<SequencedEntry> {
    if (this.#runs.length === 0) return decisive(this.#pending);
    if (this.#pending.length > 0) this.#flush();
    return mergeSorted(this.#runs.map(readRun), inOrder);
  }
}

const IMPLICIT = { type: 'implicit', mode: 0o755, size: 0, target: null, sha256: null } as const;

function isInside(key: string, directoryKey: string): boolean {
  return key.length > directoryKey.length && key.charCodeAt(directoryKey.length) === 0 && key.startsWith(directoryKey);
}

function inOrder(a: SequencedEntry, b: SequencedEntry): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.sequence - b.sequence;
}

/** Sorts, and leaves of each name only the entries that matter, in their order. */
function* decisive(entries: SequencedEntry[]): Generator<SequencedEntry> {
  entries.sort(inOrder);
  for (const { stands, cleared, implied } of names(entries)) {
    if (cleared !== null && cleared !== stands) yield cleared;
    yield stands;
    if (implied !== null) yield implied;
  }
}

/** `entries` in order, those of one name one after the other. */
function* names(entries: Iterable<SequencedEntry>): Generator<Name> {
  let stands: SequencedEntry | null = null;
  let cleared: SequencedEntry | null = null;
  let implied: SequencedEntry | null = null;
  for (const entry of entries) {
    if (stands !== null && stands.key !== entry.key) {
      yield { stands, cleared, implied };
      stands = null;
      cleared = null;
      implied = null;
    }
    if (!isDirectory(entry)) cleared = entry;
    if (entry.type === 'implicit' && stands !== null && stands.type !== 'implicit') implied = entry;
    else {
      stands = entry;
      implied = null;
    }
  }
  if (stands !== null) yield { stands, cleared, implied };
}

function* readRun(run: Run): Generator<SequencedEntry> {
  const from = new ByteReader(run.bytes);
  for (let key = ''; from.offset < from.end; ) {
    const entry = readEntry(from, key);
    key = entry.key;
    yield Object.assign(entry, { sequence: run.firstSequence + from.varint() });
  }
}

class BlockWriter {
  readonly #blocks = new ByteWriter();
  readonly #offsets: number[] = [];
  #entries = 0;
  #previous = '';

  get bytes(): number {
    return this.#blocks.length;
  }

  add(entry: KeyedEntry): void {
    const restart = this.#entries % Inventory.blockEntries === 0;
    if (restart) this.#offsets.push(this.#blocks.length);
    writeEntry(this.#blocks, entry, this.#previous, restart);
    this.#previous = entry.key;
    this.#entries++;
  }

  finish(): Uint8Array<ArrayBuffer> {
    for (const offset of this.#offsets) this.#blocks.uint32(offset);
    this.#blocks.uint32(this.#offsets.length);
    this.#blocks.uint32(this.#entries);
    return this.#blocks.finish();
  }
}
