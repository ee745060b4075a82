import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Metrics of one process, in the text format of Prometheus. */
export class ServerMetrics {
  readonly registry = new Registry();
  readonly requests: Counter<'route' | 'status'>;
  readonly seconds: Histogram<'route'>;
  readonly jobs: Counter<'kind' | 'outcome'>;

  /** `depth` is asked whenever metrics are read: entries that wait, by kind. */
  constructor(depth: () => Promise<Readonly<Record<string, number>>>) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.requests = new Counter({
      name: 'plimsoll_http_requests_total',
      help: 'Requests to the API that were answered.',
      labelNames: ['route', 'status'],
      registers,
    });
    this.seconds = new Histogram({
      name: 'plimsoll_http_request_duration_seconds',
      help: 'From the head of a request to the end of its answer.',
      labelNames: ['route'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    });
    this.jobs = new Counter({
      name: 'plimsoll_job_attempts_total',
      help: 'Attempts at jobs that this process has ended.',
      labelNames: ['kind', 'outcome'],
      registers,
    });
    new Gauge({
      name: 'plimsoll_queue_entries',
      help: 'Entries of the queue that wait, are delayed or are being handled.',
      labelNames: ['kind'],
      registers,
      async collect() {
        for (const [kind, count] of Object.entries(await depth())) this.set({ kind }, count);
      },
    });
  }
}
