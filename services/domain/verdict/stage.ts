/** Where an image, or what would run it, is judged. */
export const STAGES = ['build', 'ship', 'admission', 'runtime'] as const;

export type Stage = (typeof STAGES)[number];
