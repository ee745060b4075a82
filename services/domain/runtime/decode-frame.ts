import { messageOf } from '../errors.ts';
import { decodePath } from '../layers/path.ts';
import type { EventKind, EventProcess, EventVerdict, FileOrigin, RuntimeEvent, SocketEvent } from './event.ts';
import { ipv4, ipv6 } from './ip-address.ts';
import { LAYOUT } from './layout.ts';
import { type SensorCounters, type SensorFrame, sensorStatus, type Tally } from './sensor-frame.ts';

const { event_head, exec_event, fork_event, exit_event, socket_event, cgroup_event, tally, counters_frame } =
  LAYOUT.structures;
const HEAD = event_head.fields;
const FRAME = LAYOUT.structures.frame_head.fields;

/** enum frame_kind of events.h. */
const STATUS = 1;
const COUNTERS = 2;
const EVENT_KINDS: Readonly<Record<EventKind, number>> = {
  'cgroup-made': 8,
  'cgroup-gone': 9,
  exec: 16,
  fork: 17,
  exit: 18,
  connect: 24,
  bind: 25,
  send: 26,
  arrive: 27,
  socket: 28,
};
const KIND_OF = new Map(Object.entries(EVENT_KINDS).map(([kind, number]) => [number, kind as EventKind]));

const VERDICTS: readonly EventVerdict[] = ['observed', 'would-deny', 'denied', 'killed'];
const ORIGINS: readonly FileOrigin[] = ['unknown', 'image', 'written', 'memory', 'other'];

/** enum frame_flag. */
const PATH_CUT = 1;
const ARGUMENTS_CUT = 2;
const UNREADABLE = 4;
const EXISTING = 8;

/** socket(2). */
const SOCKET_TYPES: ReadonlyMap<number, SocketEvent['socketType']> = new Map([
  [1, 'stream'],
  [2, 'datagram'],
  [3, 'raw'],
] as const);
const AF_INET = 2;
const AF_INET6 = 10;
const NOBODY = 0xffff_ffff;

type Field = readonly [offset: number, size: number];

/** One whole frame to what it says. Never throws: what contradicts itself is a `flaw`. */
export function decodeFrame(bytes: Uint8Array): SensorFrame {
  const frame = new Frame(bytes);
  const number = frame.number(FRAME.kind);
  try {
    if (number === STATUS) return { type: 'status', status: status(bytes) };
    if (number === COUNTERS) return { type: 'counters', counters: counters(frame) };
    const kind = KIND_OF.get(number);
    return kind === undefined ? { type: 'unknown', kind: number } : { type: 'event', event: event(kind, frame) };
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

function counters(frame: Frame): SensorCounters {
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

function event(kind: EventKind, frame: Frame): RuntimeEvent {
  switch (kind) {
    case 'exec':
      return exec(frame);
    case 'fork':
      frame.expect(fork_event.size);
      return {
        kind,
        ...base(frame),
        child: {
          id: frame.number(fork_event.fields.child_id),
          startNs: frame.big(fork_event.fields.child_start_ns),
        },
        childContainerProcessId: frame.number(fork_event.fields.child_container_id),
      };
    case 'exit': {
      frame.expect(exit_event.size);
      // wait(2): the signal in the low seven bits, else the code in the next byte.
      const status = frame.number(exit_event.fields.status);
      const signal = status & 0x7f;
      return {
        kind,
        ...base(frame),
        code: signal === 0 ? (status >> 8) & 0xff : null,
        signal: signal === 0 ? null : signal,
      };
    }
    case 'cgroup-made':
    case 'cgroup-gone': {
      const size = frame.number(cgroup_event.fields.path_size);
      frame.expect(cgroup_event.size + size);
      return {
        kind,
        ...base(frame),
        parentCgroupId: frame.big(cgroup_event.fields.parent_id),
        path: frame.text(cgroup_event.size, size),
        existing: (frame.flags & EXISTING) !== 0,
      };
    }
    default:
      return socket(kind, frame);
  }
}

function exec(frame: Frame): RuntimeEvent {
  const { fields } = exec_event;
  const sizes = [fields.path_size, fields.name_size, fields.directory_size, fields.arguments_read] as const;
  const [pathSize, nameSize, directorySize, argumentsSize] = sizes.map((field) => frame.number(field)) as [
    number,
    number,
    number,
    number,
  ];
  const nameAt = exec_event.size + pathSize;
  const directoryAt = nameAt + nameSize;
  const argumentsAt = directoryAt + directorySize;
  frame.expect(argumentsAt + argumentsSize);
  const loginId = frame.number(fields.login_id);
  return {
    kind: 'exec',
    ...base(frame),
    path: frame.text(exec_event.size, pathSize),
    pathCut: (frame.flags & PATH_CUT) !== 0,
    name: frame.text(nameAt, nameSize),
    directory: frame.text(directoryAt, directorySize),
    arguments: frame.texts(argumentsAt, argumentsSize),
    argumentsCut: (frame.flags & ARGUMENTS_CUT) !== 0,
    unreadable: (frame.flags & UNREADABLE) !== 0,
    file: {
      inode: frame.big(fields.inode),
      device: frame.number(fields.device),
      mode: frame.number(fields.mode),
      ownerId: frame.number(fields.owner_id),
      links: frame.number(fields.links),
      changedNs:
        BigInt.asIntN(64, frame.big(fields.changed_s)) * 1_000_000_000n + BigInt(frame.number(fields.changed_ns)),
      origin: named(ORIGINS, frame.number(fields.origin), 'origin'),
    },
    effectiveUserId: frame.number(fields.effective_user_id),
    loginId: loginId === NOBODY ? null : loginId,
    capabilities: frame.big(fields.capabilities),
  };
}

function socket(kind: SocketEvent['kind'], frame: Frame): RuntimeEvent {
  frame.expect(socket_event.size);
  const { fields } = socket_event;
  const family = frame.number(fields.family);
  if (family !== AF_INET && family !== AF_INET6) throw new RangeError(`no address family ${family} is known`);
  const address = frame.bytes(fields.address);
  const protocol = frame.number(fields.protocol);
  const type = frame.number(fields.type);
  return {
    kind,
    ...base(frame),
    address: kind === 'socket' ? null : family === AF_INET ? ipv4(address) : ipv6(address),
    port: kind === 'socket' ? null : frame.number(fields.port),
    socketType: SOCKET_TYPES.get(type) ?? `type-${type}`,
    protocol: protocol === 6 ? 'tcp' : protocol === 17 ? 'udp' : `protocol-${protocol}`,
    socket: frame.big(fields.socket),
    repeats: frame.big(fields.repeats),
  };
}

function base(frame: Frame) {
  return {
    timeNs: frame.big(HEAD.time_ns),
    cgroupId: frame.big(HEAD.cgroup_id),
    containerCgroupId: frame.big(HEAD.container_id) || null,
    workload: frame.big(HEAD.workload) || null,
    profile: frame.number(HEAD.profile) || null,
    ruleId: frame.big(HEAD.rule_id) || null,
    verdict: named(VERDICTS, frame.number(FRAME.verdict), 'verdict'),
    process: process(frame),
  };
}

function process(frame: Frame): EventProcess | null {
  const id = frame.number(HEAD.process_id);
  if (id === 0) return null;
  return {
    id,
    startNs: frame.big(HEAD.process_start_ns),
    thread: frame.number(HEAD.thread_id),
    parent: { id: frame.number(HEAD.parent_id), startNs: frame.big(HEAD.parent_start_ns) },
    containerProcessId: frame.number(HEAD.container_process_id),
    userId: frame.number(HEAD.user_id),
    groupId: frame.number(HEAD.group_id),
    command: frame.text(...HEAD.command),
    mountNamespace: frame.number(HEAD.mount_namespace),
  };
}

function named<T>(names: readonly T[], number: number, what: string): T {
  const name = names[number];
  if (name === undefined) throw new RangeError(`no ${what} ${number} is known`);
  return name;
}

/** Reads fields of one frame; past its end is a RangeError of DataView. */
class Frame {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get flags(): number {
    return this.number(FRAME.flags);
  }

  expect(size: number): void {
    if (this.#bytes.length !== size) throw new RangeError(`it has ${this.#bytes.length} bytes in the place of ${size}`);
  }

  number([offset, size]: Field): number {
    if (size === 1) return this.#view.getUint8(offset);
    return size === 2 ? this.#view.getUint16(offset, true) : this.#view.getUint32(offset, true);
  }

  big([offset]: Field): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  bytes([offset, size]: Field): Uint8Array {
    return this.#bytes.subarray(offset, offset + size);
  }

  /** Up to the first NUL. */
  text(offset: number, size: number): string {
    const bytes = this.#bytes.subarray(offset, offset + size);
    const end = bytes.indexOf(0);
    return decodePath(end < 0 ? bytes : bytes.subarray(0, end));
  }

  /** Each ended by a NUL, the last perhaps cut. */
  texts(offset: number, size: number): string[] {
    const found: string[] = [];
    for (let at = offset; at < offset + size; ) {
      const end = this.#bytes.indexOf(0, at);
      const stop = end < 0 || end > offset + size ? offset + size : end;
      found.push(decodePath(this.#bytes.subarray(at, stop)));
      at = stop + 1;
    }
    return found;
  }
}
