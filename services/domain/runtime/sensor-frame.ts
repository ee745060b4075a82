import { z } from 'zod';
import type { EventKind, RuntimeEvent } from './event.ts';

/** What became of one program of the sensor in this kernel. */
const program = z.object({
  name: z.string(),
  /** As libbpf names sections: `cgroup/connect4`, `tp_btf/sched_process_exec`. */
  hook: z.string(),
  /** null: it runs. A kernel that refuses is a fact to report. */
  refusedAt: z.enum(['load', 'attach', 'pin']).nullable(),
  errno: z.int(),
  reason: z.string(),
});

export const sensorPrograms = z.object({ layout: z.int(), programs: z.array(program).max(1_000) });
export type SensorPrograms = z.infer<typeof sensorPrograms>;

export const sensorStatus = sensorPrograms.extend({
  /** `directory` is where `path` of the hierarchy is mounted. */
  root: z.object({ id: z.string(), path: z.string(), directory: z.string() }),
  pins: z.string().nullable(),
});
export type SensorStatus = z.infer<typeof sensorStatus>;

const big = z.string().regex(/^\d+$/).transform(BigInt);
const modeNumber = z.int().min(0).max(2);

/** What pins keep, as `plimsoll-sensor status` says it. Modes: 0 observe, 1 shadow, 2 enforce. */
export const pinnedState = z.object({
  layout: z.int(),
  /** Whether a sensor reads the events now. */
  isRead: z.boolean(),
  programs: z.array(z.string()).max(1_000),
  profiles: z.array(z.object({ id: z.int(), name: z.string(), generation: z.int() })),
  containers: z.array(
    z.object({
      cgroup: big,
      profile: z.int(),
      exec: modeNumber,
      connect: modeNumber,
      listen: modeNumber,
      file: modeNumber,
    }),
  ),
  watchedCgroups: big,
  refusedCgroups: big,
  tallies: z.array(z.object({ kind: z.int(), emitted: big, dropped: big, denied: big, wouldDeny: big })),
});
export type PinnedState = z.infer<typeof pinnedState>;

/** What became of one forbidden try. `failed`: for a reason that is none of ours. */
export const selftestResult = z.object({
  tries: z.array(
    z.object({
      control: z.enum(['exec', 'file', 'listen', 'connect']),
      outcome: z.enum(['denied', 'killed', 'happened', 'failed']),
      errno: z.int(),
    }),
  ),
});
export type SelftestTry = z.infer<typeof selftestResult>['tries'][number];

/** Since the maps were made. */
export interface Tally {
  readonly emitted: bigint;
  /** Events that nobody will see: the ring was full. */
  readonly dropped: bigint;
  readonly denied: bigint;
  readonly wouldDeny: bigint;
}

export interface SensorCounters {
  /** Both clocks, read at one time. */
  readonly bootNs: bigint;
  readonly realtimeNs: bigint;
  readonly watchedCgroups: bigint;
  /** Cgroups that are not watched because the map was full. */
  readonly refusedCgroups: bigint;
  readonly tallies: Readonly<Record<EventKind, Tally>>;
}

/** One frame of the sensor. */
export type SensorFrame =
  | { readonly type: 'event'; readonly event: RuntimeEvent }
  | { readonly type: 'status'; readonly status: SensorStatus }
  | { readonly type: 'counters'; readonly counters: SensorCounters }
  /** Of a kind that this version does not know. */
  | { readonly type: 'unknown'; readonly kind: number }
  /** One that contradicts itself; the frames after it are whole. */
  | { readonly type: 'flaw'; readonly reason: string }
  /** Where the next frame begins cannot be told any more; it is the last. */
  | { readonly type: 'broken'; readonly reason: string };
