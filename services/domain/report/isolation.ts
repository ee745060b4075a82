/** What reads a layer: a thread of the scan, or a process of the layer's own that is confined to it. */
export const ISOLATIONS = ['thread', 'process'] as const;
export type Isolation = (typeof ISOLATIONS)[number];
