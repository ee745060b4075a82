import { messageOf } from '../errors.ts';
import { decodeEvent } from './decode-event.ts';
import type { EventKind } from './event.ts';
import { type Field, FrameBytes } from './frame-bytes.ts';
import { LAYOUT } from './layout.ts';
import { type SensorCounters, type SensorFrame, sensorStatus, type Tally } from './sensor-frame.ts';

const { tally, counters_frame } = LAYOUT.structures;
const FRAME = LAYOUT.structures.frame_head.fields;

/** enum frame_kind of events.h. */
const STATUS = 1;
const COUNTERS = 2;
const EVENT_KINDS: Readonly<Record<EventKind, number>> = {
  'cgroup-made': 8,
  'cgroup-gone': 9,
  move: 10,
  start: 11,
  exec: 16,
  fork: 17,
  exit: 18,
  connect: 24,
  bind: 25,
  send: 26,
  arrive: 27,
  socket: 28,
  connected: 29,
  accept: 30,
  listen: 31,
  open: 48,
  create: 49,
  rename: 50,
  unlink: 51,
  chmod: 52,
  trace: 53,
  mount: 54,
  namespace: 55,
  identity: 56,
  capabilities: 57,
  module: 58,
  bpf: 59,
  keys: 60,
  coverage: 61,
};
/** The kind that a number of events.h means; null: none that this version knows. */
export function kindOfNumber(number: number): EventKind | null {
  return KIND_OF.get(number) ?? null;
}

const KIND_OF = new Map(Object.entries(EVENT_KINDS).map(([kind, number]) => [number, kind as EventKind]));

/** One whole frame to what it says. Never throws: what contradicts itself is a `flaw`. */
export function decodeFrame(bytes: Uint8Array): SensorFrame {
  const frame = new FrameBytes(bytes);
  const number = frame.number(FRAME.kind);
  try {
    if (number === STATUS) return { type: 'status', status: status(bytes) };
    if (number === COUNTERS) return { type: 'counters', counters: counters(frame) };
    const kind = KIND_OF.get(number);
    return kind === undefined ? { type: 'unknown', kind: number } : { type: 'event', event: decodeEvent(kind, frame) };
  } catch (thrown) {
    return { type: 'flaw', reason: `a frame of kind ${number}: ${messageOf(thrown)}` };
  }
}

function status(bytes: Uint8Array) {
  const parsed = sensorStatus.safeParse(
    JSON.parse(new TextDecoder().decode(bytes.subarray(LAYOUT.structures.frame_head.size))),
  );
  if (!parsed.success) throw new RangeError(`its status is not what it should be: ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

function counters(frame: FrameBytes): SensorCounters {
  frame.expect(counters_frame.size);
  const start = counters_frame.fields.tally[0];
  const tallyAt = (number: number): Tally => {
    const at = ([offset, size]: Field): Field => [start + number * tally.size + offset, size];
    return {
      emitted: frame.big(at(tally.fields.emitted)),
      dropped: frame.big(at(tally.fields.dropped)),
      denied: frame.big(at(tally.fields.denied)),
      wouldDeny: frame.big(at(tally.fields.would_deny)),
    };
  };
  return {
    bootNs: frame.big(counters_frame.fields.boot_ns),
    realtimeNs: frame.big(counters_frame.fields.realtime_ns),
    watchedCgroups: frame.big(counters_frame.fields.rows),
    refusedCgroups: frame.big(counters_frame.fields.rows_refused),
    tallies: Object.fromEntries(Object.entries(EVENT_KINDS).map(([kind, number]) => [kind, tallyAt(number)])) as Record<
      EventKind,
      Tally
    >,
  };
}
