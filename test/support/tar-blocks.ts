/**
 * Tar archives byte by byte, also those that no writer makes: each field of a header can be set, the checksum is right
 * unless it is overridden too.
 */

const encoder = new TextEncoder();
const BLOCK = 512;

export type Bytes = Uint8Array<ArrayBuffer>;

export interface RawHeader {
  readonly name?: string | Uint8Array;
  readonly type?: string;
  readonly mode?: number;
  readonly size?: number;
  readonly linkName?: string | Uint8Array;
  readonly magic?: 'ustar' | 'gnu' | 'v7';
  readonly prefix?: string;
  /** Bytes or text written over the finished fields, before the checksum. */
  readonly patch?: Readonly<Record<number, string | readonly number[]>>;
  /** Written in place of the right checksum. */
  readonly checksum?: string;
  /** Sums the bytes as signed, as some old writers did. */
  readonly signed?: boolean;
}

export function rawHeader(header: RawHeader = {}): Bytes {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, value: string | Uint8Array | readonly number[]): void => {
    block.set(typeof value === 'string' ? encoder.encode(value) : value, at);
  };
  put(0, header.name ?? 'file');
  put(100, `${octal(header.mode ?? 0o644, 7)}\0`);
  put(108, '0000000\0');
  put(116, '0000000\0');
  put(124, `${octal(header.size ?? 0, 11)}\0`);
  put(136, `${octal(0, 11)}\0`);
  put(156, header.type ?? '0');
  put(157, header.linkName ?? '');
  if (header.magic !== 'v7') put(257, header.magic === 'gnu' ? 'ustar  \0' : 'ustar\u000000');
  put(345, header.prefix ?? '');
  for (const [at, value] of Object.entries(header.patch ?? {})) put(Number(at), value);
  put(148, '        ');
  let sum = 0;
  for (const byte of block) sum += header.signed && byte > 0x7f ? byte - 0x100 : byte;
  put(148, header.checksum ?? `${octal(sum, 6)}\0 `);
  return block;
}

/** A header with its content, padded. The size is that of the content unless the header says another. */
export function rawEntry(header: RawHeader, content: string | Uint8Array = ''): Bytes {
  const bytes = typeof content === 'string' ? encoder.encode(content) : content;
  return concat(rawHeader({ size: bytes.length, ...header }), padded(bytes));
}

/** A layer of many entries of one type, without content: tar-stream takes seconds for what this does at once. */
export function rawFlood(
  count: number,
  header: (i: number) => { readonly name: string; readonly linkName?: string },
  type = '0',
): Buffer {
  const tar = Buffer.alloc(count * BLOCK + END.length);
  const empty = rawHeader({ name: '', type });
  empty.fill(0x20, 148, 156);
  const emptySum = empty.reduce((sum, byte) => sum + byte, 0);
  for (let i = 0; i < count; i++) {
    const at = i * BLOCK;
    const { name, linkName = '' } = header(i);
    tar.set(empty, at);
    let sum = emptySum;
    for (const [start, text] of [
      [at, name],
      [at + 157, linkName],
    ] as const) {
      const end = start + tar.write(text, start, 100, 'latin1');
      for (let byte = start; byte < end; byte++) sum += tar[byte]!;
    }
    tar.write(`${octal(sum, 6)}\0 `, at + 148, 'latin1');
  }
  return tar;
}

/** An extended header (type x, or g) with these records. */
export function paxHeader(
  records: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
  type = 'x',
): Bytes {
  const pairs = Array.isArray(records) ? records : Object.entries(records);
  return rawEntry({ name: 'PaxHeaders/x', type }, pairs.map(([key, value]) => paxRecord(key, value)).join(''));
}

export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = encoder.encode(rest).length;
  let length = bytes + 1;
  while (String(length).length + bytes !== length) length++;
  return `${length}${rest}`;
}

/** GNU long name (L) or long link (K), as GNU tar writes it. */
export function gnuLong(type: 'L' | 'K', text: string): Bytes {
  return rawEntry({ name: '././@LongLink', type, magic: 'gnu' }, `${text}\0`);
}

/** Two blocks of zeros. */
export const END: Bytes = new Uint8Array(2 * BLOCK);

export function padded(content: Uint8Array): Bytes {
  const block = new Uint8Array(Math.ceil(content.length / BLOCK) * BLOCK);
  block.set(content);
  return block;
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** GNU's base-256: `length` bytes, the first bit set. */
export function base256(value: bigint, length = 12): number[] {
  const bytes = Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn));
  bytes[0]! |= 0x80;
  return bytes;
}
