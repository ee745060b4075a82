import { isDigest } from '../image/digest.ts';
import { shown } from '../image/json.ts';
import type { Limits } from '../limits.ts';
import { momentOrNull, textOrNull } from '../vulnerabilities/feeds/foreign-json.ts';
import type { Delivery, IgnoredEvents, PushEvent } from './push-event.ts';
import { isRepositoryName, isTag } from './repository-name.ts';

/** An event as a sender wrote it, every value of it unchecked. */
export interface StatedEvent {
  readonly action: PushEvent['action'];
  readonly repository: unknown;
  readonly tag?: unknown;
  readonly digest?: unknown;
  readonly eventId?: unknown;
  /** RFC 3339, or seconds since 1970 as a number. */
  readonly occurredAt?: unknown;
}

/** Gathers the events of one delivery, each checked, none dropped without a word. */
export class EventCollector {
  readonly #registry: string;
  readonly #limits: Limits;
  readonly #events: PushEvent[] = [];
  readonly #ignored = { pull: 0, blob: 0, other: 0 };
  readonly #flaws: string[] = [];
  #flawCount = 0;

  constructor(registry: string, limits: Limits) {
    this.#registry = registry;
    this.#limits = limits;
  }

  /** `place` is where in the document the event stands. */
  add(stated: StatedEvent, place: string): void {
    const { repository, action } = stated;
    if (!isRepositoryName(repository, this.#limits)) {
      this.flaw(`${place}: ${shown(repository)} is no name of a repository`);
      return;
    }
    if (this.#events.length >= this.#limits.deliveryEvents) {
      this.flaw(`${place}: past deliveryEvents (${this.#limits.deliveryEvents})`);
      return;
    }
    const tag = this.#tag(stated.tag, place);
    const digest = this.#digest(stated.digest, place);
    if (action === 'push' && tag === null && digest === null) {
      this.flaw(`${place}: a push to ${repository} with neither tag nor digest`);
      return;
    }
    this.#events.push({
      registry: this.#registry,
      action,
      repository,
      tag,
      digest,
      eventId: textOrNull(stated.eventId, this.#limits.eventIdLength),
      occurredAt: momentOf(stated.occurredAt),
    });
  }

  ignore(what: keyof IgnoredEvents): void {
    this.#ignored[what] += 1;
  }

  flaw(text: string): void {
    this.#flawCount += 1;
    if (this.#flaws.length < this.#limits.listedFlaws) this.#flaws.push(text);
  }

  /** At most as many as one delivery may carry; what is past them is a flaw, and an empty list one event of no interest. */
  entries(value: unknown, place: string): readonly unknown[] {
    if (!Array.isArray(value)) {
      this.flaw(`${place} is no list`);
      return [];
    }
    if (value.length === 0) this.ignore('other');
    const most = this.#limits.deliveryEvents;
    if (value.length > most) this.flaw(`${place} has ${value.length} entries, past deliveryEvents (${most})`);
    return value.slice(0, most);
  }

  delivery(): Delivery {
    return { events: this.#events, ignored: this.#ignored, flaws: this.#flaws, flawCount: this.#flawCount };
  }

  /** A digest in the place of a tag is what Harbor writes where there is none. */
  #tag(value: unknown, place: string): string | null {
    if (value === undefined || value === null || value === '' || isDigest(value)) return null;
    if (isTag(value)) return value;
    this.flaw(`${place}: ${shown(value)} is no tag`);
    return null;
  }

  #digest(value: unknown, place: string): string | null {
    if (value === undefined || value === null || value === '') return null;
    if (isDigest(value)) return value;
    this.flaw(`${place}: ${shown(value)} is no digest`);
    return null;
  }
}

function momentOf(value: unknown): string | null {
  if (typeof value !== 'number') return momentOrNull(value);
  // No registry is older than this century, and Date ends in the year 275760.
  if (!(value > 0 && value < 1e11)) return null;
  return momentOrNull(new Date(Math.floor(value) * 1_000).toISOString());
}
