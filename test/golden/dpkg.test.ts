import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dpkg } from '../../services/domain/packages/dpkg/index.ts';
import type { PackageRecord } from '../../services/domain/packages/ecosystem.ts';
import { readContext } from '../support/read-context.ts';
import { HAS_SHARED_DATA, SHARED_DATA } from '../support/repository.ts';

const FIXTURES = join(SHARED_DATA, 'fixtures/dpkg');
const context = readContext();

function read(file: string, path = 'var/lib/dpkg/status') {
  return dpkg.readDatabase([{ path, bytes: readFileSync(join(FIXTURES, file)) }], context).units[0]!;
}

/** A row of expected.tsv: dpkg-query gives the binary's own name and version where the stanza has no Source. */
function row({ name, version, arch, source }: PackageRecord): string {
  return [name, version, arch, source?.name ?? name, source?.version ?? version].join('\t');
}

/** The installed packages that dpkg-query lists; it writes `name:arch` where a package may be installed twice. */
function expectedRows(file: string): string[] {
  const rows = readFileSync(file, 'utf8').split('\n').slice(1);
  return rows.flatMap((line) => {
    const [name, version, arch, source, sourceVersion, status] = line.split('\t');
    if (!version || status?.[1] === 'c' || status?.[1] === 'n') return [];
    return [[name!.split(':')[0], version, arch, source, sourceVersion].join('\t')];
  });
}

/**
 * Where we rightly differ from the oracle: dpkg-query refuses a damaged file as a whole and lists nothing. We list
 * what is legible, and the gap keeps the verdict from passing.
 */
const DIFFERENCES: Readonly<Record<string, { rows: string[]; reason: string; gaps: string[] }>> = {
  'fanal-dpkg_apt': {
    rows: ['apt\t1.6.3ubuntu0.1\tamd64\tapt\t1.6.3ubuntu0.1'],
    reason: 'one good stanza, then the debug output of a test',
    gaps: ['package-database-broken', 'package-database-broken', 'package-database-broken'],
  },
};

/** Names that describe a fixture's gaps where it has any. */
const GAPS: Readonly<Record<string, string>> = { 'claircore-vcpkg': 'this is a database of vcpkg' };

const withExpected = HAS_SHARED_DATA
  ? readdirSync(FIXTURES).filter((name) => existsSync(join(FIXTURES, name, 'expected.tsv')))
  : ['(../shared/data is absent)'];

describe.skipIf(!HAS_SHARED_DATA)('dpkg databases of ../shared/data (skipped where it is absent)', () => {
  test.each(withExpected)('%s equals dpkg-query', (name) => {
    const unit = read(join(name, 'status'));
    const difference = DIFFERENCES[name];
    const expected = expectedRows(join(FIXTURES, name, 'expected.tsv'));
    if (difference !== undefined) expect(expected, difference.reason).toEqual([]);
    expect(unit.packages.map(row).sort()).toEqual((difference?.rows ?? expected).sort());
    if (GAPS[name] !== undefined) expect(unit.gaps.map(({ message }) => message).join()).toContain(GAPS[name]);
    else expect(unit.gaps.map(({ code }) => code)).toEqual(difference?.gaps ?? []);
  });

  test('every difference names a fixture', () => {
    expect(withExpected).toEqual(expect.arrayContaining([...Object.keys(DIFFERENCES), ...Object.keys(GAPS)]));
  });

  test.each([
    ['invalid', [], ['package-database-broken']],
    ['nopackage', ['foo 1.0', 'bar 2.0'], ['package-database-broken']],
    ['noversion', ['foo 1.0', 'bar 2.0'], ['package-database-broken']],
    ['single', ['acl 2.3.1-3'], []],
    [
      'statusfield',
      [
        'wantinstall_installed 1.0',
        'wantdeinstall_installed 1.0',
        'wantinstall_unpacked 1.0',
        'wantpurge_installed 1.0',
        'wantinstall_halfinstalled 1.0',
      ],
      // wantnostatus: dpkg-query lists it no more than we do.
      ['package-record-invalid'],
    ],
    ['trailingnewlines', ['acl 2.3.1-3'], []],
    ['transitional', ['iceweasel 78.13.0esr-1~deb10u1'], []],
    ['transitional_dummy', ['git-core 1:2.14.2-1'], []],
    ['transitional_empty', ['runit-systemd 2.1.2-54+usrmerge'], []],
  ])('scalibr-edge/%s', (name, packages, gaps) => {
    const unit = read(join('scalibr-edge', name));
    expect(unit.packages.map((record) => `${record.name} ${record.version}`)).toEqual(packages);
    expect([...new Set(unit.gaps.map(({ code }) => code))]).toEqual(gaps);
  });

  test.each([
    ['coreutils-relationships', 9, []],
    ['corrupt', 0, ['package-database-broken']],
    ['deinstall', 1, []],
    ['doc-examples', 5, ['package-database-broken']],
    ['empty', 0, ['package-database-broken']],
    ['installed-size-4KB', 1, []],
    ['libpam-runtime', 1, ['package-database-broken']],
    ['multiple', 2, ['package-database-broken']],
    ['single', 1, []],
  ])('status.d-syft/%s: %i packages', (name, packages, gaps) => {
    const path = `var/lib/dpkg/status.d/${name}`;
    const unit = read(join('status.d-syft', path), path);
    expect(unit.packages).toHaveLength(packages);
    expect([...new Set(unit.gaps.map(({ code }) => code))]).toEqual(gaps);
  });

  test('distroless: one package, its file list, and no script', () => {
    const folder = 'var/lib/dpkg/status.d';
    const paths = readdirSync(join(FIXTURES, 'distroless-syft', folder)).map((name) => `${folder}/${name}`);
    const entries = paths.filter((path) => {
      return dpkg.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array()) === 'whole';
    });
    const files = entries.map((path) => ({ path, bytes: readFileSync(join(FIXTURES, 'distroless-syft', path)) }));
    const { units } = dpkg.readDatabase(files, context);
    expect(units.flatMap((unit) => unit.packages.map(row))).toEqual([
      'libsqlite3-0\t3.34.1-3\tarm64\tsqlite3\t3.34.1-3',
    ]);
    expect(units.flatMap((unit) => unit.gaps)).toEqual([]);
    const [list] = units.flatMap((unit) => unit.fileLists);
    expect([list!.package, list!.paths.length, list!.paths[0], list!.digests![0]]).toEqual([
      'libsqlite3-0',
      6,
      'usr/lib/aarch64-linux-gnu/libsqlite3.so.0.8.6',
      'md5:e11d70c96979a1328ae4e7e50542782b',
    ]);
  });

  test('opkg', () => {
    const unit = read('opkg-syft/status', 'usr/lib/opkg/status');
    expect(unit.gaps).toEqual([]);
    expect(
      unit.packages.map(({ type, name, version, arch, licenses }) => [type, name, version, arch, licenses]),
    ).toEqual([
      ['opkg', 'dropbear', '2024.85-r0', 'x86_64', ['MIT']],
      ['opkg', 'busybox', '1.36.1-r3', 'x86_64', ['GPL-2.0-only']],
      ['opkg', 'kernel-modules', '6.6.0-r0', 'x86_64', ['GPL-2.0 BSD-3-Clause']],
    ]);
  });
});
