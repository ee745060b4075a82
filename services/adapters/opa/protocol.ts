/** What the main thread and a policy thread say to each other. */

/** Handed over when the thread starts: one bundle's WebAssembly and the most memory that it may have. */
export interface ThreadData {
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly memoryBytes: number;
}

/** The first message is the bundle's check; then each input, as JSON, has one answer. */
export type ThreadMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'answer'; readonly violations: unknown }
  | { readonly kind: 'failed'; readonly reason: string };
