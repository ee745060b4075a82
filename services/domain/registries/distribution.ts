import type { JsonObject } from '../image/json.ts';
import { objectOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import type { EventCollector } from './event-collector.ts';

const MANIFEST =
  /^application\/vnd\.(?:oci\.image\.(?:manifest|index)\.v1|docker\.distribution\.manifest\.(?:v1|v2|list\.v2))\+(?:json|prettyjws)$/;

/**
 * An envelope of Docker distribution, which a self-managed GitLab sends too: manifests and blobs, pushes and pulls in one
 * list, their order not guaranteed. https://distribution.github.io/distribution/about/notifications/
 */
export function readDistribution(document: JsonObject, into: EventCollector): void {
  into.entries(document.events, 'events').forEach((value, index) => {
    readDistributionEvent(value, `events[${index}]`, into);
  });
}

/** One event of the envelope; ACR sends it without one. */
export function readDistributionEvent(value: unknown, place: string, into: EventCollector): void {
  const event = objectOrNull(value);
  const target = objectOrNull(event?.target);
  if (event === null || target === null) {
    into.flaw(`${place} is no event with a target`);
    return;
  }
  const { repository, tag, digest, mediaType } = target;
  const stated = { repository, tag, digest, eventId: event.id, occurredAt: event.timestamp };
  switch (event.action) {
    case 'push':
      // Blobs have no tag; a type that is not known but tagged is a manifest that the registry accepted.
      if (tag || (typeof mediaType === 'string' && MANIFEST.test(mediaType))) {
        into.add({ ...stated, action: 'push' }, place);
      } else into.ignore('blob');
      break;
    case 'delete':
      into.add({ ...stated, action: 'delete' }, place);
      break;
    case 'pull':
      into.ignore('pull');
      break;
    case 'mount':
      into.ignore('blob');
      break;
    default:
      into.ignore('other');
  }
}
