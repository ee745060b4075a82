import { namedArguments } from './call-arguments.ts';
import { type EventBaseFields, FLAGS, ORIGINS } from './decode-base.ts';
import { errnoName } from './errno.ts';
import type { CallEvent, CallPath } from './event.ts';
import { type FrameBytes, named } from './frame-bytes.ts';
import { LAYOUT } from './layout.ts';

const { call_event } = LAYOUT.structures;
const { fields } = call_event;
const REGISTERS = 4;
const REGISTER_BYTES = 8;

/** A `call_event` behind its head. RangeError where it contradicts itself. */
export function decodeCall(kind: CallEvent['kind'], base: EventBaseFields, frame: FrameBytes): CallEvent {
  const sizes = [fields.path_size, fields.directory_size, fields.target_size, fields.target_directory_size] as const;
  let end: number = call_event.size;
  const texts = sizes.map((field) => {
    const size = frame.number(field);
    const text = size === 0 ? null : frame.text(end, size);
    end += size;
    return text;
  });
  frame.expect(end);
  const [path, directory, target, targetDirectory] = texts as [string | null, ...(string | null)[]];
  const number = frame.number(fields.call);
  const call = named([null, ...LAYOUT.calls], number, 'call') ?? 'compat';
  const result = BigInt.asIntN(64, frame.big(fields.result));
  const isFailed = result < 0n && result > -4_096n;
  const inode = frame.big(fields.inode);
  const isRacy = (frame.flags & FLAGS.racy) !== 0;
  const [registersAt] = fields.arguments;
  const registers = Array.from({ length: REGISTERS }, (_, i) =>
    frame.big([registersAt + i * REGISTER_BYTES, REGISTER_BYTES]),
  );
  return {
    kind,
    ...base,
    call,
    result: isFailed ? null : result,
    error: isFailed ? errnoName(Number(-result)) : null,
    arguments: namedArguments(call, registers),
    file: pathOf(path, directory ?? null, isRacy),
    target: pathOf(target ?? null, targetDirectory ?? null, isRacy),
    racy: isRacy,
    pathCut: (frame.flags & FLAGS.pathCut) !== 0,
    unreadable: (frame.flags & FLAGS.unreadable) !== 0,
    opened:
      inode === 0n
        ? null
        : {
            inode,
            device: frame.number(fields.device),
            mode: frame.number(fields.mode),
            origin: named(ORIGINS, frame.number(fields.origin), 'origin'),
          },
    repeats: frame.big(fields.repeats),
  };
}

/** A path that is not absolute begins behind its directory. No link and no `..` in it is followed: that file may be another by now. */
function pathOf(text: string | null, directory: string | null, isGiven: boolean): CallPath | null {
  if (text === null) return null;
  if (!isGiven) return { path: text, name: null };
  if (directory === null) return { path: text, name: text };
  return { path: text === '' ? directory : `${directory === '/' ? '' : directory}/${text}`, name: text };
}
