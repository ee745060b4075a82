import { decodePath } from '../layers/path.ts';

/** What a text file's shape alone says about its health. */
export interface LineFacts {
  /** The last line has no line end. */
  readonly unterminated: boolean;
  /** A line was longer than the window; its rest was left out. */
  readonly overlong: boolean;
}

const NEWLINE = 0x0a;

/**
 * Calls `visit` with each line, without its line end (LF or CRLF), until it returns false. Decodes `window` bytes at a time:
 * a database of 512 MiB would not fit into one string. Bytes that are no UTF-8 read as in paths.
 */
export function eachLine(
  bytes: Uint8Array,
  visit: (line: string, number: number) => boolean,
  window: number,
): LineFacts {
  let at = 0;
  let number = 0;
  let overlong = false;
  while (at < bytes.length) {
    let end = bytes.length;
    let next = end;
    if (end - at > window) {
      const last = bytes.lastIndexOf(NEWLINE, at + window);
      if (last >= at) {
        end = last + 1;
        next = end;
      } else {
        overlong = true;
        end = at + window;
        const newline = bytes.indexOf(NEWLINE, end);
        next = newline < 0 ? bytes.length : newline + 1;
      }
    }
    const text = decodePath(bytes.subarray(at, end));
    at = next;
    let from = 0;
    while (from < text.length) {
      const newline = text.indexOf('\n', from);
      const to = newline < 0 ? text.length : newline;
      number += 1;
      const stop = text.charCodeAt(to - 1) === 0x0d && to > from ? to - 1 : to;
      if (!visit(text.slice(from, stop), number)) return { unterminated: false, overlong };
      from = to + 1;
    }
  }
  return { unterminated: bytes.length > 0 && bytes[bytes.length - 1] !== NEWLINE, overlong };
}
