/** What Plimsoll and the process of a policy say to each other. */

/** The rule of a bundle whose value is asked for. */
export const ENTRYPOINT = 'plimsoll/violations';

/** First one bundle's WebAssembly, and the most memory that it may have; then inputs, as JSON. */
export type ProcessTask =
  | { readonly kind: 'load'; readonly wasm: Uint8Array<ArrayBuffer>; readonly memoryBytes: number }
  | { readonly kind: 'evaluate'; readonly json: Uint8Array<ArrayBuffer> };

/** Each task has one answer. */
export type ProcessMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'answer'; readonly violations: unknown }
  | { readonly kind: 'failed'; readonly reason: string };
