/** How much it matters that somebody reads it, the least first: what must go when there is no room goes in this order. */
export const SEVERITIES = ['low', 'medium', 'high'] as const;
export type Severity = (typeof SEVERITIES)[number];
