import { isDigest } from '../image/digest.ts';
import type { JsonObject } from '../image/json.ts';
import { objectOrNull, textOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import type { EventCollector } from './event-collector.ts';

/**
 * GitHub's `package` and `registry_package`: every package of every registry of theirs, of which containers alone have
 * `container_metadata`. Names keep the case of the account, which ghcr.io does not know.
 * https://docs.github.com/webhooks/webhook-events-and-payloads#package
 */
export function readGhcr(document: JsonObject, into: EventCollector): void {
  const released = objectOrNull(document.package) ?? objectOrNull(document.registry_package);
  const version = objectOrNull(released?.package_version);
  const container = objectOrNull(version?.container_metadata);
  if (released === null || version === null || container === null) {
    into.ignore('other');
    return;
  }
  if (document.action !== 'published' && document.action !== 'updated') {
    into.ignore('other');
    return;
  }
  const owner = textOrNull(objectOrNull(released.owner)?.login);
  const name = textOrNull(released.name);
  const tag = objectOrNull(container.tag);
  into.add(
    {
      action: 'push',
      repository: owner === null || name === null ? null : `${owner}/${name}`.toLowerCase(),
      tag: tag?.name,
      digest: claimedDigest([version.version, tag?.digest], into),
      occurredAt: version.updated_at,
    },
    'package',
  );
}

/** The event names its digest twice. Where the two differ neither counts, and the registry is asked for the tag. */
function claimedDigest(claims: readonly unknown[], into: EventCollector): string | null {
  const digests = new Set(claims.filter(isDigest));
  if (digests.size > 1) into.flaw('package: its two digests differ');
  return digests.size === 1 ? [...digests][0]! : null;
}
