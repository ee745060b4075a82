import { PlimsollError } from '../../errors.ts';
import type { Limits } from '../../limits.ts';

/** What the extended header before an entry says of it (POSIX.1-2001 pax, "Extended Header"). null: not said. */
export interface PaxHeader {
  readonly path: Uint8Array | null;
  readonly linkPath: Uint8Array | null;
  readonly size: number | null;
  readonly sparse: PaxSparse | null;
}

/** The GNU.sparse.* records (GNU tar manual, "PAX Format, Versions 0.0, 0.1 and 1.0"). */
export interface PaxSparse {
  major: string | null;
  minor: string | null;
  /** The real name, where the header's name is a made-up one. */
  name: Uint8Array | null;
  /** The expanded size in bytes. */
  size: number | null;
  blocks: number | null;
  /** Offset and length of each segment of data in turn; null where the map is in the content or absent. */
  map: number[] | null;
}

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const COMMA = 0x2c;
/** Longer than every keyword that means anything here. */
const KEYWORD_BYTES = 32;
const SPARSE = 'GNU.sparse.';

/**
 * Records `LENGTH KEYWORD=VALUE\n`; the last of one keyword counts, an empty value says nothing. Returns null where the
 * text does not parse. Values are copies: `bytes` may be reused.
 */
export function parsePax(bytes: Uint8Array, limits: Limits): PaxHeader | null {
  let path: Uint8Array | null = null;
  let linkPath: Uint8Array | null = null;
  let size: number | null = null;
  let sparse: PaxSparse | null = null;
  const pairs: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(SPACE, at);
    if (space < 0 || space - at > 8) return null;
    const end = at + decimal(bytes, at, space);
    if (end <= space + 1 || end > bytes.length || bytes[end - 1] !== NEWLINE) return null;
    const equals = bytes.indexOf(EQUALS, space);
    if (equals < 0 || equals >= end || equals === space + 1) return null;
    const valueEnd = end - 1;
    at = end;
    if (equals - space > KEYWORD_BYTES) continue;
    const keyword = latin1(bytes, space + 1, equals);
    if (keyword === 'path' || keyword === 'linkpath') {
      const value = bytes.slice(equals + 1, valueEnd);
      if (value.includes(0)) return null;
      if (value.length === 0) continue;
      if (keyword === 'path') path = value;
      else linkPath = value;
    } else if (keyword === 'size') {
      if (equals + 1 === valueEnd) continue;
      size = decimal(bytes, equals + 1, valueEnd);
      if (size < 0) return null;
    } else if (keyword.startsWith(SPARSE)) {
      sparse ??= { major: null, minor: null, name: null, size: null, blocks: null, map: null };
      if (!sparseRecord(sparse, pairs, keyword.slice(SPARSE.length), bytes.slice(equals + 1, valueEnd), limits))
        return null;
    }
  }
  if (sparse !== null && pairs.length > 0) {
    if (pairs.length % 2 !== 0) return null;
    sparse.map = pairs;
  }
  return { path, linkPath, size, sparse };
}

/** Takes one GNU.sparse.* record; `pairs` collects version 0.0, which repeats offset and numbytes for each segment. */
function sparseRecord(sparse: PaxSparse, pairs: number[], key: string, value: Uint8Array, limits: Limits): boolean {
  switch (key) {
    case 'major':
    case 'minor':
      sparse[key] = latin1(value, 0, value.length);
      return true;
    case 'name':
      if (value.length > 0) sparse.name = value;
      return !value.includes(0);
    case 'size':
    case 'realsize':
      sparse.size = decimal(value, 0, value.length);
      return sparse.size >= 0;
    case 'numblocks':
      sparse.blocks = decimal(value, 0, value.length);
      return sparse.blocks >= 0;
    case 'map': {
      sparse.map = [];
      for (let at = 0; at < value.length; ) {
        const comma = value.indexOf(COMMA, at);
        const end = comma < 0 ? value.length : comma;
        if (!addNumber(sparse.map, decimal(value, at, end), limits)) return false;
        at = end + 1;
      }
      return sparse.map.length % 2 === 0;
    }
    case 'offset':
    case 'numbytes':
      if ((pairs.length % 2 === 0) !== (key === 'offset')) return false;
      return addNumber(pairs, decimal(value, 0, value.length), limits);
    default:
      return true;
  }
}

/** Adds one number of a sparse map. False where it is none. */
export function addNumber(map: number[], value: number, limits: Limits): boolean {
  if (map.length >= 2 * limits.sparseSegments) {
    throw new PlimsollError(
      'LIMIT_EXCEEDED',
      `a sparse file in the tar stream has more than ${limits.sparseSegments} segments (sparseSegments)`,
      { details: { limit: 'sparseSegments' } },
    );
  }
  map.push(value);
  return value >= 0;
}

/** Decimal digits and nothing else, up to 2^53-1; otherwise -1. */
export function decimal(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > 20) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value > Number.MAX_SAFE_INTEGER ? -1 : value;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
