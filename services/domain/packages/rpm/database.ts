import { LIMITS, type Limits } from '../../limits.ts';
import { type DatabaseFile, type DatabaseUnit, EMPTY_UNIT, type FileList, type PackageRecord } from '../ecosystem.ts';
import { berkeleyDbHeaders, isBerkeleyDb } from './berkeley-db.ts';
import { FlawList, type Report } from './flaw.ts';
import { Header } from './header.ts';
import { isNdb, ndbHeaders } from './ndb.ts';
import { budgetOf, fileListOf, packageOf } from './package.ts';
import { isSqlite, sqliteHeaders } from './sqlite.ts';
import { isHotJournal, readWal } from './sqlite-wal.ts';

/** What SQLite keeps beside a database: changes not yet in it (`-wal`), or how to undo some (`-journal`). */
export interface Sidecars {
  readonly wal: DatabaseFile | undefined;
  readonly journal: DatabaseFile | undefined;
}

type DatabaseLimits = Pick<
  Limits,
  'packages' | 'ownedFiles' | 'relations' | 'pathBytes' | 'rpmHeaderBytes' | 'listedFlaws'
>;

/** An rpm database of any of its three formats, told apart by their magic bytes and not by the file's name. */
export function readPackages(file: DatabaseFile, sidecars: Sidecars, limits: DatabaseLimits = LIMITS): DatabaseUnit {
  const flaws = new FlawList(limits.listedFlaws);
  const packages: PackageRecord[] = [];
  const fileLists: FileList[] = [];
  const relations = budgetOf('relations', limits.relations, flaws.report);
  const files = budgetOf('ownedFiles', limits.ownedFiles, flaws.report);
  const records = budgetOf('packages', limits.packages, flaws.report);

  let number = 0;
  for (const blob of headersOf(file.bytes, sidecars, flaws.report)) {
    if (!records.take(1)) break;
    number += 1;
    let where = `header ${number}`;
    const report: Report = (message, code) => flaws.report(`${where}: ${message}`, code);
    if (blob.length > limits.rpmHeaderBytes) {
      report(`${blob.length} bytes (limit rpmHeaderBytes); it was not read`, 'limit-reached');
      continue;
    }
    const header = Header.open(blob, report);
    const record = header === null ? null : packageOf(header, relations, report);
    // Keys that `rpm --import` was given are kept as packages of this name.
    if (header === null || record === null || record.name === 'gpg-pubkey') continue;
    where = `header ${number} (${record.name})`;
    packages.push(record);
    const list = fileListOf(header, record, { files, pathBytes: limits.pathBytes }, report);
    if (list !== null) fileLists.push(list);
  }
  return { ...EMPTY_UNIT, path: file.path, isDatabase: true, packages, fileLists, gaps: flaws.gaps() };
}

function headersOf(bytes: Uint8Array, sidecars: Sidecars, report: Report): Iterable<Uint8Array> {
  if (isNdb(bytes)) return ndbHeaders(bytes, report);
  if (isBerkeleyDb(bytes)) return berkeleyDbHeaders(bytes, report);
  const wal = sidecars.wal === undefined ? null : readWal(sidecars.wal.bytes, report);
  if (isSqlite(bytes) || wal !== null) {
    if (sidecars.journal !== undefined && isHotJournal(sidecars.journal.bytes))
      report(hotJournal(sidecars.journal.path));
    return sqliteHeaders(bytes, wal, report);
  }
  const head = Array.from(bytes.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  report(
    bytes.length === 0
      ? 'the rpm database is an empty file'
      : `the rpm database of ${bytes.length} bytes is neither Berkeley DB (hash), NDB nor SQLite; it starts with ${head}`,
  );
  return [];
}

function hotJournal(path: string): string {
  return `${path} holds a transaction that was cut off, so the database beside it may be half written; run rpm in the image once (rpm -qa as root) to roll it back, then build the layer again`;
}

/**
 * A write-ahead log or rollback journal without its database, which then lies in a lower layer: what it changes there
 * is not seen. Null where it changes nothing.
 */
export function readLoneSidecar(file: DatabaseFile, limits: DatabaseLimits): DatabaseUnit | null {
  const flaws = new FlawList(limits.listedFlaws);
  if (isHotJournal(file.bytes)) flaws.report(hotJournal(file.path));
  else if (file.path.endsWith('-wal') && readWal(file.bytes, flaws.report) !== null) {
    flaws.report(
      `${file.path} holds changes to a database of a lower layer, which were not applied; run rpm --rebuilddb in the image, then build the layer again`,
    );
  }
  const gaps = flaws.gaps();
  return gaps.length === 0 ? null : { ...EMPTY_UNIT, path: file.path, gaps };
}
