import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { AnsweredReview } from '../../services/pipeline/answer-review.ts';
import { REFUSED_CALLS, type RefusedCallReason } from './refused-call.ts';

/** Namespaces that have a series of their own; those that come later share one, for whoever makes namespaces makes series. */
const NAMESPACES = 500;
const OTHERS = '(others)';

/** What is counted of reviews. */
export class AdmissionMetrics {
  readonly #reviews: Counter<'path' | 'operation' | 'answer'>;
  readonly #refused: Counter<'reason'>;
  readonly #failures: Counter<'path' | 'reason'>;
  readonly #violations: Counter<'rule' | 'mode' | 'effect' | 'namespace'>;
  readonly #seconds: Histogram<'path'>;
  readonly #lookups: Counter<'cache' | 'result'>;
  readonly #scans: Counter<'result'>;
  readonly #dropped: Counter<'what'>;
  readonly #breakGlass: Counter<'namespace' | 'result'>;
  readonly #expiry: Gauge;
  readonly #namespaces = new Set<string>();

  constructor(register: Registry) {
    const registers = [register];
    this.#reviews = new Counter({
      name: 'plimsoll_admission_reviews_total',
      help: 'Reviews that were answered, by what was answered',
      labelNames: ['path', 'operation', 'answer'],
      registers,
    });
    this.#refused = new Counter({
      name: 'plimsoll_admission_refused_calls_total',
      help: 'Calls that were not taken, by why',
      labelNames: ['reason'],
      registers,
    });
    for (const reason of Object.keys(REFUSED_CALLS)) this.#refused.inc({ reason }, 0);
    this.#failures = new Counter({
      name: 'plimsoll_admission_failures_total',
      help: 'Reviews that could not be judged in full, by why: the answer to failure of their path held',
      labelNames: ['path', 'reason'],
      registers,
    });
    this.#violations = new Counter({
      name: 'plimsoll_admission_violations_total',
      help: 'Rules that found something, once for each review',
      labelNames: ['rule', 'mode', 'effect', 'namespace'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'plimsoll_admission_review_seconds',
      help: 'From the head of a review to its answer',
      labelNames: ['path'],
      buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
      registers,
    });
    this.#lookups = new Counter({
      name: 'plimsoll_admission_lookups_total',
      help: 'What was looked for in memory first: verdicts, tags, evaluations of policies',
      labelNames: ['cache', 'result'],
      registers,
    });
    this.#scans = new Counter({
      name: 'plimsoll_admission_scan_requests_total',
      help: 'Unknown images, by what became of the request to scan them',
      labelNames: ['result'],
      registers,
    });
    this.#dropped = new Counter({
      name: 'plimsoll_admission_dropped_total',
      help: 'Records, Events and admitted digests that were not kept, since too many waited',
      labelNames: ['what'],
      registers,
    });
    for (const what of ['record', 'event', 'digest']) this.#dropped.inc({ what }, 0);
    this.#breakGlass = new Counter({
      name: 'plimsoll_admission_break_glass_total',
      help: 'Reviews at which break-glass was asked for',
      labelNames: ['namespace', 'result'],
      registers,
    });
    this.#expiry = new Gauge({
      name: 'plimsoll_admission_certificate_expiry_seconds',
      help: 'When the certificate that is shown ends, in seconds since 1970',
      registers,
    });
  }

  answered({ path, request, record, admission, failure, breakGlass, answer, ms }: AnsweredReview): void {
    this.#reviews.inc({ path, operation: request?.operation ?? '', answer });
    this.#seconds.observe({ path }, ms / 1_000);
    if (failure !== null) this.#failures.inc({ path, reason: failure.reason });
    const namespace = this.#namespace(request?.namespace ?? '');
    const found = new Map(
      (admission?.violations ?? []).map(({ rule, mode, effect }) => [
        `${rule} ${mode} ${effect}`,
        { rule, mode, effect },
      ]),
    );
    for (const labels of found.values()) this.#violations.inc({ ...labels, namespace });
    if (breakGlass !== null && record !== null) {
      const result = 'refused' in breakGlass ? 'refused' : breakGlass.isNew ? 'opened' : 'inherited';
      this.#breakGlass.inc({ namespace, result });
    }
  }

  refused(reason: RefusedCallReason): void {
    this.#refused.inc({ reason });
  }

  lookedUp(cache: 'verdict' | 'tag' | 'policy', result: 'hit' | 'miss' | 'stale'): void {
    this.#lookups.inc({ cache, result });
  }

  scanRequested(result: string): void {
    this.#scans.inc({ result });
  }

  dropped(what: 'record' | 'event' | 'digest', count: number): void {
    this.#dropped.inc({ what }, count);
  }

  certificateEnds(at: Date): void {
    this.#expiry.set(Math.floor(at.getTime() / 1_000));
  }

  #namespace(name: string): string {
    if (this.#namespaces.has(name)) return name;
    if (this.#namespaces.size >= NAMESPACES) return OTHERS;
    this.#namespaces.add(name);
    return name;
  }
}
