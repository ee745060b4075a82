import type { JsonObject } from '../image/json.ts';
import { objectOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import type { EventCollector } from './event-collector.ts';

/**
 * Quay names no kind of event; a push is what has `updated_tags`: a list, in old versions an object of tag → image id.
 * It has no digest, no id and no time. https://docs.redhat.com/en/documentation/red_hat_quay/3/html/use_red_hat_quay/repository_notifications
 */
export function readQuay(document: JsonObject, into: EventCollector): void {
  const { updated_tags: updated, repository } = document;
  if (updated === undefined) {
    into.ignore('other');
    return;
  }
  const tags = objectOrNull(updated) === null ? updated : Object.keys(updated as object);
  into.entries(tags, 'updated_tags').forEach((tag, index) => {
    into.add({ action: 'push', repository, tag }, `updated_tags[${index}]`);
  });
}
