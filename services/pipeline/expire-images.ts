import { type ExpiredImage, expiredImages, type RetentionRule } from '../domain/registries/image-retention.ts';
import type { ImageRetentionStore } from './retention-ports.ts';

/** What would go now. */
export async function imagesToExpire(
  rules: readonly RetentionRule[],
  images: ImageRetentionStore,
  now: string,
): Promise<readonly ExpiredImage[]> {
  return rules.length === 0 ? [] : expiredImages(rules, await images.retainedImages(), now);
}

/** Takes away the images that the rules let go; how many went. */
export async function expireImages(
  rules: readonly RetentionRule[],
  images: ImageRetentionStore,
  now: string,
): Promise<number> {
  const expired = await imagesToExpire(rules, images, now);
  return expired.length === 0
    ? 0
    : await images.removeImages(
        expired.map(({ digest }) => digest),
        now,
      );
}
