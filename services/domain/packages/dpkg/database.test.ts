import { describe, expect, test } from 'vitest';
import { readContext } from '../../../../test/support/read-context.ts';
import { LIMITS } from '../../limits.ts';
import { dpkg } from './index.ts';

const context = readContext();
const bytes = (text: string) => new TextEncoder().encode(text);

function read(text: string | Uint8Array, path = 'var/lib/dpkg/status') {
  const input = typeof text === 'string' ? bytes(text) : text;
  const { units } = dpkg.readDatabase([{ path, bytes: input }], context);
  expect(units).toHaveLength(1);
  return units[0]!;
}

const codes = (unit: { gaps: readonly { code: string }[] }) => unit.gaps.map(({ code }) => code);
const names = (unit: { packages: readonly { name: string }[] }) => unit.packages.map(({ name }) => name);
const stanza = (name: string, version = '1', status = 'install ok installed') =>
  `Package: ${name}\nStatus: ${status}\nVersion: ${version}\nArchitecture: amd64\n\n`;

test('a stanza becomes a record', () => {
  const unit = read(
    [
      'Package: libfoo1',
      'STATUS: hold ok installed',
      'Source: foo (2.0-1)',
      'Version: 1:1.5-2+b1',
      'Architecture: arm64',
      'Pre-Depends: libc6 (>= 2.14)',
      'Depends: bar | baz,',
      ' qux (= 1)',
      'Provides: libfoo-abi (= 1)',
      'Description: one',
      ' Version: not a field',
      '',
      '',
    ].join('\n'),
  );
  expect(unit).toMatchObject({ path: 'var/lib/dpkg/status', isDatabase: true, fileLists: [], gaps: [] });
  expect(unit.packages).toEqual([
    {
      type: 'deb',
      name: 'libfoo1',
      version: '1:1.5-2+b1',
      arch: 'arm64',
      source: { name: 'foo', version: '2.0-1' },
      epoch: 1,
      modularity: null,
      origin: null,
      vendor: null,
      licenses: [],
      dependsOn: ['libc6 (>= 2.14)', 'bar | baz', 'qux (= 1)'],
      provides: ['libfoo-abi (= 1)'],
    },
  ]);
});

test.each([
  [undefined, { name: 'x', version: null }],
  ['src', { name: 'src', version: null }],
  ['src (1.2-3)', { name: 'src', version: '1.2-3' }],
  ['src (broken', { name: 'x', version: null }],
])('Source %j', (source, expected) => {
  const field = source === undefined ? '' : `Source: ${source}\n`;
  expect(read(`${field}${stanza('x')}`).packages[0]!.source).toEqual(expected);
});

test.each([
  ['install ok installed', 1, 0],
  ['deinstall ok installed', 1, 0],
  ['deinstall ok config-files', 0, 0],
  ['purge ok not-installed', 0, 0],
  ['install ok unpacked', 1, 0],
  ['install reinstreq half-installed', 1, 0],
  ['install ok half-configured', 1, 0],
  ['install ok triggers-awaited', 1, 0],
  ['install ok triggers-pending', 1, 0],
  // Never hidden by a word that we do not know.
  ['install ok sleeping', 1, 1],
  ['installed', 1, 1],
])('Status %s: %i packages, %i gaps', (status, packages, gaps) => {
  const unit = read(stanza('a', '1', status));
  expect([unit.packages.length, unit.gaps.length]).toEqual([packages, gaps]);
});

test('no Status: installed in status.d, not installed in status', () => {
  const text = 'Package: a\nVersion: 1\n';
  expect(read(text, 'var/lib/dpkg/status.d/a').packages).toHaveLength(1);
  const unit = read(text);
  expect([unit.packages.length, codes(unit)]).toEqual([0, ['package-record-invalid']]);
});

test('opkg: its own type, words and licence; Source is no source package', () => {
  const text = 'Package: a\nVersion: 1-r0\nStatus: install user installed\nLicense: MIT\nSource: feeds/a\n\n';
  const [record] = read(text, 'usr/lib/opkg/status').packages;
  expect(record).toMatchObject({ type: 'opkg', licenses: ['MIT'], source: null });
});

test('CRLF is taken, several empty lines divide once', () => {
  expect(names(read(`\n${stanza('a')}\n\n${stanza('b')}`.replaceAll('\n', '\r\n')))).toEqual(['a', 'b']);
});

describe('damage', () => {
  test('an empty file is an empty database', () => {
    expect(read('')).toMatchObject({ packages: [], gaps: [] });
  });

  test.each([
    ['zeroes', new Uint8Array(4096)],
    ['text', 'this is no database\n'],
    ['blank lines alone', '\n\n'],
    ['a Go binary', Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) & 0xff)],
    ['a stanza without a name', 'Package:\nStatus: install ok installed\nVersion: 1\n'],
    ['a continuation of nothing', ' a: b\n'],
  ])('%s is never a silent empty list', (_, input) => {
    const unit = read(input);
    expect(unit.packages).toEqual([]);
    expect(codes(unit)).toContain('package-database-broken');
  });

  test.each([
    ['a torn line', `${stanza('a')}garbage without end\n\n${stanza('b')}`, ['a', 'b']],
    ['a lost name', `${stanza('a')}Qackage: x\nVersion: 1\n\n${stanza('b')}`, ['a', 'b']],
    ['a lost empty line', `${stanza('a').trimEnd()}\n${stanza('b')}`, ['a']],
    ['a zeroed tail', `${stanza('a')}\0\0\0\0\0\0\n`, ['a']],
    ['a cut in a line', stanza('a') + stanza('b').slice(0, 30), ['a']],
  ])('%s is a broken database, and the rest is read', (_, text, expected) => {
    const unit = read(text);
    expect(names(unit)).toEqual(expected);
    expect(codes(unit)).toContain('package-database-broken');
  });

  test.each([
    ['no version', `Package: x\nStatus: install ok installed\n\n`],
    ['blanks in the version', stanza('x', '1 2')],
    ['control characters in the name', stanza('x\u001b[31m')],
  ])('%s costs that record alone', (_, broken) => {
    const unit = read(stanza('a') + broken + stanza('b'));
    expect(names(unit)).toEqual(['a', 'b']);
    expect(codes(unit)).toEqual(['package-database-broken']);
  });

  test('of a field given twice the first counts, and it is told', () => {
    const unit = read(`Version: 1\n${stanza('a', '2')}`);
    expect(unit.packages[0]!.version).toBe('1');
    expect(codes(unit)).toEqual(['package-record-invalid']);
  });

  test('a package listed twice is told', () => {
    expect(codes(read(stanza('a', '1') + stanza('a', '2')))).toEqual(['package-record-invalid']);
    expect(read(stanza('a') + stanza('a').replace('amd64', 'i386')).gaps).toEqual([]);
  });

  test('a database of vcpkg is none of dpkg; one package that says so is', () => {
    const port = 'Package: zlib\nVersion: 1\nType: Port\nStatus: install ok installed\n\n';
    expect(read(port)).toMatchObject({ packages: [], gaps: [{ code: 'package-database-broken' }] });
    expect(names(read(port + stanza('a')))).toEqual(['zlib', 'a']);
  });

  test('a field at its limit is whole, past it cut and told', () => {
    const depends = (length: number) => `Depends: ${'x'.repeat(length - 'Depends: '.length)}\n${stanza('a')}`;
    expect(read(depends(LIMITS.recordFieldBytes)).gaps).toEqual([]);
    expect(codes(read(depends(LIMITS.recordFieldBytes + 1)))).toEqual(['limit-reached']);
    const folded = `Depends: a\n${` ${'x'.repeat(1000)},\n`.repeat(1100)}${stanza('a')}`;
    expect(codes(read(folded))).toEqual(['limit-reached']);
  });

  test('more packages than the limit are told', () => {
    const some = (count: number) => {
      return read(
        Array.from({ length: count }, (_, i) => `Package: p${i}\nVersion: 1\n\n`).join(''),
        'var/lib/dpkg/status.d/x',
      );
    };
    expect(some(LIMITS.packages)).toMatchObject({ gaps: [] });
    const past = some(LIMITS.packages + 1);
    expect([past.packages.length, codes(past)]).toEqual([LIMITS.packages, ['limit-reached']]);
  });
});

describe('file lists', () => {
  test('.list: no directories made up, no root, decoration gone', () => {
    const unit = read('/.\n/usr\n/usr/bin/a\n/usr//bin/./b\n', 'var/lib/dpkg/info/a:amd64.list');
    expect(unit).toMatchObject({ isDatabase: false, packages: [], gaps: [] });
    expect(unit.fileLists).toEqual([{ package: 'a:amd64', paths: ['usr', 'usr/bin/a', 'usr/bin/b'] }]);
  });

  test('.list of opkg: mode and link target behind tabs', () => {
    const unit = read('/usr/bin/a\t0100755\n/usr/bin/b\t0120777\ta\n', 'usr/lib/opkg/info/a.list');
    expect(unit.fileLists[0]!.paths).toEqual(['usr/bin/a', 'usr/bin/b']);
  });

  test.each(['var/lib/dpkg/info/a.md5sums', 'var/lib/dpkg/status.d/a.md5sums'])('%s', (path) => {
    const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
    const unit = read(`${md5}  usr/share/doc/a b\nbroken\n`, path);
    expect(unit.fileLists).toEqual([{ package: 'a', paths: ['usr/share/doc/a b'], digests: [`md5:${md5}`] }]);
    expect(codes(unit)).toEqual(['package-record-invalid']);
  });

  test('names that are no UTF-8 stay apart, NUL is no name', () => {
    const input = Uint8Array.of(0x2f, 0xff, 0x0a, 0x2f, 0xfe, 0x0a, 0x2f, 0x00, 0x0a);
    const unit = read(input, 'var/lib/dpkg/info/a.list');
    expect(unit.fileLists[0]!.paths).toEqual(['\udcff', '\udcfe']);
    expect(codes(unit)).toEqual(['package-record-invalid']);
  });
});

test.each([
  ['var/lib/dpkg/status', 'whole'],
  ['var/lib/dpkg/status-old', 'no'],
  ['var/lib/dpkg/available', 'no'],
  ['var/lib/dpkg/status.d/base', 'whole'],
  ['var/lib/dpkg/status.d/libssl1.1', 'whole'],
  ['var/lib/dpkg/status.d/base.md5sums', 'whole'],
  ['var/lib/dpkg/status.d/base.preinst', 'no'],
  ['var/lib/dpkg/status.d/base.conffiles', 'no'],
  ['var/lib/dpkg/info/bash.list', 'whole'],
  ['var/lib/dpkg/info/libc6:amd64.md5sums', 'whole'],
  ['var/lib/dpkg/info/bash.postinst', 'no'],
  ['var/lib/opkg/status', 'whole'],
  ['usr/lib/opkg/status', 'whole'],
  ['home/var/lib/dpkg/status', 'no'],
  ['app/vcpkg/installed/vcpkg/status', 'no'],
  ['status', 'no'],
  ['constructor/status', 'no'],
])('wants %s: %s', (path, wanted) => {
  expect(dpkg.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array())).toBe(wanted);
});

test.each([
  ['0:1.0-0', '1.0-0'],
  ['00:1.0', '1.0'],
  ['01:1.0', '1:1.0'],
  ['1:0:2', '1:0:2'],
  ['0.1:2', '0.1:2'],
])('version %s is printed as dpkg-query prints it: %s', (stated, printed) => {
  expect(read(stanza('a', stated)).packages.map(({ version }) => version)).toEqual([printed]);
});
