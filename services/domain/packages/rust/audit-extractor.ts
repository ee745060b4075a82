import type { Limits } from '../../limits.ts';
import { concatenated } from '../concatenated.ts';
import type { FileExtractor } from '../ecosystem.ts';
import { PT_LOAD } from '../elf-segments.ts';
import { type Span, SpanFeed, spansOf } from '../elf-spans.ts';
import { deflatesFrom } from './deflate-start.ts';

/** How every list that cargo-auditable writes begins. */
const START = '{"packages":[';
/** CMF of zlib with the window that every compressor uses, and the FLG that go with it (RFC 1950, 2.2). */
const CMF = 0x78;
const FLAGS: ReadonlySet<number> = new Set([0x01, 0x5e, 0x9c, 0xda]);
const ZLIB_HEADER = 2;
/** A code of DEFLATE and the first letters take less, however they are written. */
const ENOUGH = 1_024;

/**
 * Finds what cargo-auditable left in a program while its file streams by: its section `.dep-v0` holds zlib data and is
 * not loaded, so that it lies outside of all segments. Which section is which only stands at the end of the file; so
 * what begins as that list does is taken for it, and kept without the header of zlib. Whoever strips a program of its
 * section headers leaves the list where it is.
 */
export class AuditExtractor implements FileExtractor {
  readonly #limits: Limits;
  readonly #feed: SpanFeed<'unloaded'>;
  /** The end of what was looked through: a list may begin in it. */
  #tail: Uint8Array = new Uint8Array(0);
  #end = 0;
  #found: { readonly parts: Uint8Array[]; length: number } | null = null;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#feed = new SpanFeed<'unloaded'>(limits, {
      behindHead: 0,
      plan: (segments) => unloaded((segments ?? []).filter(({ type }) => type === PT_LOAD)),
      take: (_kind, piece, offset) => this.#take(piece, offset),
    });
  }

  push(piece: Uint8Array): void {
    this.#feed.push(piece);
  }

  finish(): Uint8Array | null {
    if (this.#found === null) this.#search(this.#tail, this.#tail.length);
    return this.#found === null ? null : concatenated(this.#found.parts);
  }

  #take(piece: Uint8Array, offset: number): void {
    const follows = offset === this.#end;
    this.#end = offset + piece.length;
    if (this.#found !== null) {
      if (follows) this.#keep(piece);
      return;
    }
    if (!follows) this.#search(this.#tail, this.#tail.length);
    const bytes = follows && this.#tail.length > 0 ? concatenated([this.#tail, piece]) : piece;
    if (this.#found !== null) return;
    const searched = Math.max(0, bytes.length - ENOUGH);
    this.#search(bytes, searched);
    this.#tail = bytes.slice(searched);
  }

  /** Whether the list begins before `to`; what is there of it is kept. */
  #search(bytes: Uint8Array, to: number): void {
    for (let at = bytes.indexOf(CMF); at >= 0 && at < to; at = bytes.indexOf(CMF, at + 1)) {
      const data = at + ZLIB_HEADER;
      if (!FLAGS.has(bytes[at + 1] ?? 0) || !deflatesFrom(bytes, data, START)) continue;
      this.#found = { parts: [], length: 0 };
      this.#keep(bytes.subarray(data));
      return;
    }
  }

  /** Compressed it is never much longer than the text may be. */
  #keep(piece: Uint8Array): void {
    const found = this.#found!;
    const part = piece.slice(0, this.#limits.rustAuditBytes + ENOUGH - found.length);
    if (part.length > 0) found.parts.push(part);
    found.length += part.length;
  }
}

/** All that no segment is loaded from; addresses are offsets here. */
function unloaded(loaded: Parameters<typeof spansOf>[1]): Span<'unloaded'>[] {
  const spans: Span<'unloaded'>[] = [];
  let end = 0;
  for (const { from, to } of spansOf('loaded', loaded)) {
    if (from > end) spans.push({ kind: 'unloaded', from: end, to: from, address: end });
    end = to;
  }
  return [...spans, { kind: 'unloaded', from: end, to: Number.POSITIVE_INFINITY, address: end }];
}
