/**
 * The 512-byte header block of tar: bytes in, fields out, no state. Layouts: POSIX.1-1988 ustar, Version 7, star, and
 * GNU (GNU tar manual, "Basic Tar Format"). Functions take the block as `bytes` from `at` on, so that nothing is copied.
 */

export const BLOCK = 512;

/** Which fields lie behind byte 257: ustar and star have a name prefix, GNU has times and a sparse map instead. */
export type TarFormat = 'v7' | 'ustar' | 'star' | 'gnu';

const NAME = { at: 0, length: 100 };
const MODE = { at: 100, length: 8 };
const SIZE = { at: 124, length: 12 };
const CHECKSUM = { at: 148, length: 8 };
const TYPE = 156;
const LINK_NAME = { at: 157, length: 100 };
const MAGIC = 257;
const USTAR_PREFIX = { at: 345, length: 155 };
const STAR_PREFIX = { at: 345, length: 131 };
const STAR_TRAILER = 508;
const GNU_ACCESS_TIME = { at: 345, length: 12 };
const GNU_CHANGE_TIME = { at: 357, length: 12 };

const SPACE = 0x20;
const SLASH = 0x2f;

/** True where the block holds only zeros: one half of the end marker. */
export function isZeroBlock(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + BLOCK; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** The sum of all bytes with the checksum field as spaces; some old writers summed them as signed. */
export function checksumMatches(bytes: Uint8Array, at: number): boolean {
  const stored = numberField(bytes, at + CHECKSUM.at, CHECKSUM.length);
  if (stored < 0) return false;
  // Eight at a time: this sum is the dearest part of reading a small entry.
  let sum = CHECKSUM.length * SPACE;
  for (let i = at; i < at + BLOCK; i += 8) {
    sum += bytes[i]! + bytes[i + 1]! + bytes[i + 2]! + bytes[i + 3]!;
    sum += bytes[i + 4]! + bytes[i + 5]! + bytes[i + 6]! + bytes[i + 7]!;
  }
  for (let i = at + CHECKSUM.at; i < at + CHECKSUM.at + CHECKSUM.length; i++) sum -= bytes[i]!;
  if (sum === stored) return true;
  for (let i = at; i < at + BLOCK; i++) {
    const counted = i < at + CHECKSUM.at || i >= at + CHECKSUM.at + CHECKSUM.length;
    if (counted && bytes[i]! > 0x7f) sum -= 0x100;
  }
  return sum === stored;
}

/** The type flag as its byte. */
export function typeFlag(bytes: Uint8Array, at: number): number {
  return bytes[at + TYPE]!;
}

/** The size field in bytes, or -1 where it is no number from 0 to 2^53-1. */
export function sizeField(bytes: Uint8Array, at: number): number {
  return numberField(bytes, at + SIZE.at, SIZE.length);
}

/** The low twelve mode bits, or -1 where the field is no number. Binary ones may be negative: only these bits count. */
export function modeField(bytes: Uint8Array, at: number): number {
  const last = at + MODE.at + MODE.length - 1;
  if ((bytes[at + MODE.at]! & 0x80) !== 0) return ((bytes[last - 1]! << 8) | bytes[last]!) & 0o7777;
  const mode = numberField(bytes, at + MODE.at, MODE.length);
  return mode < 0 ? -1 : mode % 0o10000;
}

export function formatOf(bytes: Uint8Array, at: number): TarFormat {
  if (!matches(bytes, at + MAGIC, 'ustar')) return 'v7';
  if (matches(bytes, at + MAGIC + 5, '\0')) return matches(bytes, at + STAR_TRAILER, 'tar\0') ? 'star' : 'ustar';
  return matches(bytes, at + MAGIC + 5, '  \0') ? 'gnu' : 'v7';
}

/** The name with its prefix, as bytes without terminator. */
export function nameField(bytes: Uint8Array, at: number): Uint8Array {
  const name = textField(bytes, at + NAME.at, NAME.length);
  if (bytes[at + USTAR_PREFIX.at] === 0) return name;
  const prefix = prefixField(bytes, at);
  if (prefix.length === 0) return name;
  const whole = new Uint8Array(prefix.length + 1 + name.length);
  whole.set(prefix);
  whole[prefix.length] = SLASH;
  whole.set(name, prefix.length + 1);
  return whole;
}

export function linkNameField(bytes: Uint8Array, at: number): Uint8Array {
  return textField(bytes, at + LINK_NAME.at, LINK_NAME.length);
}

function prefixField(bytes: Uint8Array, at: number): Uint8Array {
  switch (formatOf(bytes, at)) {
    case 'ustar':
      return textField(bytes, at + USTAR_PREFIX.at, USTAR_PREFIX.length);
    case 'star':
      return textField(bytes, at + STAR_PREFIX.at, STAR_PREFIX.length);
    case 'gnu': {
      // Go before 1.8, and with it old Docker, wrote a prefix over GNU's times (golang/go#12594): it is one where the
      // bytes are no times.
      const times = [GNU_ACCESS_TIME, GNU_CHANGE_TIME];
      const prefix = textField(bytes, at + USTAR_PREFIX.at, USTAR_PREFIX.length);
      const isPrefix = times.some((field) => bytes[at + field.at] !== 0 && !isNumberField(bytes, at + field.at, 12));
      return isPrefix && prefix.every((byte) => byte < 0x80) ? prefix : prefix.subarray(0, 0);
    }
    case 'v7':
      return bytes.subarray(at, at);
  }
}

/** The bytes of a text field up to its first NUL. */
export function textField(bytes: Uint8Array, at: number, length: number): Uint8Array {
  let end = at;
  while (end < at + length && bytes[end] !== 0) end++;
  return bytes.subarray(at, end);
}

/**
 * A numeric field: octal text padded with spaces or NULs (empty is 0), or GNU's base-256, where the first bit is set
 * and the rest is a big-endian two's complement number. -1 for anything else, negative, or past 2^53-1.
 */
export function numberField(bytes: Uint8Array, at: number, length: number): number {
  return (bytes[at]! & 0x80) === 0 ? octalField(bytes, at, length) : binaryField(bytes, at, length);
}

function octalField(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length;
  let i = at;
  while (i < end && (bytes[i] === SPACE || bytes[i] === 0)) i++;
  let value = 0;
  for (; i < end; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  while (i < end && bytes[i] === SPACE) i++;
  return i === end || bytes[i] === 0 ? value : -1;
}

function binaryField(bytes: Uint8Array, at: number, length: number): number {
  if ((bytes[at]! & 0x40) !== 0) return -1;
  let value = bytes[at]! & 0x3f;
  for (let i = at + 1; i < at + length; i++) {
    value = value * 0x100 + bytes[i]!;
    if (value > Number.MAX_SAFE_INTEGER) return -1;
  }
  return value;
}

/** Times may be negative, which `numberField` refuses. */
function isNumberField(bytes: Uint8Array, at: number, length: number): boolean {
  return (bytes[at]! & 0x80) !== 0 || octalField(bytes, at, length) >= 0;
}

function matches(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
