import type { GapCode } from '../../domain/completeness.ts';
import { type ErrorCode, messageOf, PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';
import type { LayerJob, LayerReading } from '../../pipeline/layer-ports.ts';
import type { LayerMessage } from './protocol.ts';

export type Failure = NonNullable<LayerReading['failure']>;

/** What is heard of one layer, by the place of its job in the task. */
export type LayerNews = Exclude<LayerMessage, { readonly kind: 'idle' }>;

export interface TaskEnd {
  /** Why those layers that were not heard of will not be read; null where all were. The lane is of no more use then. */
  readonly failure: Failure | null;
  /** What a registry did, where that is no fault of the layer. */
  readonly error: PlimsollError | null;
}

/** What layers are read in, one task after another: a thread, or a process for each layer. */
export interface Lane {
  /** Reads layers that lie in one file, or one layer. Never raises. */
  read(jobs: readonly LayerJob[], hear: (news: LayerNews) => void): Promise<TaskEnd>;
  /** Lets go of it: it is well, and nobody has more use for it. */
  release(): void;
  /** Ends whatever it has running, and settles when that is gone. */
  stop(): Promise<void>;
}

/** How long layers may take together. What a slow registry takes is bounded by itself. */
export function patience(jobs: readonly LayerJob[], { layerMs, registryBlobMs }: Limits): number {
  const isFetched = jobs.some(({ location }) => location.kind === 'fetched');
  return layerMs * jobs.length + (isFetched ? registryBlobMs : 0);
}

export function tookTooLong({ layerMs }: Limits): Failure {
  return { code: 'limit-reached', message: `the layer took longer than ${layerMs} ms to read (layerMs)` };
}

/** What is wrong with a layer that a registry sends is a gap; whatever else a registry does leaves nothing to report. */
const LAYER_FLAWS: readonly ErrorCode[] = ['BLOB_MISSING', 'DIGEST_MISMATCH', 'LIMIT_EXCEEDED'];

export function isLayerFlaw({ code }: PlimsollError): boolean {
  return LAYER_FLAWS.includes(code);
}

const GAP_OF_ERROR: Readonly<Record<string, GapCode>> = {
  LIMIT_EXCEEDED: 'limit-reached',
  DIGEST_MISMATCH: 'layer-digest-mismatch',
  BLOB_MISSING: 'layer-missing',
};

/** The gap that an error of reading a layer is. */
export function failureOf(error: unknown): Failure {
  const code = error instanceof PlimsollError ? GAP_OF_ERROR[error.code] : undefined;
  return { code: code ?? 'layer-unreadable', message: messageOf(error) };
}
