import { joinPath, normalizePath } from '../../layers/path.ts';
import type { Limits } from '../../limits.ts';
import { fileListNames } from '../attribution.ts';
import type { FileList, PackageRecord } from '../ecosystem.ts';
import type { Report } from './flaw.ts';
import type { Header, TagName } from './header.ts';

/** The package that a header describes; null, and reported, where it has no name or version. */
export function packageOf(header: Header, relations: Budget, report: Report): PackageRecord | null {
  const name = header.text('NAME');
  const version = header.text('VERSION');
  if (name === null || version === null) {
    report(`a header without ${name === null ? 'a name' : 'a version'}`);
    return null;
  }
  const epoch = header.numbers('EPOCH')[0] ?? null;
  const license = header.text('LICENSE');
  return {
    type: 'rpm',
    name,
    version: evr(epoch, version, header.text('RELEASE')),
    arch: header.text('ARCH'),
    source: sourceOf(header.text('SOURCERPM')),
    epoch,
    modularity: header.text('MODULARITYLABEL'),
    origin: null,
    vendor: header.text('VENDOR'),
    licenses: license === null ? [] : [license],
    dependsOn: relationsOf(header, 'REQUIRENAME', relations).filter((name) => !name.startsWith('rpmlib(')),
    provides: relationsOf(header, 'PROVIDENAME', relations),
  };
}

/** As `rpm -q --qf %{EVR}` prints it: the epoch only where the header has one. */
export function evr(epoch: number | null, version: string, release: string | null): string {
  return `${epoch === null ? '' : `${epoch}:`}${version}${release === null ? '' : `-${release}`}`;
}

/** `name-version-release.src.rpm`. It never names the source's epoch. Null where it is none such. */
export function sourceOf(file: string | null): PackageRecord['source'] {
  const match = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(file ?? '');
  return match === null ? null : { name: match[1]!, version: match[2]! };
}

/** What may still be taken of one database. */
export interface Budget {
  /** False, and reported once, where `count` more are too many. */
  take(count: number): boolean;
}

export function budgetOf(limit: keyof Limits, most: number, report: Report): Budget {
  let left = most;
  let exhausted = false;
  return {
    take(count) {
      if (count <= left) {
        left -= count;
        return true;
      }
      if (!exhausted)
        report(`more than ${most} in one database (limit ${limit}); the rest was not read`, 'limit-reached');
      exhausted = true;
      return false;
    },
  };
}

function relationsOf(header: Header, tag: TagName, budget: Budget): string[] {
  return budget.take(header.count(tag)) ? [...new Set(header.list(tag))].filter((name) => name !== '').sort() : [];
}

/** FILEDIGESTALGO, numbered as in OpenPGP (RFC 9580, section 9.5); absent means MD5. */
const DIGESTS: Readonly<Record<number, { name: string; hexLength: number }>> = {
  1: { name: 'md5', hexLength: 32 },
  2: { name: 'sha1', hexLength: 40 },
  8: { name: 'sha256', hexLength: 64 },
  9: { name: 'sha384', hexLength: 96 },
  10: { name: 'sha512', hexLength: 128 },
  11: { name: 'sha224', hexLength: 56 },
  12: { name: 'sha3-256', hexLength: 64 },
  14: { name: 'sha3-512', hexLength: 128 },
};
const MD5 = 1;

/** The files that the header's package owns; null where it owns none. */
export function fileListOf(
  header: Header,
  record: PackageRecord,
  bounds: { readonly files: Budget; readonly pathBytes: number },
  report: Report,
): FileList | null {
  if (!bounds.files.take(header.count('BASENAMES') + header.count('OLDFILENAMES'))) return null;
  const names = pathsOf(header, bounds.pathBytes, report);
  if (names.length === 0) return null;
  const digests = digestsOf(header, names.length, report);
  const paths: string[] = [];
  const kept: (string | null)[] = [];
  names.forEach((path, i) => {
    if (path === null || path === '') return;
    paths.push(path);
    kept.push(digests?.[i] ?? null);
  });
  return { package: fileListNames(record)[0], paths, ...(digests !== null && { digests: kept }) };
}

/** One path per file; null where it cannot be told. Since rpm 4 they are stored as directory and base name. */
function pathsOf(header: Header, pathBytes: number, report: Report): readonly (string | null)[] {
  const bases = header.paths('BASENAMES');
  if (bases.length === 0) {
    return header.paths('OLDFILENAMES').map((name) => (name.length > pathBytes ? null : normalizePath(name).path));
  }
  const directories = header.paths('DIRNAMES').map((name) => normalizePath(name).path);
  const indexes = header.numbers('DIRINDEXES');
  if (indexes.length !== bases.length) {
    report(`${bases.length} file names with ${indexes.length} directory numbers`);
    return [];
  }
  let lost = 0;
  const paths = bases.map((base, i) => {
    const directory = directories[indexes[i]!];
    if (directory === undefined || directory.length + base.length >= pathBytes) {
      lost += 1;
      return null;
    }
    return isPlain(base) ? joinPath(directory, base) : normalizePath(joinPath(directory, base)).path;
  });
  if (lost > 0) report(`${lost} of ${bases.length} file names have no directory, or a path over ${pathBytes} bytes`);
  return paths;
}

function isPlain(base: string): boolean {
  return base !== '' && base !== '.' && base !== '..' && !base.includes('/');
}

/** `alg:hex` per file, null for what has no content (directories, links); null where the header states none. */
function digestsOf(header: Header, files: number, report: Report): readonly (string | null)[] | null {
  const values = header.list('FILEDIGESTS');
  if (values.length === 0) return null;
  const number = header.numbers('FILEDIGESTALGO')[0] ?? MD5;
  const algorithm = DIGESTS[number];
  if (values.length !== files || algorithm === undefined) {
    report(`${values.length} digests of algorithm ${number} for ${files} files`);
    return null;
  }
  const hex = /^[0-9a-f]+$/;
  return values.map((value) =>
    value.length === algorithm.hexLength && hex.test(value) ? `${algorithm.name}:${value}` : null,
  );
}
