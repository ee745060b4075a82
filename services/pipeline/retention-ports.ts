import type { RetainedImage } from '../domain/registries/image-retention.ts';

export interface ImageRetentionStore {
  /** Every image and index, with what the rules ask of it. */
  retainedImages(): Promise<readonly RetainedImage[]>;
  /**
   * Takes away images with their reports and changes, but for those that were admitted, or pushed since that moment. What is known of tags and
   * manifests stays, so that no sweep takes them for new. How many went.
   */
  removeImages(digests: readonly string[], decidedAt: string): Promise<number>;
}
