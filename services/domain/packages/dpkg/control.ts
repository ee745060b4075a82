import type { Limits } from '../../limits.ts';
import { eachLine } from '../text-lines.ts';
import { quote, type UnitGaps } from '../unit-gaps.ts';

/** The fields of one stanza that were asked for, by lower-case name; continuation lines are joined with LF. */
export type Stanza = ReadonlyMap<string, string>;

/** deb822(5): printable ASCII without blank and colon. dpkg takes blanks before the colon. */
const FIELD = /^([!-9;-~]+)[ \t]*:/;

/**
 * Reads a control file (deb-control(5), deb822(5)) stanza by stanza. A stanza in which every line is broken counts as
 * seen, with no fields. Lines that are no fields, and fields given twice, are flaws; the rest is still read.
 * `visit` returns false to stop.
 * @returns whether the last line has no line end.
 */
export function eachStanza(
  bytes: Uint8Array,
  wanted: ReadonlySet<string>,
  gaps: UnitGaps,
  { recordFieldBytes }: Limits,
  visit: (stanza: Stanza, line: number) => boolean,
): boolean {
  let fields = new Map<string, string>();
  let startLine = 0;
  let current: string | null = null;
  let truncated = false;

  const flush = (): boolean => {
    const go = startLine === 0 || visit(fields, startLine);
    fields = new Map();
    startLine = 0;
    current = null;
    return go;
  };
  const append = (name: string, text: string): void => {
    const value = fields.get(name)!;
    if (value.length + text.length < recordFieldBytes) fields.set(name, `${value}\n${text}`);
    else truncated = true;
  };

  const facts = eachLine(
    bytes,
    (line, number) => {
      const first = line.charCodeAt(0);
      if (first === 0x20 || first === 0x09) {
        // deb822(5) lets readers take lines of blanks alone as separators; dpkg reads over them.
        if (current !== null) append(current, line.trim());
        else if (startLine === 0 && line.trim() !== '') {
          gaps.add('package-database-broken', `line ${number} continues no field: ${quote(line)}`);
        }
        return true;
      }
      if (line === '') return flush();
      if (startLine === 0) startLine = number;
      const match = FIELD.exec(line);
      if (match === null) {
        current = null;
        gaps.add('package-database-broken', `line ${number} is no field: ${quote(line)}`);
        return true;
      }
      const name = match[1]!.toLowerCase();
      if (!wanted.has(name)) {
        current = null;
      } else if (fields.has(name)) {
        current = null;
        // Two packages run into one where the line between them was lost.
        const code = name === 'package' ? 'package-database-broken' : 'package-record-invalid';
        gaps.add(code, `line ${number} gives the field ${quote(match[1]!)} a second time; the first counts`);
      } else {
        current = name;
        fields.set(name, line.slice(match[0].length).trim());
      }
      return true;
    },
    recordFieldBytes,
  );
  flush();
  if (truncated || facts.overlong) {
    gaps.add(
      'limit-reached',
      `a field is longer than ${recordFieldBytes} bytes (recordFieldBytes); its rest was left out`,
    );
  }
  return facts.unterminated;
}
