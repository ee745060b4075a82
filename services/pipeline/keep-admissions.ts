import { LRUCache } from 'lru-cache';
import { describe } from '../domain/admission/review-response.ts';
import type { EventEmitter, ObjectEvent } from './admission-ports.ts';
import type { AdmissionRecord, AdmissionRecorder, AdmittedDigest, AdmittedDigests } from './admission-store-ports.ts';
import type { AnsweredReview } from './answer-review.ts';
import { BoundedWriter, type BoundedWriterOptions } from './bounded-writer.ts';

export interface KeepAdmissionsDependencies {
  readonly records: AdmissionRecorder;
  readonly digests: AdmittedDigests;
  /** null: there is no API server to tell. */
  readonly events: EventEmitter | null;
  readonly onDropped: (what: 'record' | 'event' | 'digest', count: number) => void;
  readonly onWarning: (message: string) => void;
  readonly sleep: BoundedWriterOptions<never>['sleep'];
  readonly signalIn: (ms: number) => AbortSignal;
}

const RECORDS = 20_000;
const DIGESTS = 20_000;
const EVENTS = 1_000;
const EVENT_MS = 5_000;
/** What was remembered within a day need not be again. */
const REMEMBERED = 50_000;
const REMEMBERED_MS = 86_400_000;

/** What reviews leave behind: records, digests that were let in, Events. No review waits for any of it. */
export class KeepAdmissions {
  readonly #remembered = new LRUCache<string, true>({ max: REMEMBERED, ttl: REMEMBERED_MS });
  readonly #records: BoundedWriter<AdmissionRecord>;
  readonly #digests: BoundedWriter<AdmittedDigest>;
  readonly #events: BoundedWriter<ObjectEvent> | null;

  constructor({ records, digests, events, onDropped, onWarning, sleep, signalIn }: KeepAdmissionsDependencies) {
    this.#records = new BoundedWriter<AdmissionRecord>({
      write: (batch) => records.append(batch),
      limit: RECORDS,
      onDropped: (count) => onDropped('record', count),
      onWarning: (message) => onWarning(`records of admission wait: ${message}`),
      sleep,
    });
    this.#digests = new BoundedWriter<AdmittedDigest>({
      write: (batch) => digests.remember(uniqueOf(batch)),
      limit: DIGESTS,
      onDropped: (count) => onDropped('digest', count),
      onWarning: (message) => onWarning(`admitted digests wait: ${message}`),
      sleep,
    });
    this.#events =
      events === null
        ? null
        : new BoundedWriter<ObjectEvent>({
            // An Event that cannot be written is not worth a second one's wait.
            write: async (batch) => {
              const told = await Promise.allSettled(batch.map((event) => events.emit(event, signalIn(EVENT_MS))));
              const failed = told.filter(({ status }) => status === 'rejected').length;
              if (failed > 0) onDropped('event', failed);
            },
            limit: EVENTS,
            onDropped: (count) => onDropped('event', count),
            onWarning,
            sleep,
          });
  }

  keep(review: AnsweredReview): void {
    if (review.record !== null) this.#records.add(review.record);
    const namespace = review.request?.namespace ?? null;
    for (const digest of namespace === null ? [] : review.admitted) {
      const key = `${namespace} ${digest}`;
      if (this.#remembered.has(key)) continue;
      this.#remembered.set(key, true);
      this.#digests.add({ namespace: namespace!, digest });
    }
    const event = eventOf(review);
    if (event !== null) this.#events?.add(event);
  }

  async close(): Promise<void> {
    await Promise.all([this.#records.close(), this.#digests.close(), this.#events?.close()]);
  }
}

/** A denial, and whatever was let in by break-glass; about the controller where the object itself will not be there. */
function eventOf({ record, request, breakGlass, admission }: AnsweredReview): ObjectEvent | null {
  if (record === null || request === null || request.namespace === null) return null;
  const opened = breakGlass !== null && 'grant' in breakGlass ? breakGlass.grant : null;
  if (record.answer !== 'denied' && opened === null) return null;
  const rules = [
    ...new Set((admission?.violations ?? []).filter(({ effect }) => effect === 'denied').map(({ rule }) => rule)),
  ];
  const why = rules.length > 0 ? rules.join(', ') : (record.why ?? 'it could not be judged');
  const message =
    opened === null
      ? `${describe(request)} of ${record.user} was denied: ${why}`
      : `${describe(request)} was let in by break-glass of ${opened.user} until ${opened.expiresAt}: ${opened.reason}`;
  return {
    type: 'Warning',
    reason: opened === null ? 'PlimsollDenied' : 'PlimsollBreakGlass',
    message,
    regarding: regardingOf(request),
  };
}

function regardingOf({
  group,
  version,
  kind,
  namespace,
  name,
  object,
}: NonNullable<AnsweredReview['request']>): ObjectEvent['regarding'] {
  const metadata = (object?.metadata ?? {}) as { readonly ownerReferences?: unknown };
  const owners = Array.isArray(metadata.ownerReferences) ? metadata.ownerReferences : [];
  const owner = owners.find((each) => each?.controller === true && typeof each.name === 'string');
  if (owner !== undefined) {
    const { apiVersion, kind: ownerKind, name: ownerName, uid } = owner;
    return {
      apiVersion: String(apiVersion),
      kind: String(ownerKind),
      namespace: namespace!,
      name: ownerName,
      uid: String(uid),
    };
  }
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return { apiVersion, kind, namespace: namespace!, name: name ?? '(no name yet)' };
}

function uniqueOf(batch: readonly AdmittedDigest[]): readonly AdmittedDigest[] {
  return [...new Map(batch.map((each) => [`${each.namespace} ${each.digest}`, each])).values()];
}
