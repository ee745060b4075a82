import type { LostLines } from './backlog.ts';
import type { ContainerKey, ContainerState } from './container.ts';
import type { EventKind, RuntimeEvent } from './event.ts';
import type { SensorStatus } from './sensor-frame.ts';

/** The container of an event, as well as it is known when the event is told. */
export interface IdentifiedContainer {
  readonly key: ContainerKey;
  /** Of the container itself; the event may come from one below it. */
  readonly cgroup: string;
  readonly state: ContainerState | null;
}

/** One thing that the agent tells. Times are RFC 3339 with nanoseconds. */
export type RuntimeRecord =
  | {
      readonly type: 'started';
      readonly time: string;
      readonly status: SensorStatus;
      /** What went by unseen since the pins were made, before this agent. */
      readonly dropped: Readonly<Partial<Record<EventKind, bigint>>>;
    }
  | {
      readonly type: 'event';
      readonly time: string;
      readonly event: RuntimeEvent;
      /** Path of the event's cgroup; null where it is not known. */
      readonly cgroup: string | null;
      /** null: outside of any container, or not known. */
      readonly container: IdentifiedContainer | null;
      /** See Sessions. */
      readonly session: number | null;
    }
  /** Since the record of this type before, so much was not seen. */
  | {
      readonly type: 'blind';
      readonly time: string;
      readonly dropped: Readonly<Partial<Record<EventKind, bigint>>>;
      /** Cgroups that are not watched because there are too many. */
      readonly refusedCgroups: bigint;
    }
  /** A sink did not take so many records in time, and there was no more room for them. */
  | {
      readonly type: 'lost';
      readonly time: string;
      readonly sink: string;
      readonly lost: LostLines;
    }
  /** Frames that this version cannot read. */
  | { readonly type: 'unreadable'; readonly time: string; readonly reason: string };

const SECOND = 1_000_000_000n;

/** Nanoseconds since 1970 as `2026-11-30T12:00:00.123456789Z`. */
export function momentOf(realtimeNs: bigint): string {
  const whole = new Date(Number(realtimeNs / SECOND) * 1_000).toISOString().slice(0, -'.000Z'.length);
  return `${whole}.${(realtimeNs % SECOND).toString().padStart(9, '0')}Z`;
}
