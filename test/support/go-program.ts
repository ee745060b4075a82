/** Programs as Go's linker lays them out: just enough of ELF, and the build information in its place. */

export interface Segment {
  /** p_type; PT_LOAD unless given. */
  readonly type?: number;
  readonly flags: string;
  readonly address: number;
  readonly bytes: Uint8Array;
}

export interface ElfForm {
  readonly wide: boolean;
  readonly littleEndian: boolean;
}

const AMD64: ElfForm = { wide: true, littleEndian: true };

/** An executable with these segments, one behind the other at multiples of 16. */
export function elfProgram(segments: readonly Segment[], { wide, littleEndian }: ElfForm = AMD64): Uint8Array {
  const [headerSize, entrySize] = wide ? [64, 56] : [52, 32];
  const offsets: number[] = [];
  let end = align(headerSize + segments.length * entrySize + 16);
  for (const { bytes } of segments) {
    offsets.push(end);
    end = align(end + bytes.length);
  }
  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  const word = (at: number, value: number): void => {
    if (wide) view.setBigUint64(at, BigInt(value), littleEndian);
    else view.setUint32(at, value, littleEndian);
  };
  file.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1]);
  view.setUint16(16, 2, littleEndian);
  word(wide ? 32 : 28, headerSize);
  view.setUint16(wide ? 54 : 42, entrySize, littleEndian);
  view.setUint16(wide ? 56 : 44, segments.length, littleEndian);
  for (const [i, { type = 1, flags, address, bytes }] of segments.entries()) {
    const at = headerSize + i * entrySize;
    const bits = (flags.includes('R') ? 4 : 0) | (flags.includes('W') ? 2 : 0) | (flags.includes('X') ? 1 : 0);
    view.setUint32(at, type, littleEndian);
    view.setUint32(at + (wide ? 4 : 24), bits, littleEndian);
    word(at + (wide ? 8 : 4), offsets[i]!);
    word(at + (wide ? 16 : 8), address);
    word(at + (wide ? 32 : 16), bytes.length);
    file.set(bytes, offsets[i]);
  }
  return file;
}

const align = (size: number): number => Math.ceil(size / 16) * 16;

const MAGIC = latin1('\xff Go buildinf:');
const START = Buffer.from('3077af0c9274080241e1c107e6d618e6', 'hex');
const END = Buffer.from('f932433186182072008242104116d8f2', 'hex');

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

function framed(modules: string): Uint8Array {
  return Buffer.concat([START, Buffer.from(modules), END]);
}

/** Of Go 1.18 and later. */
export function inlineInfo(version: string, modules: string): Uint8Array {
  const texts = [Buffer.from(version), modules === '' ? new Uint8Array(0) : framed(modules)];
  const parts = texts.flatMap((text) => [varint(text.length), text]);
  return Buffer.concat([MAGIC, Buffer.from([8, 2]), new Uint8Array(16), ...parts]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** A program of Go 1.18 or later: code, constants, data with the build information at their start. */
export function goProgram(version: string, modules: string, form: ElfForm = AMD64): Uint8Array {
  return elfProgram(
    [
      { flags: 'RX', address: 0x40_0000, bytes: new Uint8Array(3_000).fill(0x90) },
      {
        flags: 'R',
        address: 0x50_0000,
        bytes: latin1(`go1.18 is not the version \xff Go buildinf: nor this${'.'.repeat(2_000)}`),
      },
      { flags: 'RW', address: 0x60_0000, bytes: Buffer.concat([inlineInfo(version, modules), new Uint8Array(500)]) },
    ],
    form,
  );
}

/** A program of Go 1.13 to 1.17; `before` is how much data lies before the header, as with the system's linker. */
export function oldGoProgram(
  version: string,
  modules: string,
  { before = 0, ...form }: Partial<ElfForm> & { before?: number } = {},
): Uint8Array {
  const { wide, littleEndian } = { ...AMD64, ...form };
  const [constantsAt, dataAt] = [0x50_0000, 0x60_0000];
  const versionAt = 'runtime: go1.13 go1.19 panic'.length;
  const constants = Buffer.concat([
    latin1('runtime: go1.13 go1.19 panic'),
    Buffer.from(version),
    latin1('4.0noise'),
    framed(modules),
    new Uint8Array(900),
  ]);
  const modulesAt = versionAt + version.length + '4.0noise'.length;
  const pointer = wide ? 8 : 4;
  const strings = 200;
  const headerAt = before === 0 ? 0 : align(strings + 4 * pointer + before);
  const stringsAt = before === 0 ? 64 : strings;
  const data = new Uint8Array(headerAt + 700);
  const view = new DataView(data.buffer);
  const word = (at: number, value: number): void => {
    if (wide) view.setBigUint64(at, BigInt(value), littleEndian);
    else view.setUint32(at, value, littleEndian);
  };
  data.set(Buffer.concat([MAGIC, Buffer.from([pointer, littleEndian ? 0 : 1])]), headerAt);
  word(headerAt + 16, dataAt + stringsAt);
  word(headerAt + 16 + pointer, dataAt + stringsAt + 2 * pointer);
  word(stringsAt, constantsAt + versionAt);
  word(stringsAt + pointer, version.length);
  word(stringsAt + 2 * pointer, constantsAt + modulesAt);
  word(stringsAt + 3 * pointer, framed(modules).length);
  return elfProgram(
    [
      { type: 0x65041580, flags: '', address: 0, bytes: new Uint8Array(0) },
      { flags: 'RX', address: 0x40_0000, bytes: new Uint8Array(3_000).fill(0x90) },
      { flags: 'R', address: constantsAt, bytes: constants },
      { flags: 'RW', address: dataAt, bytes: data },
    ],
    { wide, littleEndian },
  );
}
