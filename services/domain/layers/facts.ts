import type { LimitName, Limits } from '../limits.ts';
import type { Analyzer, DatabaseUnit, FileList } from '../packages/ecosystem.ts';

/**
 * What one layer says, kept apart from every image that uses it: a function of the layer's bytes and of the versions
 * of what read them. Parts are cached one by one, so that a new analyzer reads for itself only.
 */

/** A flaw of the layer that its reader found; the pipeline adds the layer's index. */
export interface LayerFlaw {
  readonly code:
    | 'path-escape'
    | 'limit-reached'
    | 'wanted-file-skipped'
    | 'wanted-file-unreadable'
    | 'skipped-by-option'
    | 'unreadable-path'
    | 'other-filesystem-skipped';
  readonly path: string | null;
  readonly message: string;
  readonly limit?: LimitName;
}

/** The part that every reading has. */
export interface LayerOutline {
  /** Uncompressed bytes of the tar stream; for a directory the bytes of its files. */
  readonly bytes: number;
  readonly entries: number;
  /** `sha256:HEX` of the uncompressed bytes, where they were hashed. */
  readonly diffId: string | null;
  /** Paths that the layer deletes from the layers below it. */
  readonly whiteouts: readonly string[];
  /** Directories whose contents in the layers below it the layer hides. */
  readonly opaques: readonly string[];
  readonly flaws: readonly LayerFlaw[];
}

/** A unit and where its bytes really lie; `unit.path` is the name it was wanted by. */
export interface LocatedUnit {
  readonly realPath: string;
  readonly unit: DatabaseUnit;
}

/** What one analyzer made of one layer. File lists are kept apart: they are large and seldom asked for. */
export interface AnalyzerFacts {
  /** Every real path whose bytes the analyzer was given. */
  readonly read: readonly string[];
  readonly units: readonly LocatedUnit[];
  /** Hard links, to whatever, by names that the analyzer wants though it has no roots to search them from. */
  readonly links?: readonly string[];
}

export interface LocatedFileLists {
  readonly realPath: string;
  readonly fileLists: readonly FileList[];
}

export const OUTLINE_PART = 'outline@1';

export function inventoryPart(full: boolean): string {
  return full ? 'inventory-full@1' : 'inventory@1';
}

export function analyzerPart(analyzer: Pick<Analyzer, 'id' | 'version'>): string {
  return `${analyzer.id}@${analyzer.version}`;
}

export function fileListsPart(analyzer: Pick<Analyzer, 'id' | 'version'>): string {
  return `${analyzer.id}-files@${analyzer.version}`;
}

/** Counts the facts of one image's layers, which are held together until packages are listed. */
export class FactsBudget {
  readonly #limits: Limits;
  #facts = 0;
  #inventories = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Counts the parts of one layer, or names the limit that they would take the image past. */
  take(
    parts: Iterable<readonly [part: string, bytes: { readonly length: number }]>,
  ): 'imageFactsBytes' | 'imageInventoryBytes' | null {
    let facts = this.#facts;
    let inventories = this.#inventories;
    for (const [part, { length }] of parts) {
      if (/^inventory|-files@/.test(part)) inventories += length;
      else facts += length;
    }
    if (facts > this.#limits.imageFactsBytes) return 'imageFactsBytes';
    if (inventories > this.#limits.imageInventoryBytes) return 'imageInventoryBytes';
    this.#facts = facts;
    this.#inventories = inventories;
    return null;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeFacts(
  facts: LayerOutline | AnalyzerFacts | readonly LocatedFileLists[],
): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(facts));
}

export function decodeOutline(bytes: Uint8Array): LayerOutline {
  return JSON.parse(decoder.decode(bytes)) as LayerOutline;
}

export function decodeAnalyzerFacts(bytes: Uint8Array): AnalyzerFacts {
  return JSON.parse(decoder.decode(bytes)) as AnalyzerFacts;
}

export function decodeFileLists(bytes: Uint8Array): readonly LocatedFileLists[] {
  return JSON.parse(decoder.decode(bytes)) as readonly LocatedFileLists[];
}
