import { messageOf } from '../domain/errors.ts';
import { type JobQueue, type JobRequest, PRIORITIES } from './job-ports.ts';
import type { Delivery, DeliveryStore, RecordedDelivery, RegistryEvent } from './store-ports.ts';

export interface AcceptDependencies {
  readonly deliveries: DeliveryStore;
  readonly queue: JobQueue;
  /** The queue does not answer: the jobs stand in the store, and are announced again. */
  readonly onWarning: (message: string) => void;
  /** Of the scans that follow; that of a push where it is left out. */
  readonly priority?: number;
}

/**
 * message → record, tags, jobs, in one transaction. Once it resolves the sender may be told 202: what the message asks for
 * is done even if every process dies now. Raises what the store raises; the sender then sends again.
 */
export async function acceptDelivery(
  delivery: Delivery,
  { deliveries, queue, onWarning, priority = PRIORITIES.push }: AcceptDependencies,
): Promise<RecordedDelivery> {
  const events = delivery.events.map((event) => ({ ...event, at: asMoment(event.at) }));
  const recorded = await deliveries.record({ ...delivery, events }, scansFor(delivery.registry, events, priority));
  try {
    await queue.announce(recorded.jobs);
  } catch (error) {
    onWarning(`delivery ${recorded.id}: the queue could not be told of its jobs: ${messageOf(error)}`);
  }
  return recorded;
}

/** One scan for each image that was pushed. A digest says what to scan; a tag alone is resolved when the job is begun. */
function scansFor(registry: string, events: readonly RegistryEvent[], priority: number): JobRequest[] {
  const requests = new Map<string, JobRequest>();
  for (const { action, repository, tag, digest } of events) {
    if (action !== 'push' || (tag === null && digest === null)) continue;
    const key = `${registry}/${repository}${digest === null ? `:${tag}` : `@${digest}`}`;
    const payload = { registry, repository, tag, digest };
    requests.set(key, { kind: 'scan', key, payload, priority, registry });
  }
  return [...requests.values()];
}

function asMoment(stated: string | null): string | null {
  const moment = stated === null ? Number.NaN : Date.parse(stated);
  return Number.isNaN(moment) ? null : new Date(moment).toISOString();
}
