import type { GapCode } from '../../domain/completeness.ts';
import type { Limits } from '../../domain/limits.ts';
import type { LayerJob } from '../../pipeline/ports.ts';

/** What passes between the main thread and a layer thread. Plain data; byte arrays are transferred. */

/** Layers that are read by one pass over one file, or a single layer. */
export interface LayerTask {
  readonly jobs: readonly LayerJob[];
  readonly limits: Limits;
  readonly skipDirs: readonly string[];
  readonly skipFiles: readonly string[];
}

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
