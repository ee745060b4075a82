import { deflateSync } from 'node:zlib';
import { type ElfForm, elfProgram, latin1 } from './go-program.ts';

export interface AuditOptions extends Partial<ElfForm> {
  /** 0 to 9, as for zlib. */
  readonly level?: number;
  /** Of the bytes between what is loaded and the list: debug information and its like. */
  readonly before?: Uint8Array;
  /** In place of the list, what its section holds. */
  readonly section?: Uint8Array;
}

/** A program as cargo-auditable leaves it: the list of crates lies behind all segments, at any offset. */
export function rustProgram(list: unknown, options: AuditOptions = {}): Uint8Array {
  const { wide = true, littleEndian = true, level = 6, before = latin1('GCC: (Debian) x\0'), section } = options;
  const program = elfProgram(
    [
      { flags: 'RX', address: 0x40_0000, bytes: new Uint8Array(3_000).fill(0x78) },
      { flags: 'R', address: 0x50_0000, bytes: latin1('x\x9c {"packages":[ is a text. '.repeat(80)) },
      { flags: 'RW', address: 0x60_0000, bytes: new Uint8Array(500) },
    ],
    { wide, littleEndian },
  );
  const held = section ?? deflateSync(JSON.stringify(list), { level });
  return Uint8Array.from(
    Buffer.concat([program, before, held, latin1('\0.symtab\0.strtab\0.dep-v0\0'), new Uint8Array(640)]),
  );
}
