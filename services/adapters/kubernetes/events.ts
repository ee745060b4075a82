import { randomUUID } from 'node:crypto';
import type { EventEmitter, ObjectEvent } from '../../pipeline/admission-ports.ts';
import { type ApiServer, apiPath } from './api-server.ts';

/** The same Event within this time counts up instead of being written again (client-go: ten minutes). */
const SAME_MS = 10 * 60_000;
/** Events that are remembered for that. */
const REMEMBERED = 4_096;
/** API conventions: a message has at most 1 kB, a reason 128 characters. */
const MESSAGE_BYTES = 1_024;
const REASON_CHARACTERS = 128;
/** What `kubectl get events` shows for the cluster's own objects. */
const NAMESPACE_OF_CLUSTER = 'default';

interface Written {
  readonly name: string;
  readonly count: number;
  readonly at: number;
}

export class KubernetesEvents implements EventEmitter {
  readonly #server: ApiServer;
  readonly #instance: string;
  readonly #now: () => number;
  /** By what they say, the oldest first. */
  readonly #written = new Map<string, Written>();

  /** `instance`: which replica it is, for those who read the Events. */
  constructor(server: ApiServer, instance: string, now: () => number = Date.now) {
    this.#server = server;
    this.#instance = instance;
    this.#now = now;
  }

  async emit(event: ObjectEvent, signal: AbortSignal): Promise<void> {
    const namespace = event.regarding.namespace || NAMESPACE_OF_CLUSTER;
    const cut = { ...event, reason: event.reason.slice(0, REASON_CHARACTERS), message: cutBytes(event.message) };
    const key = JSON.stringify([cut.type, cut.reason, cut.message, cut.regarding]);
    const now = this.#now();
    const last = this.#written.get(key);
    const again = last !== undefined && now - last.at < SAME_MS && (await this.#countUp(namespace, last, now, signal));
    const written = again
      ? { ...last, count: last.count + 1, at: now }
      : { name: await this.#create(namespace, cut, now, signal), count: 1, at: now };
    this.#written.delete(key);
    this.#written.set(key, written);
    if (this.#written.size > REMEMBERED) this.#written.delete(this.#written.keys().next().value!);
  }

  /** False: it is there no more (the API server keeps them for an hour). */
  async #countUp(namespace: string, { name, count }: Written, now: number, signal: AbortSignal): Promise<boolean> {
    const path = apiPath('api', 'v1', 'namespaces', namespace, 'events', name);
    if (path === null) return false;
    const body = { count: count + 1, lastTimestamp: timestamp(now) };
    const contentType = 'application/merge-patch+json';
    const { status } = await this.#server.ask({ method: 'PATCH', path, body, contentType, expected: [404], signal });
    return status !== 404;
  }

  async #create(
    namespace: string,
    { type, reason, message, regarding }: ObjectEvent,
    now: number,
    signal: AbortSignal,
  ): Promise<string> {
    const name = `plimsoll.${randomUUID()}`;
    const { apiVersion, kind, name: regarded, uid } = regarding;
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      type,
      reason,
      message,
      // An Event and what it is about are in one namespace (validation of core/v1 Events).
      involvedObject: { apiVersion, kind, name: regarded, namespace: regarding.namespace, uid },
      source: { component: 'plimsoll-admission', host: this.#instance },
      firstTimestamp: timestamp(now),
      lastTimestamp: timestamp(now),
      count: 1,
    };
    const path = apiPath('api', 'v1', 'namespaces', namespace, 'events') ?? '';
    await this.#server.ask({ method: 'POST', path, body, signal });
    return name;
  }
}

/** In whole seconds: metav1.Time. */
function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function cutBytes(message: string): string {
  if (Buffer.byteLength(message) <= MESSAGE_BYTES) return message;
  const most = Buffer.from(message)
    .subarray(0, MESSAGE_BYTES - 3)
    .toString('utf8');
  return `${most.replace(/\uFFFD$/, '')}…`;
}
