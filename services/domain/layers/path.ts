/**
 * Paths inside a layer or a root file system, parsed once. Everywhere else a path is this string:
 * components joined by '/', no leading or trailing slash, no '.', '..' or empty component; '' is the root.
 *
 * Names are bytes on Linux. Valid UTF-8 reads as itself; any other byte 0xNN reads as the lone surrogate U+DCNN
 * (Python's surrogateescape), so that two different names never become one and the bytes can be had back.
 */

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Bytes of a name to its string. Inverse: encodePath. */
export function decodePath(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return escapeInvalid(bytes);
  }
}

/** The bytes of a decoded name. */
export function encodePath(path: string): Uint8Array {
  if (path.isWellFormed()) return encoder.encode(path);
  const out: number[] = [];
  for (const char of path) {
    const code = char.codePointAt(0) as number;
    if (code >= 0xdc80 && code <= 0xdcff) out.push(code & 0xff);
    else out.push(...encoder.encode(char));
  }
  return Uint8Array.from(out);
}

/** Whole valid runs at once: foreign bytes may be megabytes. */
function escapeInvalid(bytes: Uint8Array): string {
  const pieces: string[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    if (at > start) pieces.push(lenient.decode(bytes.subarray(start, at)));
    pieces.push(String.fromCharCode(0xdc00 | bytes[at]!));
    at += 1;
    start = at;
  }
  if (start < bytes.length) pieces.push(lenient.decode(bytes.subarray(start)));
  return pieces.join('');
}

/** Length of the valid UTF-8 sequence at `at` (RFC 3629 table 3-7), or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + length > bytes.length) return 0;
  const second = bytes[at + 1]!;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return length;
}

const PLAIN = /^(?!\.{0,2}(?:\/|$))(?:[^/]+\/(?!\.{0,2}(?:\/|$)))*[^/]+$/;

/**
 * A name as an archive or a link spells it to its normal form: './a', '/a', 'a//b/.' lose their decoration, '..' is
 * resolved by spelling alone, as containerd and Docker clean entry names. `escaped` says that '..' left the root.
 */
export function normalizePath(name: string): { path: string; escaped: boolean } {
  if (PLAIN.test(name)) return { path: name, escaped: false };
  const parts: string[] = [];
  let escaped = false;
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) escaped = true;
  }
  return { path: parts.join('/'), escaped };
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(directory: string, name: string): string {
  if (directory === '') return name;
  return name === '' ? directory : `${directory}/${name}`;
}

/** True where `path` lies below `directory` (not where they are equal). */
export function isBelow(path: string, directory: string): boolean {
  return directory === '' ? path !== '' : path.startsWith(directory) && path.charCodeAt(directory.length) === 0x2f;
}

/** For people: bytes that are no UTF-8, and control characters, as \xNN. */
export function displayPath(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return path.replace(/[\u0000-\u001f\u007f\udc80-\udcff]/g, (char) => {
    return `\\x${(char.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`;
  });
}
