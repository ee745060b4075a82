import type { PackageFile } from '../package-file.ts';
import { eachLine } from '../text-lines.ts';
import { quote } from '../unit-gaps.ts';

/** Every value of each header that was asked for, by lower-case name; continuation lines are joined with LF. */
export type Headers = ReadonlyMap<string, readonly string[]>;

/** RFC 822, 3.2: printable ASCII without blank and colon. */
const FIELD = /^([!-9;-~]+):/;

/**
 * The headers of a METADATA or PKG-INFO file (core metadata, "Metadata files"), read as Python's `email` does: they end
 * at the first empty line, and at the first that is neither header nor continuation, which is told.
 */
export function readHeaders({ bytes, limits, gaps }: PackageFile, wanted: ReadonlySet<string>): Headers {
  const most = limits.recordFieldBytes;
  const headers = new Map<string, string[]>();
  let current: string[] | null = null;

  const read = (line: string, number: number): boolean => {
    const first = line.charCodeAt(0);
    if (first === 0x20 || first === 0x09) {
      current?.push(`${current.pop()}\n${line.trim()}`);
      return true;
    }
    if (line === '') return false;
    const match = FIELD.exec(line);
    if (match === null) {
      gaps.add('package-file-unparsable', `line ${number} is no header: ${quote(line)}; nothing behind it was read`);
      return false;
    }
    const name = match[1]!.toLowerCase();
    current = null;
    if (!wanted.has(name)) return true;
    current = headers.get(name) ?? [];
    current.push(line.slice(match[0].length).trim());
    headers.set(name, current);
    return true;
  };
  // Python opens text with universal newlines: a carriage return alone ends a line too.
  const facts = eachLine(bytes, (line, number) => line.split('\r').every((part) => read(part, number)), most);
  if (facts.overlong) gaps.add('limit-reached', `a line is longer than ${most} bytes (recordFieldBytes)`);
  return headers;
}
