import { normalizePath } from '../../layers/path.ts';
import type { Limits } from '../../limits.ts';
import { type DatabaseUnit, EMPTY_UNIT, type FileList, type PackageRecord } from '../ecosystem.ts';
import { eachLine } from '../text-lines.ts';
import { isToken, quote, UnitGaps } from '../unit-gaps.ts';
import { decodeDigest } from './digest.ts';

/** One record while it is read: single-letter fields, then F (directory), R (file), Z (its digest) again and again. */
interface Draft {
  readonly line: number;
  readonly fields: Map<string, string>;
  readonly paths: string[];
  readonly digests: (string | null)[];
}

/** Package fields of APKINDEX and the installed database (apk-v2(5), "Installed database"); f holds flags. */
const FIELDS = new Set(['P', 'V', 'A', 'o', 'L', 'D', 'p', 'f']);

/**
 * apk's installed database. Records end with an empty line; apk writes one after each and reads no record without,
 * so a file that ends inside a record was cut. A cut between two records cannot be seen.
 */
export function readInstalled(path: string, bytes: Uint8Array, limits: Limits): DatabaseUnit {
  const gaps = new UnitGaps();
  const packages: PackageRecord[] = [];
  const names = new Set<string>();
  const fileLists: FileList[] = [];
  let filesLeft: number = limits.ownedFiles;
  let records = 0;
  let draft: Draft | null = null;
  let directory: string | null = null;

  const broken = (line: number, flaw: string): void => {
    gaps.add('package-database-broken', `line ${line} ${flaw}`);
  };
  const finish = (): boolean => {
    const done = draft;
    draft = null;
    directory = null;
    if (done === null) return true;
    const name = done.fields.get('P');
    if (name === undefined || name === '') {
      broken(done.line, 'starts a record that names no package');
      return true;
    }
    records += 1;
    const record = recordOf(name, done.fields);
    if (record === null) {
      gaps.add('package-database-broken', `${quote(name)} has no version, or an impossible name or version`);
      return true;
    }
    if (packages.length >= limits.packages) {
      gaps.add('limit-reached', `more than ${limits.packages} packages (packages); the rest was not read`);
      return false;
    }
    if (names.has(name)) gaps.add('package-record-invalid', `${quote(name)} is listed more than once`);
    names.add(name);
    packages.push(record);
    if (done.paths.length > 0) fileLists.push({ package: name, paths: done.paths, digests: done.digests });
    return true;
  };
  const readFile = (line: string, number: number, into: Draft): void => {
    const value = line.slice(2);
    switch (line[0]) {
      case 'F':
        directory = value;
        break;
      case 'R':
        if (directory === null) broken(number, 'names a file before any directory');
        else if (filesLeft === 0)
          gaps.add('limit-reached', `packages own more than ${limits.ownedFiles} files (ownedFiles)`);
        else {
          filesLeft -= 1;
          into.paths.push(normalizePath(`${directory}/${value}`).path);
          into.digests.push(null);
        }
        break;
      case 'Z':
        if (into.digests.length === 0) broken(number, 'gives a digest before any file');
        else into.digests[into.digests.length - 1] = decodeDigest(value, into.fields.get('f')?.includes('S') ?? false);
        break;
    }
  };

  const nul = bytes.indexOf(0);
  if (nul >= 0) gaps.add('package-database-broken', `NUL byte at offset ${nul}`);
  const facts = eachLine(
    bytes,
    (line, number) => {
      if (line.length < 2) {
        // apk takes a line of one character for an empty one; it writes none.
        if (line !== '') broken(number, `is no field: ${quote(line)}`);
        return finish();
      }
      if (line[1] !== ':') {
        broken(number, `is no field: ${quote(line)}`);
        return true;
      }
      draft ??= { line: number, fields: new Map(), paths: [], digests: [] };
      const field = line[0]!;
      if (!FIELDS.has(field)) readFile(line, number, draft);
      // Two packages run into one where the line between them was lost.
      else if (draft.fields.has(field)) broken(number, `gives the field ${quote(field)} a second time`);
      else draft.fields.set(field, line.slice(2).trim());
      return true;
    },
    limits.recordFieldBytes,
  );
  if (draft !== null) {
    gaps.add('package-database-broken', 'the last record is not closed by an empty line: the file was cut short');
  }
  finish();
  if (facts.overlong)
    gaps.add('limit-reached', `a line is longer than ${limits.recordFieldBytes} bytes (recordFieldBytes)`);
  if (records === 0 && bytes.length > 0) {
    gaps.add('package-database-broken', `${bytes.length} bytes without a single package`);
  }
  return { ...EMPTY_UNIT, path, isDatabase: true, packages, fileLists, gaps: gaps.all() };
}

function recordOf(name: string, fields: ReadonlyMap<string, string>): PackageRecord | null {
  const version = fields.get('V');
  if (!isToken(name) || !isToken(version)) return null;
  const arch = fields.get('A');
  const origin = fields.get('o');
  const license = fields.get('L');
  return {
    type: 'apk',
    name,
    version,
    arch: isToken(arch) ? arch : null,
    // All packages of one origin are built together and carry its version.
    source: isToken(origin) ? { name: origin, version } : null,
    epoch: null,
    modularity: null,
    origin: isToken(origin) ? origin : null,
    vendor: null,
    licenses: license === undefined || license === '' ? [] : [license],
    dependsOn: wordsOf(fields.get('D')),
    provides: wordsOf(fields.get('p')),
  };
}

function wordsOf(field: string | undefined): readonly string[] {
  return field === undefined ? [] : field.split(/\s+/).filter((word) => word !== '');
}
