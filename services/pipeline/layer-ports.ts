import type { GapCode } from '../domain/completeness.ts';
import type { PlimsollError } from '../domain/errors.ts';
import type { ExtraRead, LayerCollector } from '../domain/layers/collector.ts';
import type { Limits } from '../domain/limits.ts';
import type { Analyzer } from '../domain/packages/ecosystem.ts';
import type { Sandbox } from '../domain/report/report.ts';
import type { BlobLocation, FetchedLocation, FetchOptions, StoredBytes } from './image-ports.ts';

/** Reading layers, and keeping what was read of them. */

/** Opens layers for a reader that is to see nothing else of where they lie. */
export interface LayerOpener {
  /**
   * Of jobs in one file, or of one job: each once, in the order that suits the file, and valid until the next is asked for. No
   * directories. TARGET_NOT_FOUND, TARGET_UNREADABLE, COMPRESSION_INVALID, LIMIT_EXCEEDED; while bytes pass, also what fetching raises.
   */
  open(
    jobs: readonly LayerJob[],
    options: FetchOptions,
  ): AsyncIterable<{ readonly job: LayerJob; readonly bytes: StoredBytes }>;
}

/** One layer to read, and what to take from it. */
export interface LayerJob {
  /** Index in the image, base first. */
  readonly layer: number;
  readonly location: BlobLocation;
  /** What the bytes as stored must hash to; null where nobody said. */
  readonly digest: string | null;
  /** What the manifest says of their count; null where nobody said. */
  readonly size: number | null;
  /** Hash the uncompressed bytes too. */
  readonly wantDiffId: boolean;
  readonly analyzers: readonly Pick<Analyzer, 'id' | 'version'>[];
  readonly inventory: 'none' | 'paths' | 'full';
  /** A second read of certain paths; null for a first one. */
  readonly extra: readonly ExtraRead[] | null;
}

export interface LayerReading {
  /** The facts by part name; empty where the bytes are not what they should be. */
  readonly parts: ReadonlyMap<string, Uint8Array>;
  /** `sha256:HEX` of the bytes as stored; null for a directory and after a failure. */
  readonly digest: string | null;
  /** Why the layer was not read to its end; what `parts` holds may be part of the truth. */
  readonly failure: { readonly code: GapCode; readonly message: string } | null;
  /** Where the registry failed, not the layer: there can be no report, and a later attempt may do better. */
  readonly error?: PlimsollError;
}

export interface ReadOptions {
  readonly limits: Limits;
  readonly skipDirs: readonly string[];
  readonly skipFiles: readonly string[];
  readonly onProgress: ProgressSink;
  readonly signal: AbortSignal;
}

/** Reads layers, as many at once as is good for the machine. One reading per job, in the order of the jobs. */
export interface LayerReader {
  /** What holds whatever reads a layer; absent where that is this very process. */
  sandbox?(limits: Limits): Promise<Sandbox>;
  read(jobs: readonly LayerJob[], options: ReadOptions): Promise<readonly LayerReading[]>;
}

/** A layer whose bytes are through, and are those that they should be. */
export interface WholeLayer {
  /** Uncompressed. */
  readonly bytes: number;
  readonly digest: string | null;
  readonly diffId: string | null;
}

/** A job as it is told to whoever reads the layer, who need not know where streamed bytes come from. */
export interface ToldJob extends Omit<LayerJob, 'location'> {
  readonly location: Exclude<BlobLocation, FetchedLocation> | { readonly kind: 'streamed'; readonly size: number };
}

/** One layer that is being read in a thread or a process: its entries go to the collector, and then one of the two is called. */
export interface LayerInTask {
  readonly job: ToldJob;
  readonly collector: LayerCollector;
  /** The bytes as stored, where they are streamed; each chunk is lent until the next one is asked for. */
  readonly stream: AsyncIterable<Uint8Array> | null;
  /** Once all of the stream has passed, its `sha256:HEX`, where somebody else has hashed and verified it; else null. */
  readonly verified: (() => string) | null;
  readonly onProgress: (readBytes: number) => void;
  readonly succeed: (whole: WholeLayer) => void;
  /** What was collected so far is kept, as part of the truth, unless the bytes were the wrong ones. */
  readonly fail: (error: unknown) => void;
}

/** Feeds the layers of one file, or one directory, to their collectors. */
export type LayerFeed = (
  layers: readonly LayerInTask[],
  limits: Limits,
  analyzers: readonly Analyzer[],
) => Promise<void>;

export interface LayerProgress {
  readonly layer: number;
  readonly layers: number;
  readonly readBytes: number;
  readonly totalBytes: number;
  readonly entries: number;
  readonly state: 'reading' | 'cached' | 'done' | 'failed';
}

export type ProgressSink = (progress: LayerProgress) => void;

/** Hashes a document; the pipeline holds no crypto of its own. */
export type Sha256 = (bytes: Uint8Array) => string;

/** Names one cached piece of one layer's facts. */
export interface FactsKey {
  /** `sha256:HEX` of the blob as it was read and verified; never a claimed diffID. */
  readonly digest: string;
  /** What the piece is and who made it: `inventory@1`, `dpkg@3`, `dpkg@3+HEX` for a second read of certain paths. */
  readonly part: string;
}

/** Keeps facts between scans and processes. A piece that is absent, damaged or foreign reads as null. */
export interface FactsCache {
  get(key: FactsKey): Promise<Uint8Array | null>;
  put(key: FactsKey, bytes: Uint8Array): Promise<void>;
}
