/** What a program is loaded from, as the head of its ELF file says (elf(5); gABI, "ELF header", "Program header"). */
export interface ElfSegment {
  /** PT_LOAD and its like. */
  readonly type: number;
  readonly writable: boolean;
  /** Where it lies in the file, and how long it is there. */
  readonly offset: number;
  readonly size: number;
  /** Where its first byte is loaded to. */
  readonly address: number;
}

export const PT_LOAD = 1;
export const PT_NOTE = 4;
export const PT_TLS = 7;

const WRITABLE = 2;
/** e_phnum where the real count stands elsewhere. No linker writes so many segments. */
const EXTENDED_COUNT = 0xffff;

/** Whether the file is an executable or a shared object in ELF; 18 bytes are enough. */
export function isElfProgram(head: Uint8Array): boolean {
  if (head.length < 18 || head[0] !== 0x7f || head[1] !== 0x45 || head[2] !== 0x4c || head[3] !== 0x46) return false;
  const type = head[5] === 2 ? head[17]! : head[16]!;
  return type === 2 || type === 3;
}

/** How many bytes of the file tell its segments; null where `head` is no ELF header, or one that no loader takes. */
export function elfHeadSize(head: Uint8Array): number | null {
  const header = readHeader(head);
  return header === null ? null : header.tableOffset + header.entrySize * header.count;
}

/** `head` has at least `elfHeadSize` bytes. Null where a number in it is absurd. */
export function readElfSegments(head: Uint8Array): readonly ElfSegment[] | null {
  const header = readHeader(head);
  if (header === null || header.tableOffset + header.entrySize * header.count > head.length) return null;
  const { view, littleEndian, wide } = header;
  const segments: ElfSegment[] = [];
  for (let i = 0; i < header.count; i++) {
    const at = header.tableOffset + i * header.entrySize;
    const word = (offset: number): number => readWord(view, at + offset, littleEndian, wide);
    const flags = view.getUint32(at + (wide ? 4 : 24), littleEndian);
    const segment = {
      type: view.getUint32(at, littleEndian),
      writable: (flags & WRITABLE) !== 0,
      offset: word(wide ? 8 : 4),
      address: word(wide ? 16 : 8),
      size: word(wide ? 32 : 16),
    };
    if (!Number.isSafeInteger(segment.offset + segment.size + segment.address)) return null;
    segments.push(segment);
  }
  return segments;
}

interface Header {
  readonly view: DataView;
  readonly littleEndian: boolean;
  /** 64 bits. */
  readonly wide: boolean;
  readonly tableOffset: number;
  readonly entrySize: number;
  readonly count: number;
}

function readHeader(head: Uint8Array): Header | null {
  if (!isElfProgram(head)) return null;
  const [wide, littleEndian] = [head[4] === 2, head[5] !== 2];
  if (head.length < (wide ? 64 : 52)) return null;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const tableOffset = readWord(view, wide ? 32 : 28, littleEndian, wide);
  const entrySize = view.getUint16(wide ? 54 : 42, littleEndian);
  const count = view.getUint16(wide ? 56 : 44, littleEndian);
  if (entrySize < (wide ? 56 : 32) || count === 0 || count === EXTENDED_COUNT) return null;
  return Number.isSafeInteger(tableOffset) ? { view, littleEndian, wide, tableOffset, entrySize, count } : null;
}

/** An address or a size. Past 2^53 it loses digits, and is no safe integer. */
function readWord(view: DataView, at: number, littleEndian: boolean, wide: boolean): number {
  if (!wide) return view.getUint32(at, littleEndian);
  return (
    view.getUint32(at + (littleEndian ? 4 : 0), littleEndian) * 2 ** 32 +
    view.getUint32(at + (littleEndian ? 0 : 4), littleEndian)
  );
}
