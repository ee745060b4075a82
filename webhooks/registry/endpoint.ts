import type { IncomingHttpHeaders } from 'node:http';
import type { Limits } from '../../services/domain/limits.ts';
import { TokenBucket } from '../../services/domain/token-bucket.ts';
import type { OpenedRegistration } from './receiver-ports.ts';
import { Refusal } from './refusal.ts';

/** One registration as a place that deliveries come to. What it may take is its own: no other's flood is its loss. */
export class Endpoint {
  readonly opened: OpenedRegistration;
  readonly #rate: TokenBucket;
  readonly #atOnce: number;
  #open = 0;

  constructor(opened: OpenedRegistration, limits: Limits, now: number) {
    this.opened = opened;
    this.#rate = new TokenBucket(limits.deliveriesPerMinute, now);
    this.#atOnce = limits.deliveriesAtOnce;
  }

  /** Raises Refusal. */
  checkType(headers: IncomingHttpHeaders): void {
    const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
    if (!this.opened.hook.contentTypes.includes(type)) {
      throw new Refusal(
        'unsupported-type',
        `${JSON.stringify(type.slice(0, 100))} is not ${this.opened.hook.contentTypes.join(' or ')}`,
      );
    }
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      throw new Refusal('unsupported-type', 'no registry compresses what it sends');
    }
  }

  /** Raises Refusal. Who entered leaves. */
  enter(): void {
    if (this.#open >= this.#atOnce) throw new Refusal('too-many', `more than deliveriesAtOnce (${this.#atOnce})`);
    this.#open += 1;
  }

  /** Of deliveries that proved who sent them: others use nothing up. Raises Refusal. */
  take(now: number): void {
    if (!this.#rate.take(now)) throw new Refusal('too-many', 'more than deliveriesPerMinute');
  }

  leave(): void {
    this.#open -= 1;
  }
}

/** By `KIND/ID`. */
export function endpointsOf(
  registrations: readonly OpenedRegistration[],
  limits: Limits,
  now: number,
): ReadonlyMap<string, Endpoint> {
  return new Map(
    registrations.map((opened) => {
      const { kind, id } = opened.registration;
      return [`${kind}/${id}`, new Endpoint(opened, limits, now)];
    }),
  );
}
