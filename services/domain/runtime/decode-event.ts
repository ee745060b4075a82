import { decodeBase, FLAGS, ORIGINS } from './decode-base.ts';
import { decodeCall } from './decode-call.ts';
import { decodeSocket } from './decode-socket.ts';
import type { EventKind, RuntimeEvent, StartEvent } from './event.ts';
import { type Field, type FrameBytes, named } from './frame-bytes.ts';
import { LAYOUT } from './layout.ts';

const { exec_event, fork_event, exit_event, cgroup_event, move_event, start_event, start_report } = LAYOUT.structures;
/** enum gate_outcome, enum profile_outcome of rows.h. */
const GATES: readonly StartEvent['gate'][] = [null, 'passed', 'warned', 'refused', 'unknown'];
const HELD: readonly StartEvent['held'][] = [null, 'given', 'pack', 'missing'];
const NOBODY = 0xffff_ffff;

/** The event in a frame of this kind. RangeError where it contradicts itself. */
export function decodeEvent(kind: EventKind, frame: FrameBytes): RuntimeEvent {
  switch (kind) {
    case 'exec':
      return exec(frame);
    case 'fork':
      frame.expect(fork_event.size);
      return {
        kind,
        ...decodeBase(frame),
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
        ...decodeBase(frame),
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
        ...decodeBase(frame),
        parentCgroupId: frame.big(cgroup_event.fields.parent_id),
        path: frame.text(cgroup_event.size, size),
        existing: (frame.flags & FLAGS.existing) !== 0,
      };
    }
    case 'move': {
      const size = frame.number(move_event.fields.path_size);
      frame.expect(move_event.size + size);
      return {
        kind,
        ...decodeBase(frame),
        toCgroupId: frame.big(move_event.fields.to_id),
        toPath: frame.text(move_event.size, size),
        left: (frame.flags & FLAGS.left) !== 0,
        moverId: frame.number(move_event.fields.mover_id),
      };
    }
    case 'start':
      return start(frame);
    case 'connect':
    case 'connected':
    case 'accept':
    case 'bind':
    case 'listen':
    case 'send':
    case 'arrive':
    case 'socket':
      return decodeSocket(kind, decodeBase(frame), frame);
    default:
      return decodeCall(kind, decodeBase(frame), frame);
  }
}

function start(frame: FrameBytes): RuntimeEvent {
  frame.expect(start_event.size);
  const [reportAt] = start_event.fields.report;
  const at = ([offset, size]: Field): Field => [reportAt + offset, size];
  const text = (field: Field) => frame.text(...at(field)) || null;
  const { fields } = start_report;
  return {
    kind: 'start',
    ...decodeBase(frame),
    started: frame.number(at(fields.started)) !== 0,
    gate: named(GATES, frame.number(at(fields.gate)), 'answer of the gate'),
    held: named(HELD, frame.number(at(fields.held)), 'state of a profile'),
    image: text(fields.image),
    profileName: text(fields.profile),
    rule: text(fields.rule),
    reason: text(fields.reason),
  };
}

function exec(frame: FrameBytes): RuntimeEvent {
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
    ...decodeBase(frame),
    path: frame.text(exec_event.size, pathSize),
    pathCut: (frame.flags & FLAGS.pathCut) !== 0,
    name: frame.text(nameAt, nameSize),
    directory: frame.text(directoryAt, directorySize),
    arguments: frame.texts(argumentsAt, argumentsSize),
    argumentsCut: (frame.flags & FLAGS.argumentsCut) !== 0,
    unreadable: (frame.flags & FLAGS.unreadable) !== 0,
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
