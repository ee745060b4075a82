import type { Limits } from '../limits.ts';
import { type DatabaseFile, type DatabaseUnit, EMPTY_UNIT, type PackageRecord } from './ecosystem.ts';
import { quote, UnitGaps } from './unit-gaps.ts';

/** One file that describes packages (package.json, METADATA, installed.json) while it is read. */
export interface PackageFile extends DatabaseFile {
  readonly limits: Limits;
  readonly gaps: UnitGaps;
}

/** The unit of one such file. `read` returns null where the file describes no package, and says why not in the gaps. */
export function packageFileUnit(
  { path, bytes }: DatabaseFile,
  limits: Limits,
  read: (file: PackageFile) => PackageRecord | null,
): DatabaseUnit {
  return packageListUnit({ path, bytes }, limits, (file) => {
    const record = read(file);
    return record === null ? [] : [record];
  });
}

/** The unit of one file that lists any number of packages. What `read` could not read it says in the gaps. */
export function packageListUnit(
  { path, bytes }: DatabaseFile,
  limits: Limits,
  read: (file: PackageFile) => readonly PackageRecord[],
): DatabaseUnit {
  const gaps = new UnitGaps();
  const most = limits.packageFileBytes;
  let packages: readonly PackageRecord[] = [];
  if (bytes.length <= most) packages = read({ path, bytes, limits, gaps });
  else gaps.add('limit-reached', `the file has more than the ${most} bytes that are parsed (packageFileBytes)`);
  return { ...EMPTY_UNIT, path, isDatabase: true, packages, gaps: gaps.all() };
}

/** A record of what languages say of their packages. */
export function languagePackage(
  record: Pick<PackageRecord, 'type' | 'name' | 'version' | 'licenses' | 'dependsOn'> &
    Partial<Pick<PackageRecord, 'arch' | 'origin' | 'development'>>,
): PackageRecord {
  return {
    arch: null,
    origin: null,
    ...record,
    source: null,
    epoch: null,
    modularity: null,
    vendor: null,
    provides: [],
  };
}

export type JsonObject = { readonly [key: string]: unknown };

const decoder = new TextDecoder();

/**
 * The object that a JSON file holds; null, and a flaw, where it holds none. Reads what the ecosystems' own tools read:
 * a byte order mark is passed over, bytes that are no UTF-8 are replaced, and of a key given twice the last counts.
 */
export function parseJson(file: PackageFile): JsonObject | null {
  const value = parseJsonValue(file);
  if (value === undefined || isObject(value)) return value ?? null;
  file.gaps.add('package-file-unparsable', 'JSON, but no object');
  return null;
}

/** As `parseJson`, of a file that may hold any value; undefined, and a flaw, where it holds none. */
export function parseJsonValue({ bytes, gaps }: PackageFile): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (error) {
    gaps.add('package-file-unparsable', `no JSON: ${quote((error as Error).message)}`);
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Control and format characters: they can only deceive whoever reads a name. */
const INVISIBLE = /[\p{Cc}\p{Cf}]+/gu;

/** A foreign value as one line of text; null where it is no text, or none is left. */
export function stated(value: unknown, { limits, gaps }: PackageFile): string | null {
  if (typeof value !== 'string') return null;
  if (value.length > limits.recordFieldBytes) {
    gaps.add('limit-reached', `a field longer than ${limits.recordFieldBytes} bytes (recordFieldBytes) was left out`);
    return null;
  }
  const text = value.replace(/\s+/g, ' ').replace(INVISIBLE, '').toWellFormed().trim();
  return text === '' ? null : text;
}

/** As `stated`; of a licence that is given as its whole text, the first line, which is mostly its name. */
export function statedLicense(value: unknown, file: PackageFile): string | null {
  return typeof value === 'string' ? stated(value.trimStart().split(/[\r\n]/, 1)[0], file) : null;
}
