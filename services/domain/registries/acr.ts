import type { JsonObject } from '../image/json.ts';
import { readDistributionEvent } from './distribution.ts';
import type { EventCollector } from './event-collector.ts';

/**
 * Azure Container Registry: one event of distribution without its envelope. Charts, quarantine and pings are no pushes of
 * images. https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference
 */
export function readAcr(document: JsonObject, into: EventCollector): void {
  if (document.action === 'push' || document.action === 'delete') readDistributionEvent(document, 'the event', into);
  else if (typeof document.action === 'string') into.ignore('other');
  else into.flaw('the event has no action');
}
