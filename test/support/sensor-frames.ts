import { LAYOUT } from '../../services/domain/runtime/layout.ts';
import type { SensorStatus } from '../../services/domain/runtime/sensor-frame.ts';
import { concat } from './tar-blocks.ts';

/** Frames as the sensor writes them, from values by the names of events.h; what is not named is 0. */

type Values = Readonly<Record<string, number | bigint | Uint8Array>>;
type Structure = keyof typeof LAYOUT.structures;

const text = new TextEncoder();
const ended = (value: string | Uint8Array) =>
  concat(typeof value === 'string' ? text.encode(value) : value, Uint8Array.of(0));

/** A structure whose head (frame, event) takes its values from the same names. */
function structure(name: Structure, values: Values): Uint8Array {
  const { size, fields } = LAYOUT.structures[name];
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (const [field, [offset, length]] of Object.entries(fields)) {
    const value = values[field] ?? 0;
    if (field === 'head') bytes.set(structure('event_head', values), offset);
    else if (field === 'frame') bytes.set(structure('frame_head', values), offset);
    else if (value instanceof Uint8Array) bytes.set(value.subarray(0, length), offset);
    else if (length === 1) view.setUint8(offset, Number(value));
    else if (length === 2) view.setUint16(offset, Number(value), true);
    else if (length === 4) view.setUint32(offset, Number(value), true);
    else if (length === 8) view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
  }
  return bytes;
}

function frame(name: Structure, kind: number, values: Values, ...data: Uint8Array[]): Uint8Array {
  const tail = concat(...data);
  const length = LAYOUT.structures[name].size + tail.length;
  return concat(structure(name, { kind, length, ...values }), tail);
}

export function statusFrame(status: unknown): Uint8Array {
  return frame('frame_head', 1, {}, text.encode(JSON.stringify(status)));
}

export const SAMPLE_STATUS: SensorStatus = {
  layout: LAYOUT.version,
  root: { id: '25', path: '/watched', directory: '/sys/fs/cgroup/watched' },
  pins: null,
  programs: [{ name: 'connect4', hook: 'cgroup/connect4', refusedAt: null, errno: 0, reason: '' }],
};

/** `tallies`: by number of the kind. */
export function countersFrame(values: Values, tallies: Readonly<Record<number, Values>> = {}): Uint8Array {
  const bytes = frame('counters_frame', 2, values);
  for (const [kind, tally] of Object.entries(tallies)) {
    const [start] = LAYOUT.structures.counters_frame.fields.tally;
    bytes.set(structure('tally', tally), start + Number(kind) * LAYOUT.structures.tally.size);
  }
  return bytes;
}

export interface ExecTexts {
  readonly path: string | Uint8Array;
  readonly name: string;
  readonly directory: string;
  readonly arguments: readonly string[];
}

export function execFrame(values: Values, texts: ExecTexts): Uint8Array {
  const parts = [ended(texts.path), ended(texts.name), ended(texts.directory), concat(...texts.arguments.map(ended))];
  const [path_size, name_size, directory_size, arguments_read] = parts.map(({ length }) => length) as [
    number,
    number,
    number,
    number,
  ];
  return frame('exec_event', 16, { path_size, name_size, directory_size, arguments_read, ...values }, ...parts);
}

export const forkFrame = (values: Values) => frame('fork_event', 17, values);
export const exitFrame = (values: Values) => frame('exit_event', 18, values);
/** `kind`: 24 connect, 25 bind, 26 send, 27 arrive, 28 socket, 29 connected, 30 accept, 31 listen. */
export const socketFrame = (kind: number, values: Values) => frame('socket_event', kind, values);

/** `kind`: 8 made, 9 gone. */
export function cgroupFrame(kind: number, path: string, values: Values): Uint8Array {
  const bytes = ended(path);
  return frame('cgroup_event', kind, { path_size: bytes.length, ...values }, bytes);
}

/** A call of this number (enum call) with texts that are there or not. `kind`: 48 open … 61 coverage. */
export function callFrame(
  kind: number,
  values: Values,
  texts: Readonly<Partial<Record<'path' | 'directory' | 'target' | 'target_directory', string>>> = {},
): Uint8Array {
  const parts = (['path', 'directory', 'target', 'target_directory'] as const).map((name) => {
    const text = texts[name];
    return { name: `${name}_size`, bytes: text === undefined ? new Uint8Array(0) : ended(text) };
  });
  const sizes = Object.fromEntries(parts.map(({ name, bytes }) => [name, bytes.length]));
  return frame('call_event', kind, { ...sizes, ...values }, ...parts.map(({ bytes }) => bytes));
}

/** Registers of a call. */
export function registers(...values: readonly bigint[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(32));
  for (const [i, value] of values.entries()) bytes.setBigUint64(i * 8, BigInt.asUintN(64, value), true);
  return new Uint8Array(bytes.buffer);
}

export function moveFrame(path: string, values: Values): Uint8Array {
  const bytes = ended(path);
  return frame('move_event', 10, { path_size: bytes.length, ...values }, bytes);
}

/** What a hook reported; `report` by the names of rows.h. */
export function startFrame(values: Values, report: Values): Uint8Array {
  const bytes = frame('start_event', 11, values);
  bytes.set(structure('start_report', report), LAYOUT.structures.start_event.fields.report[0]);
  return bytes;
}
