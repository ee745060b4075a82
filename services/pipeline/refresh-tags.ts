import { messageOf } from '../domain/errors.ts';
import { type ImageReference, parseReference } from '../domain/image/reference.ts';
import type { Limits } from '../domain/limits.ts';
import type { RegistryResolver } from './image-ports.ts';
import type { Sha256 } from './layer-ports.ts';
import type { Delivery } from './store-ports.ts';

export interface RefreshTagsDependencies {
  readonly resolver: RegistryResolver;
  /** Where the tag pointed when last told. */
  readonly digestOf: (reference: ImageReference) => Promise<string | null>;
  readonly registrationOf: (reference: ImageReference) => string | null;
  /** Records where a tag points, and asks for the scan that follows. */
  readonly accept: (delivery: Delivery) => Promise<unknown>;
  readonly sha256: Sha256;
  readonly limits: Limits;
  /** RFC 3339 */
  readonly moment: () => string;
  readonly onWarning: (message: string) => void;
}

/** Of one round; the rest comes in the next. */
const TAGS = 1_000;

/**
 * Asks registries where tags point that reviews name, so that no review has to: what webhooks did not tell and no sweep has seen yet. How many point
 * elsewhere now. Raises only where it is aborted.
 */
export async function refreshTags(
  tags: readonly string[],
  signal: AbortSignal,
  { resolver, digestOf, registrationOf, accept, sha256, limits, moment, onWarning }: RefreshTagsDependencies,
): Promise<number> {
  let changed = 0;
  for (const text of tags.slice(0, TAGS)) {
    signal.throwIfAborted();
    const reference = parseReference(text);
    const registry = registrationOf(reference);
    const { repository, tag } = reference;
    if (registry === null || tag === null) continue;
    try {
      const { digest } = await resolver.resolve(reference, { limits, signal });
      if (digest === (await digestOf(reference))) continue;
      const at = moment();
      const bodyDigest = `sha256:${sha256(new TextEncoder().encode(`${text}@${digest} ${at}`))}`;
      const events = [{ action: 'push', repository, tag, digest, at }] as const;
      await accept({ registry, senderId: null, bodyDigest, events, ignored: 0 });
      changed += 1;
    } catch (error) {
      if (!signal.aborted) onWarning(`where ${text} points could not be asked: ${messageOf(error)}`);
    }
  }
  return changed;
}
