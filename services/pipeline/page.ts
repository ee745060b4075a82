/** Part of a list, newest first. */
export interface Page {
  readonly limit: number;
  /** What `next` of the part before said; null: from the start. */
  readonly after: string | null;
}

export interface Part<Item> {
  readonly items: readonly Item[];
  /** null: there is no more. */
  readonly next: string | null;
}
