import { Counter, Histogram, type Registry } from 'prom-client';
import type { IgnoredEvents, PushEvent } from '../../services/domain/registries/push-event.ts';
import type { RefusalReason } from './refusal.ts';

export type DeliveryResult = 'accepted' | 'replayed' | 'ignored' | 'confirmed' | RefusalReason;
export type EventOutcome = PushEvent['action'] | keyof IgnoredEvents | 'filtered' | 'flawed';

/** What is counted of deliveries. `registry` is the id of a registration, empty where there is none of that name. */
export class ReceiverMetrics {
  readonly #deliveries: Counter<'registry' | 'kind' | 'result'>;
  readonly #events: Counter<'registry' | 'outcome'>;
  readonly #seconds: Histogram<'kind'>;

  constructor(register: Registry) {
    const registers = [register];
    this.#deliveries = new Counter({
      name: 'plimsoll_webhook_deliveries_total',
      help: 'Requests to the webhooks of registries, by what became of them',
      labelNames: ['registry', 'kind', 'result'],
      registers,
    });
    this.#events = new Counter({
      name: 'plimsoll_webhook_events_total',
      help: 'Events in the deliveries that were read, by what became of them',
      labelNames: ['registry', 'outcome'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'plimsoll_webhook_answer_seconds',
      help: 'Time from the head of a delivery to its answer',
      labelNames: ['kind'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    });
  }

  delivery(registry: string, kind: string, result: DeliveryResult, seconds: number): void {
    this.#deliveries.inc({ registry, kind, result });
    if (registry !== '') this.#seconds.observe({ kind }, seconds);
  }

  events(registry: string, outcome: EventOutcome, count: number): void {
    if (count > 0) this.#events.inc({ registry, outcome }, count);
  }
}
