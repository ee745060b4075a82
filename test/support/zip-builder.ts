import { crc32, deflateRawSync } from 'node:zlib';

/** One entry, and in what its headers differ from what a sound archive has. */
export interface ZipPart {
  readonly name: string;
  readonly content?: Uint8Array | string;
  readonly method?: 'stored' | 'deflated';
  /** Sizes and checksum behind the data, as streaming writers put them. */
  readonly descriptor?: boolean;
  readonly wide?: boolean;
  /** Both headers have these in place of the true ones. */
  readonly claims?: Partial<Headers>;
  /** Only the local header has these. */
  readonly local?: Partial<Headers> & { readonly name?: string };
  /** Where the central directory says that the local header is. */
  readonly offset?: number;
}

interface Headers {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
}

export interface ZipShape {
  /** Bytes before the archive, from whose end its offsets count, and a comment behind it. */
  readonly prefix?: Uint8Array;
  readonly comment?: Uint8Array;
  /** How many entries the end record says there are. */
  readonly count?: number;
  /** End records of zip64. */
  readonly wide?: boolean;
}

/** A zip archive (APPNOTE.TXT), sound unless told otherwise. */
export function zip(parts: readonly ZipPart[], { prefix, comment, count, wide }: ZipShape = {}): Buffer {
  const files: Uint8Array[] = [];
  const records: Buffer[] = [];
  let at = 0;
  for (const part of parts) {
    const content = Buffer.from(part.content ?? '');
    const isStored = part.method === 'stored';
    const data = isStored ? content : deflateRawSync(content);
    const descriptor = part.descriptor === true;
    const truth: Headers = {
      flags: 0x800 | (descriptor ? 8 : 0),
      method: isStored ? 0 : 8,
      crc: crc32(content),
      compressed: data.length,
      size: content.length,
    };
    const central = { ...truth, ...part.claims };
    const local = { ...central, ...(descriptor ? { crc: 0, compressed: 0, size: 0 } : {}), ...part.local };
    const name = Buffer.from(part.name);
    const localName = Buffer.from(part.local?.name ?? part.name);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    writeHeaders(header, 6, local);
    header.writeUInt16LE(localName.length, 26);
    const file: Uint8Array[] = [header, localName, data];
    if (descriptor) file.push(uint32s(0x08074b50, truth.crc, truth.compressed, truth.size));

    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    const extra = part.wide === true ? extra64(central.size, central.compressed, part.offset ?? at) : Buffer.alloc(0);
    writeHeaders(record, 8, part.wide === true ? { ...central, compressed: 0xffffffff, size: 0xffffffff } : central);
    record.writeUInt16LE(name.length, 28);
    record.writeUInt16LE(extra.length, 30);
    record.writeUInt32LE(part.wide === true ? 0xffffffff : (part.offset ?? at), 42);
    records.push(record, name, extra);
    files.push(...file);
    at += file.reduce((sum, { length }) => sum + length, 0);
  }
  const directory = Buffer.concat(records);
  const ends = [endRecord(count ?? parts.length, directory.length, at, wide === true, comment)];
  if (wide === true) ends.unshift(endRecords64(count ?? parts.length, directory.length, at));
  const all: Uint8Array[] = [prefix ?? Buffer.alloc(0), ...files, directory, ...ends];
  return Buffer.concat(all);
}

function writeHeaders(header: Buffer, at: number, { flags, method, crc, compressed, size }: Headers): void {
  header.writeUInt16LE(flags, at);
  header.writeUInt16LE(method, at + 2);
  header.writeUInt32LE(crc, at + 8);
  header.writeUInt32LE(compressed, at + 12);
  header.writeUInt32LE(size, at + 16);
}

function uint32s(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

function uint64s(...values: number[]): Buffer {
  return Buffer.from(BigUint64Array.from(values.map(BigInt)).buffer);
}

/** Behind another field, which readers pass over. */
function extra64(...values: number[]): Buffer {
  const field = uint64s(...values);
  return Buffer.concat([Buffer.from([0xfe, 0xca, 0, 0, 1, 0, field.length, 0]), field]);
}

function endRecord(
  count: number,
  size: number,
  offset: number,
  wide: boolean,
  comment: Uint8Array = new Uint8Array(0),
): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(wide ? 0xffff : count & 0xffff, 8);
  end.writeUInt16LE(wide ? 0xffff : count & 0xffff, 10);
  end.writeUInt32LE(wide ? 0xffffffff : size, 12);
  end.writeUInt32LE(wide ? 0xffffffff : offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([end, comment]);
}

function endRecords64(count: number, size: number, offset: number): Buffer {
  const record = Buffer.concat([uint32s(0x06064b50, 44, 0, 0, 0, 0), uint64s(count, count, size, offset)]);
  const locator = Buffer.concat([uint32s(0x07064b50, 0), uint64s(offset + size), uint32s(1)]);
  return Buffer.concat([record, locator]);
}
