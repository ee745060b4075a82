import type { MessagePort } from 'node:worker_threads';
import type { GapCode } from '../../domain/completeness.ts';
import type { ErrorCode, PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';
import type { SbomContent } from '../../domain/sbom/sbom.ts';
import type { LayerJob, ToldJob } from '../../pipeline/layer-ports.ts';

/** What passes between the main thread and a layer thread. Plain data; byte arrays are transferred. */

/** Layers that are read by one pass over one file, or a single layer. */
export interface LayerTask {
  readonly jobs: readonly ToldJob[];
  readonly limits: Limits;
  readonly skipDirs: readonly string[];
  readonly skipFiles: readonly string[];
  /** Of a task with one job, whose bytes are fetched: they come through here, as StreamMessage. */
  readonly stream?: MessagePort;
}

/** The job for whoever reads layers of files and directories itself, and gets those of registries as a stream. */
export function told(job: LayerJob): ToldJob {
  const { location } = job;
  return { ...job, location: location.kind === 'fetched' ? { kind: 'streamed', size: location.size } : location };
}

/** Buffers that a stream has, under way or waiting to be filled: so much is fetched ahead. */
export const STREAM_BUFFERS = 4;
export const STREAM_BUFFER_BYTES = 1 << 20;

/** From the main thread; each buffer comes back, as an ArrayBuffer, when it was read. */
export type StreamMessage =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

export type LayerMessage =
  | { readonly kind: 'progress'; readonly job: number; readonly readBytes: number; readonly entries: number }
  | {
      readonly kind: 'reading';
      readonly job: number;
      readonly parts: readonly (readonly [part: string, bytes: Uint8Array])[];
      /** Uncompressed bytes that were read. */
      readonly bytes: number;
      readonly digest: string | null;
      readonly entries: number;
      readonly failure: { readonly code: GapCode; readonly message: string } | null;
    }
  | { readonly kind: 'idle' };

/** One SBOM to read. */
export interface SbomTask {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly limits: Limits;
}

export type SbomMessage =
  | { readonly kind: 'read'; readonly content: SbomContent }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: PlimsollError['details'];
    };
