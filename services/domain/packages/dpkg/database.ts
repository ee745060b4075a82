import type { Limits } from '../../limits.ts';
import { type DatabaseUnit, EMPTY_UNIT, type PackageRecord } from '../ecosystem.ts';
import { isToken, quote, UnitGaps } from '../unit-gaps.ts';
import { eachStanza, type Stanza } from './control.ts';
import { epochOf } from './version.ts';

/** Who wrote the database, and whether it is one `status` or a file of `status.d`. */
export interface DatabaseKind {
  readonly type: 'deb' | 'opkg';
  readonly form: 'status' | 'status.d';
}

const FIELDS = new Set([
  'package',
  'status',
  'version',
  'architecture',
  'source',
  'depends',
  'pre-depends',
  'provides',
  'license',
  'type',
]);

/**
 * The third word of Status. In every state but two, files of the package may be on the disk, and `dpkg-query --list`
 * shows it. `config-files` is what removal leaves behind.
 */
const STATES = new Map([
  ['not-installed', false],
  ['config-files', false],
  ['half-installed', true],
  ['unpacked', true],
  ['half-configured', true],
  ['triggers-awaited', true],
  ['triggers-pending', true],
  ['installed', true],
  // opkg's own
  ['post-inst-failed', true],
  ['removal-failed', true],
]);

/**
 * One database of dpkg (/var/lib/dpkg/status, deb-control(5)) or opkg, or one file of a distroless `status.d`.
 *
 * What can be seen of damage: bytes that are no control file, NUL bytes, a stanza without Package, two stanzas run into
 * one, and in `status` a missing last line end (dpkg always writes it and refuses a file without). What cannot: a file
 * that was cut exactly between two lines of which the stanza keeps its Version, or between two stanzas.
 */
export function readDatabase(path: string, bytes: Uint8Array, kind: DatabaseKind, limits: Limits): DatabaseUnit {
  const gaps = new UnitGaps();
  const packages: PackageRecord[] = [];
  const keys = new Set<string>();
  let stanzas = 0;
  let ports = 0;

  const nul = bytes.indexOf(0);
  if (nul >= 0) gaps.add('package-database-broken', `NUL byte at offset ${nul}`);

  const unterminated = eachStanza(bytes, FIELDS, gaps, limits, (stanza, line) => {
    const name = stanza.get('package');
    if (name === undefined || name === '') {
      gaps.add('package-database-broken', `the stanza at line ${line} names no package`);
      return true;
    }
    stanzas += 1;
    if (stanza.get('type') === 'Port') ports += 1;
    if (!isInstalled(stanza, kind, name, gaps)) return true;
    if (packages.length >= limits.packages) {
      gaps.add('limit-reached', `more than ${limits.packages} packages (packages); the rest was not read`);
      return false;
    }
    const record = recordOf(stanza, kind, name, gaps);
    if (record === null) return true;
    const key = `${record.name}:${record.arch}`;
    if (keys.has(key)) gaps.add('package-record-invalid', `${quote(key)} is listed more than once`);
    keys.add(key);
    packages.push(record);
    return true;
  });

  if (kind.form === 'status' && unterminated) {
    gaps.add('package-database-broken', 'the last line has no line end: the file was cut short');
  }
  if (stanzas > 0 && ports === stanzas) {
    gaps.add('package-database-broken', 'this is a database of vcpkg (every stanza is of type Port), not of dpkg');
    packages.length = 0;
  } else if (stanzas === 0 && bytes.length > 0) {
    gaps.add('package-database-broken', `${bytes.length} bytes without a single package`);
  }
  return { ...EMPTY_UNIT, path, isDatabase: true, packages, gaps: gaps.all() };
}

function isInstalled(stanza: Stanza, kind: DatabaseKind, name: string, gaps: UnitGaps): boolean {
  const status = stanza.get('status');
  if (status === undefined) {
    if (kind.form === 'status.d') return true;
    gaps.add('package-record-invalid', `${quote(name)} has no Status: not installed, as dpkg counts it`);
    return false;
  }
  const installed = STATES.get(status.split(/\s+/)[2] ?? '');
  if (installed !== undefined) return installed;
  gaps.add('package-record-invalid', `${quote(name)} has the unknown Status ${quote(status)}: counted as installed`);
  return true;
}

function recordOf(stanza: Stanza, kind: DatabaseKind, name: string, gaps: UnitGaps): PackageRecord | null {
  const version = stanza.get('version');
  if (!isToken(name) || !isToken(version)) {
    const flaw = version === undefined || version === '' ? 'has no Version' : 'has an impossible name or version';
    // Its files are there, and dpkg writes no such record: an installed package that is lost.
    gaps.add('package-database-broken', `${quote(name)} ${flaw}`);
    return null;
  }
  const arch = stanza.get('architecture');
  const license = stanza.get('license');
  const maintainer = stanza.get('maintainer');
  return {
    type: kind.type,
    name,
    version: asPrinted(version),
    arch: isToken(arch) ? arch : null,
    // opkg's Source is a path in the build tree.
    source: kind.type === 'deb' ? sourceOf(stanza.get('source'), name) : null,
    epoch: epochOf(version),
    modularity: null,
    origin: null,
    vendor: maintainer === undefined || maintainer === '' ? null : maintainer,
    licenses: license === undefined || license === '' ? [] : [license],
    dependsOn: [...listOf(stanza.get('pre-depends')), ...listOf(stanza.get('depends'))],
    provides: listOf(stanza.get('provides')),
  };
}

/** As dpkg-query prints it: an epoch of 0 is left out, leading zeros of others too (dpkg: varbufversion). */
function asPrinted(version: string): string {
  return version.replace(/^0+:/, '').replace(/^0+(?=\d+:)/, '');
}

/** deb-control(5): without Source the source package has the binary's name; without a version in it, its version. */
function sourceOf(source: string | undefined, name: string): PackageRecord['source'] {
  const match = /^([!-'*-~]+)(?:\s*\(([!-'*-~]+)\))?$/.exec(source ?? '');
  return match === null
    ? { name, version: null }
    : { name: match[1]!, version: match[2] === undefined ? null : asPrinted(match[2]) };
}

function listOf(field: string | undefined): readonly string[] {
  if (field === undefined) return [];
  return field
    .split(',')
    .map((item) => item.trim().replace(/\s+/g, ' '))
    .filter((item) => item !== '');
}
