import { baseOf } from '../layers/path.ts';
import type { Limits } from '../limits.ts';
import { concatenated } from './concatenated.ts';
import type { EntryFacts, Head } from './ecosystem.ts';
import { type ElfSegment, elfHeadSize, isElfProgram, readElfSegments } from './elf-segments.ts';

/** A stretch of the file that is looked at. */
export interface Span<Kind> {
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
  /** Where its first byte is loaded to. */
  readonly address: number;
}

export interface SpanPlan<Kind> {
  /** So many bytes behind the program headers are of interest too. */
  readonly behindHead: number;
  /** `segments` null where the headers are none, or none that a loader takes. */
  plan(segments: readonly ElfSegment[] | null, behind: Uint8Array): readonly Span<Kind>[];
  take(kind: Kind, piece: Uint8Array, address: number): void;
}

/** Every ELF header is within so many bytes. */
const ELF_HEADER = 64;
/** No program that a compiler with a runtime of its own made is smaller. */
const LEAST_BYTES = 4_096;

/** Programs and shared objects in ELF: by what they are called or may do, and then by their first bytes. */
export function isProgram({ path, type, mode, size }: EntryFacts, head: Head): boolean {
  if (type !== 'file' || size < LEAST_BYTES) return false;
  const base = baseOf(path);
  const isCandidate = (mode & 0o111) !== 0 || !base.includes('.') || /\.so(?:\.|$)/.test(base);
  return isCandidate && isElfProgram(head());
}

/**
 * The stretches of a program that somebody wants, as its file streams by. Its head is held until it tells where they
 * are; the section headers come last, and are never seen in time.
 */
export class SpanFeed<Kind> {
  readonly #limits: Limits;
  readonly #plan: SpanPlan<Kind>;
  /** Until the spans are known: the file so far. */
  #head: Uint8Array = new Uint8Array(0);
  #spans: readonly Span<Kind>[] | null = null;
  #offset = 0;

  constructor(limits: Limits, plan: SpanPlan<Kind>) {
    this.#limits = limits;
    this.#plan = plan;
  }

  push(piece: Uint8Array): void {
    if (this.#spans !== null) {
      this.#take(piece);
      return;
    }
    const head = this.#head.length === 0 ? piece : concatenated([this.#head, piece]);
    const size = this.#neededOf(head);
    if (size !== null && head.length < size) {
      this.#head = head.slice();
      return;
    }
    this.#head = new Uint8Array(0);
    const segments = size === null ? null : readElfSegments(head.subarray(0, size));
    const behind = size === null ? new Uint8Array(0) : head.subarray(size - this.#plan.behindHead, size);
    this.#spans = this.#plan.plan(segments, behind);
    this.#take(head);
  }

  /** How much of the file tells where to look; null where it is nowhere near the start. */
  #neededOf(head: Uint8Array): number | null {
    if (head.length < ELF_HEADER) return ELF_HEADER;
    const size = elfHeadSize(head);
    return size === null || size > this.#limits.elfHeadBytes ? null : size + this.#plan.behindHead;
  }

  #take(piece: Uint8Array): void {
    const start = this.#offset;
    const end = start + piece.length;
    this.#offset = end;
    for (const { kind, from, to, address } of this.#spans!) {
      if (from >= end || to <= start) continue;
      const first = Math.max(from, start);
      const part = piece.subarray(first - start, Math.min(to, end) - start);
      this.#plan.take(kind, part, address + first - from);
    }
  }
}

/** Where the segments lie in the file, none twice: a thousand that all claim the whole file are read once. */
export function spansOf<Kind>(kind: Kind, segments: readonly ElfSegment[]): Span<Kind>[] {
  let end = 0;
  return [...segments]
    .sort((a, b) => a.offset - b.offset)
    .flatMap(({ offset, size, address }) => {
      const from = Math.max(offset, end);
      end = Math.max(end, offset + size);
      return from < offset + size ? [{ kind, from, to: offset + size, address: address + from - offset }] : [];
    });
}
