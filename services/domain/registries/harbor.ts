import type { JsonObject } from '../image/json.ts';
import { objectOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import type { EventCollector } from './event-collector.ts';

/** By the type of the default format, and by that of CloudEvents. A new tag may point to an image never pushed with it. */
const ACTIONS: Readonly<Record<string, 'push' | 'delete' | 'pull'>> = {
  PUSH_ARTIFACT: 'push',
  CREATE_TAG: 'push',
  DELETE_ARTIFACT: 'delete',
  PULL_ARTIFACT: 'pull',
  'harbor.artifact.pushed': 'push',
  'harbor.tag.created': 'push',
  'harbor.artifact.deleted': 'delete',
  'harbor.artifact.pulled': 'pull',
};

/**
 * Harbor in its default format and in that of CloudEvents 1.0 (structured), which hold the same data.
 * https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/
 */
export function readHarbor(document: JsonObject, into: EventCollector): void {
  const cloudEvent = typeof document.specversion === 'string';
  const { type } = document;
  if (typeof type !== 'string') {
    into.flaw('the event has no type');
    return;
  }
  const action = Object.hasOwn(ACTIONS, type) ? ACTIONS[type]! : null;
  if (action === null || action === 'pull') {
    into.ignore(action ?? 'other');
    return;
  }
  const place = cloudEvent ? 'data' : 'event_data';
  const data = objectOrNull(document[place]);
  const repository = objectOrNull(data?.repository)?.repo_full_name;
  into.entries(data?.resources, `${place}.resources`).forEach((value, index) => {
    const resource = objectOrNull(value);
    into.add(
      {
        action,
        repository,
        // An artifact goes with all its tags, of which the event names one.
        tag: action === 'delete' ? null : resource?.tag,
        digest: resource?.digest,
        eventId: cloudEvent ? document.id : null,
        occurredAt: cloudEvent ? document.time : document.occur_at,
      },
      `${place}.resources[${index}]`,
    );
  });
}
