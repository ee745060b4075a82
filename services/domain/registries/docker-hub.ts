import type { JsonObject } from '../image/json.ts';
import { objectOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import type { EventCollector } from './event-collector.ts';

/**
 * Docker Hub: one push, without digest and id; its `callback_url` is never called. https://docs.docker.com/docker-hub/repos/manage/webhooks/
 */
export function readDockerHub(document: JsonObject, into: EventCollector): void {
  const push = objectOrNull(document.push_data);
  if (push === null) {
    into.flaw('the event has no push_data');
    return;
  }
  const repository = objectOrNull(document.repository)?.repo_name;
  into.add({ action: 'push', repository, tag: push.tag, occurredAt: push.pushed_at }, 'push_data');
}
