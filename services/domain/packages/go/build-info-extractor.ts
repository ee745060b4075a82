import type { Limits } from '../../limits.ts';
import { concatenated } from '../concatenated.ts';
import type { FileExtractor } from '../ecosystem.ts';
import { type ElfSegment, PT_LOAD, PT_NOTE, PT_TLS } from '../elf-segments.ts';
import { type Span, SpanFeed, spansOf } from '../elf-spans.ts';
import { ALIGNMENT, blobSize, isHeaderAt, pointerForm } from './build-info-blob.ts';
import { PointedTexts } from './pointed-texts.ts';

type Kind = 'data' | 'constants';

/** A segment that Go's own linker wrote; and the least size of notes that have Go's build id among them. */
const PT_PAX_FLAGS = 0x65041580;
const GO_NOTES = 0x60;

/** What UPX writes after the program headers, at a multiple of 4 of the first bytes behind them. */
export const UPX_MARK = [0x55, 0x50, 0x58, 0x21];
const UPX_WITHIN = 256;

/**
 * Finds the build information of a Go program while its file streams by. As `go version -m` it looks into the writable
 * segments; in their order in the file all of them, as a linker may make several and the section headers, which name the
 * right one, come last or were stripped. What is kept is the blob alone; UPX's mark of a packed program, in which
 * nothing can be found.
 */
export class BuildInfoExtractor implements FileExtractor {
  readonly #limits: Limits;
  readonly #feed: SpanFeed<Kind>;
  #texts: PointedTexts | null = null;
  /** Where the last piece of data ended. */
  #end = -1;
  /** The start of a header that the last piece of data ended in. */
  #partial: Uint8Array = new Uint8Array(0);
  #blob: { readonly parts: Uint8Array[]; length: number; size: number } | null = null;
  /** A header whose texts lie elsewhere. */
  #pointers: Uint8Array | null = null;
  #found: Uint8Array | null = null;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#feed = new SpanFeed<Kind>(limits, {
      behindHead: UPX_WITHIN,
      plan: (segments, behind) => this.#plan(segments, behind),
      take: (kind, piece, address) => this.#take(kind, piece, address),
    });
  }

  push(piece: Uint8Array): void {
    this.#feed.push(piece);
  }

  finish(): Uint8Array | null {
    if (this.#pointers !== null) return this.#texts?.blob(this.#pointers) ?? this.#pointers;
    return this.#found ?? (this.#blob === null ? null : concatenated(this.#blob.parts));
  }

  #plan(segments: readonly ElfSegment[] | null, behind: Uint8Array): readonly Span<Kind>[] {
    if (isPacked(behind)) this.#found = Uint8Array.from(UPX_MARK);
    // Wherever the headers are: the blob is at a multiple of its alignment in the file, too.
    if (segments === null) return [{ kind: 'data', from: 0, to: Number.POSITIVE_INFINITY, address: 0 }];
    const loaded = segments.filter(({ type, size }) => type === PT_LOAD && size > 0);
    const data = spansOf<Kind>(
      'data',
      loaded.filter(({ writable }) => writable),
    );
    if (!mayBeOld(segments)) return data;
    this.#texts = new PointedTexts(this.#limits);
    const constants = loaded.filter(({ writable }) => !writable);
    return [...data, ...spansOf<Kind>('constants', constants)];
  }

  #take(kind: Kind, piece: Uint8Array, address: number): void {
    if (this.#found !== null) return;
    if (kind === 'constants') this.#texts?.constants(piece, address);
    else this.#data(piece, address);
  }

  #data(piece: Uint8Array, address: number): void {
    if (this.#found !== null) return;
    this.#texts?.data(piece, address);
    if (this.#pointers !== null) return;
    const follows = this.#end === address;
    this.#end = address + piece.length;
    if (this.#blob !== null) {
      if (follows) this.#grow(piece);
      return;
    }
    const isPartial = follows && this.#partial.length > 0;
    const bytes = isPartial ? concatenated([this.#partial, piece]) : piece;
    const start = isPartial ? address - this.#partial.length : address;
    this.#partial = new Uint8Array(0);
    const at = findHeader(bytes, (ALIGNMENT - (start % ALIGNMENT)) % ALIGNMENT);
    if (at < 0) return;
    if (bytes.length - at < ALIGNMENT) {
      this.#partial = bytes.slice(at);
      return;
    }
    this.#blob = { parts: [], length: 0, size: ALIGNMENT };
    this.#grow(bytes.subarray(at));
  }

  #grow(piece: Uint8Array): void {
    const blob = this.#blob!;
    blob.parts.push(new Uint8Array(piece));
    blob.length += piece.length;
    if (blob.length < blob.size) return;
    const bytes = concatenated(blob.parts.splice(0));
    blob.parts.push(bytes);
    blob.size = blobSize(bytes, this.#limits);
    if (bytes.length < blob.size) return;
    this.#blob = null;
    if (pointerForm(bytes) !== null) this.#pointers = bytes.slice(0, blob.size);
    else this.#found = bytes.slice(0, blob.size);
  }
}

function isPacked(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 4) if (UPX_MARK.every((byte, i) => bytes[at + i] === byte)) return true;
  return false;
}

/** The first place that may be a header, or the start of one that goes on behind `bytes`; else -1. */
function findHeader(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at += ALIGNMENT) {
    if (bytes[at] === 0xff && isHeaderAt(bytes, at)) return at;
  }
  return -1;
}

/**
 * Whether a Go before 1.18 may have made it: searching its constants takes ten times as long as searching data. Its own
 * linker wrote a segment that later ones do not; for programs with C in them it called the system's, which has no part
 * in most others.
 */
function mayBeOld(segments: readonly ElfSegment[]): boolean {
  if (segments.some(({ type }) => type === PT_PAX_FLAGS)) return true;
  return (
    segments.some(({ type }) => type === PT_TLS) &&
    segments.some(({ type, size }) => type === PT_NOTE && size >= GO_NOTES)
  );
}
