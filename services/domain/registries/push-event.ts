/** What all registries' events are turned into. Every text has passed the grammar of the distribution specification. */
export interface PushEvent {
  /** Id of the registration that the event came in for. Host and credentials are the registration's, never the event's. */
  readonly registry: string;
  readonly action: 'push' | 'delete';
  readonly repository: string;
  readonly tag: string | null;
  /** As the event claims; null where it names none or one that is none. The registry decides what it is. */
  readonly digest: string | null;
  /** The sender's id of the event or of the delivery, at most `eventIdLength` characters. */
  readonly eventId: string | null;
  /** RFC 3339 in UTC, by the clock of the registry. */
  readonly occurredAt: string | null;
}

/** What was understood, and why nothing follows from it. */
export interface IgnoredEvents {
  readonly pull: number;
  /** Layers and configs, which distribution notifies of besides manifests. */
  readonly blob: number;
  /** Everything else: pings, scans, quotas, replications, charts, packages of other kinds. */
  readonly other: number;
}

/** One delivery as it was read. `flaws` names what was left out and why, at most `listedFlaws`; all are counted. */
export interface Delivery {
  readonly events: readonly PushEvent[];
  readonly ignored: IgnoredEvents;
  readonly flaws: readonly string[];
  readonly flawCount: number;
}
