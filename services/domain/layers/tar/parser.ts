import type { Limits } from '../../limits.ts';
import { EntryReader, type ExtendedFlag, type TarEntry } from './entry.ts';
import { checkLimit, invalidTar } from './failure.ts';
import { BLOCK, checksumMatches, isZeroBlock, sizeField, typeFlag } from './header.ts';
import { addGnuSegments, isSparseMap, SparseExpander, type SparseMap, SparseMapReader } from './sparse.ts';

/** What is done with the entries, in the archive's order. Byte arrays are only lent: valid during the call. */
export interface TarHandler {
  /**
   * `head` is the first 512 bytes of the content, or all of it where it is shorter. Returns whether the content is
   * wanted; then `data` and `end` follow before the next entry.
   */
  entry(entry: TarEntry, head: Uint8Array): boolean;
  /** The content from its first byte on, in pieces of any size. Holes of sparse files come as zeros. */
  data(chunk: Uint8Array): void;
  end(): void;
}

type State =
  /** These collect `#need` bytes and then take their step. */
  | 'header'
  | 'extended-header'
  | 'gnu-map'
  | 'map-in-content'
  | 'head'
  /** `#left` bytes of wanted content follow. */
  | 'content'
  /** `#left` bytes of no interest follow. */
  | 'skip'
  | 'ended';

/** A sparse file whose map is being read. */
interface MappedFile {
  readonly entry: TarEntry;
  /** Bytes of content that are still to come. */
  stored: number;
  readonly map: number[];
  readonly reader: SparseMapReader;
}

const NOTHING = new Uint8Array(0);
const HEAD = 512;

/**
 * Reads a tar stream that is pushed into it in chunks of any size, and hands its entries on without copying content.
 *
 * Container runtimes unpack layers with Go's archive/tar, so where tools disagree its reading is taken: that is what
 * runs. Global extended headers change no entry; links, directories and devices have no content whatever their size
 * field says; the GNU long name wins over the PAX path; one block of zeros, then data, is an error; padding may be
 * missing at the very end. What Go refuses and others write is read all the same: a link followed by content (POSIX
 * pax), Solaris' X for x. A stream of no bytes is an empty archive, as for Go.
 *
 * Throws PlimsollError ARCHIVE_INVALID with the byte `offset`, or LIMIT_EXCEEDED with the `limit`; it is of no use after.
 */
export class TarParser {
  readonly #handler: TarHandler;
  readonly #limits: Limits;
  readonly #reader: EntryReader;

  #state: State = 'header';
  #need = BLOCK;
  /** Of the bytes needed, how many came with earlier chunks and are held. */
  #held = 0;
  readonly #block = new Uint8Array(BLOCK);
  #holder = this.#block;
  #left = 0;
  /** Padding behind the content. */
  #padding = 0;

  #offset = 0;
  #headerOffset = 0;
  #contentOffset = 0;
  #entries = 0;
  #unknown = 0;
  #zeroBlock = false;
  /** What an entry without content claims to have: the next block tells, as then it is no header. */
  #claimed = 0;

  #extendedFlag: ExtendedFlag = 'x';
  #mapped: MappedFile | null = null;
  #entry: TarEntry | null = null;
  #expander: SparseExpander | null = null;
  #holes = 0;
  readonly #emit = (chunk: Uint8Array): void => this.#handler.data(chunk);

  constructor(handler: TarHandler, limits: Limits) {
    this.#handler = handler;
    this.#limits = limits;
    this.#reader = new EntryReader(limits);
  }

  /** Entries so far, those of unknown type included. */
  get entries(): number {
    return this.#entries;
  }

  /** Entries of a type that no rule covers (volume labels, multi-volume parts, vendor types): skipped, not handed on. */
  get unknownEntries(): number {
    return this.#unknown;
  }

  /** Bytes consumed. */
  get offset(): number {
    return this.#offset;
  }

  /** During `entry`: where its content starts in the stream; -1 where it does not lie there in one piece (sparse). */
  get contentOffset(): number {
    return this.#contentOffset;
  }

  /** The end marker was seen: what is pushed from now on is not looked at. */
  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Bytes that come next and are of no interest: they may be passed over by `skip` in place of `push`. */
  get skippable(): number {
    return this.#state === 'skip' ? this.#left : 0;
  }

  /** Passes over `length` bytes, at most `skippable`. */
  skip(length: number): void {
    if (length < 0 || length > this.skippable) throw new RangeError(`cannot skip ${length} of ${this.skippable} bytes`);
    this.#offset += length;
    this.#left -= length;
    if (this.#state === 'skip') this.#skipNext(this.#left);
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      const available = chunk.length - at;
      switch (this.#state) {
        case 'ended':
          this.#offset += available;
          return;
        case 'skip': {
          const length = Math.min(this.#left, available);
          at += length;
          this.skip(length);
          break;
        }
        case 'content': {
          const length = Math.min(this.#left, available);
          this.#offset += length;
          this.#deliver(length === chunk.length ? chunk : chunk.subarray(at, at + length));
          at += length;
          break;
        }
        default:
          at += this.#collect(chunk, at);
      }
    }
  }

  /** The stream's end. An archive may lack its end marker, but no part of an entry. */
  finish(): void {
    if (this.#state === 'ended') return;
    const betweenEntries = this.#state === 'header' && this.#held === 0;
    const onlyPadding = this.#state === 'skip' && this.#left <= this.#padding;
    if ((betweenEntries || onlyPadding) && !this.#reader.pending) return;
    throw invalidTar('it ends in the middle of an entry (truncated)', this.#offset);
  }

  /** Gives the step its bytes: straight from the chunk where they all are in it, else once they are put together. */
  #collect(chunk: Uint8Array, at: number): number {
    const available = chunk.length - at;
    if (this.#held === 0) {
      if (available >= this.#need) {
        const before = this.#offset;
        if (this.#state === 'head') this.#head(chunk.subarray(at, at + this.#need), true);
        else this.#step(chunk, at);
        return this.#offset - before;
      }
      this.#holder = this.#need > BLOCK ? new Uint8Array(this.#need) : this.#block;
    }
    const length = Math.min(available, this.#need - this.#held);
    this.#holder.set(chunk.subarray(at, at + length), this.#held);
    this.#held += length;
    this.#offset += length;
    if (this.#held < this.#need) return length;
    this.#offset -= this.#held;
    this.#held = 0;
    if (this.#state === 'head') this.#head(this.#holder.subarray(0, this.#need), false);
    else this.#step(this.#holder, 0);
    return length;
  }

  #step(bytes: Uint8Array, at: number): void {
    const start = this.#offset;
    this.#offset += this.#need;
    switch (this.#state) {
      case 'header':
        this.#headerOffset = start;
        this.#header(bytes, at);
        break;
      case 'extended-header':
        this.#extendedHeader(bytes.subarray(at, at + this.#need));
        break;
      case 'gnu-map':
        this.#gnuMap(bytes, at, 'extension');
        break;
      case 'map-in-content':
        this.#mapInContent(bytes, at);
        break;
    }
  }

  #header(bytes: Uint8Array, at: number): void {
    const claimed = this.#claimed;
    this.#claimed = 0;
    if (bytes[at] === 0 && isZeroBlock(bytes, at)) {
      if (this.#zeroBlock) this.#state = 'ended';
      this.#zeroBlock = true;
      return;
    }
    if (this.#zeroBlock) throw invalidTar('a block of zeros is followed by data', this.#headerOffset);
    if (!checksumMatches(bytes, at)) {
      if (claimed === 0) throw invalidTar('the checksum of a header does not match', this.#headerOffset);
      this.#padding = padding(claimed);
      this.#skipNext(claimed + this.#padding - BLOCK);
      return;
    }
    const flag = String.fromCharCode(typeFlag(bytes, at));
    if (flag === 'x' || flag === 'X') this.#expectExtended('x', bytes, at);
    else if (flag === 'L' || flag === 'K') this.#expectExtended(flag, bytes, at);
    else this.#entryHeader(bytes, at, flag);
  }

  #expectExtended(flag: ExtendedFlag, bytes: Uint8Array, at: number): void {
    const size = sizeField(bytes, at);
    if (size < 0) throw invalidTar('the size in a header is no size', this.#headerOffset);
    checkLimit(this.#limits, 'paxHeaderBytes', size, 'an extended header or long name', this.#headerOffset);
    this.#extendedFlag = flag;
    this.#padding = padding(size);
    this.#expect('extended-header', size);
    if (size === 0) this.#extendedHeader(NOTHING);
  }

  #extendedHeader(content: Uint8Array): void {
    this.#reader.extend(this.#extendedFlag, content, this.#headerOffset);
    this.#skipNext(this.#padding);
  }

  #entryHeader(bytes: Uint8Array, at: number, flag: string): void {
    if (flag === 'g') this.#reader.forget();
    const { entry, stored, map } = this.#reader.read(bytes, at, this.#headerOffset);
    this.#padding = padding(stored);
    if (flag === 'g') {
      this.#skipNext(stored + this.#padding);
      return;
    }
    this.#entries++;
    checkLimit(this.#limits, 'layerEntries', this.#entries, 'the number of entries', this.#headerOffset);
    if (entry === null) {
      this.#unknown++;
      this.#skipNext(stored + this.#padding);
    } else if (entry.type !== 'file') {
      this.#contentOffset = this.#offset;
      this.#claimed = stored;
      this.#expect('header', BLOCK);
      if (this.#handler.entry(entry, NOTHING)) this.#handler.end();
    } else if (map === 'none') this.#content(entry, stored, null);
    else if (map !== 'in-gnu-header' && map !== 'in-content') this.#content(entry, stored, map);
    else {
      const reader = new SparseMapReader(this.#limits);
      this.#mapped = { entry, stored, map: reader.map, reader };
      if (map === 'in-gnu-header') this.#gnuMap(bytes, at, 'header');
      else this.#expectMapBlock(this.#mapped);
    }
  }

  #gnuMap(bytes: Uint8Array, at: number, where: 'header' | 'extension'): void {
    const file = this.#mapped!;
    const state = addGnuSegments(file.map, bytes, at, where, this.#limits);
    if (state === 'invalid')
      throw invalidTar('the map of a sparse file has a field that is no number', this.#headerOffset);
    if (state === 'more') this.#expect('gnu-map', BLOCK);
    else this.#content(file.entry, file.stored, file.map);
  }

  #mapInContent(bytes: Uint8Array, at: number): void {
    const file = this.#mapped!;
    const state = file.reader.add(bytes, at);
    if (state === 'invalid')
      throw invalidTar('the map of a sparse file has a line that is no number', this.#headerOffset);
    if (state === 'more') this.#expectMapBlock(file);
    else this.#content(file.entry, file.stored, file.map);
  }

  #expectMapBlock(file: MappedFile): void {
    if (file.stored < BLOCK)
      throw invalidTar('the map of a sparse file is longer than its content', this.#headerOffset);
    file.stored -= BLOCK;
    this.#expect('map-in-content', BLOCK);
  }

  /** `stored` bytes of content come next. */
  #content(entry: TarEntry, stored: number, map: SparseMap | null): void {
    this.#mapped = null;
    if (map !== null && !isSparseMap(map, entry.size, stored)) {
      throw invalidTar('the map of a sparse file does not fit its size', this.#headerOffset);
    }
    this.#entry = entry;
    this.#expander = map === null ? null : new SparseExpander(map, entry.size);
    this.#contentOffset = map === null ? this.#offset : -1;
    this.#left = stored;
    this.#padding = padding(stored);
    const head = Math.min(HEAD, entry.size);
    this.#expect('head', this.#expander?.storedBefore(head) ?? head);
    if (this.#need === 0) this.#head(NOTHING, true);
  }

  /**
   * `stored` is what the head needs of the content. As long as it lies in the chunk it is not consumed here, but goes on
   * to be delivered or skipped in one piece with what follows.
   */
  #head(stored: Uint8Array, inChunk: boolean): void {
    const entry = this.#entry!;
    const head = this.#expander?.head(stored, Math.min(HEAD, entry.size)) ?? stored;
    this.#state = 'content';
    const wanted = this.#handler.entry(entry, head);
    const consumed = inChunk ? 0 : stored.length;
    this.#offset += consumed;
    if (!wanted) {
      this.#skipNext(this.#left + this.#padding - consumed);
      return;
    }
    this.#holes += entry.size - this.#left;
    checkLimit(this.#limits, 'layerBytes', this.#holes, 'the zeros in sparse files', this.#headerOffset);
    if (consumed > 0 || this.#left === 0) this.#deliver(stored);
  }

  #deliver(stored: Uint8Array): void {
    this.#left -= stored.length;
    if (this.#expander !== null) this.#expander.write(stored, this.#emit);
    else if (stored.length > 0) this.#handler.data(stored);
    if (this.#left > 0) return;
    this.#expander?.finish(this.#emit);
    this.#handler.end();
    this.#skipNext(this.#padding);
  }

  #skipNext(length: number): void {
    this.#left = length;
    if (length === 0) this.#expect('header', BLOCK);
    else this.#state = 'skip';
  }

  #expect(state: State, bytes: number): void {
    this.#state = state;
    this.#need = bytes;
  }
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
