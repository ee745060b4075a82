import { describe, expect, test } from 'vitest';
import { readContext } from '../../../../test/support/read-context.ts';
import { LIMITS } from '../../limits.ts';
import { decodeDigest } from './digest.ts';
import { apk } from './index.ts';

const context = readContext();
const bytes = (text: string) => new TextEncoder().encode(text);

function read(text: string | Uint8Array, path = 'lib/apk/db/installed') {
  const input = typeof text === 'string' ? bytes(text) : text;
  const { units } = apk.readDatabase([{ path, bytes: input }], context);
  expect(units).toHaveLength(1);
  return units[0]!;
}

const codes = (unit: { gaps: readonly { code: string }[] }) => unit.gaps.map(({ code }) => code);
const names = (unit: { packages: readonly { name: string }[] }) => unit.packages.map(({ name }) => name);
const record = (name: string, more = '') => `P:${name}\nV:1.0-r0\nA:x86_64\n${more}\n`;

test('a record with its files', () => {
  const unit = read(
    [
      'C:Q1pKhIlA6eRRuaZ6yJJTUTEjI8GnU=',
      'P:musl-utils',
      'V:1.2.5-r0',
      'A:x86_64',
      'T:tools',
      'L:MIT AND BSD-2-Clause',
      'o:musl',
      'D:scanelf so:libc.musl-x86_64.so.1',
      'p:cmd:ldd=1.2.5-r0 libiconv=1.2.5',
      'F:',
      'R:top',
      'F:usr/bin',
      'M:0:0:755',
      'R:ldd',
      'a:0:0:755',
      'Z:Q17yJ3JFNypA4mxhJJr0ou6CzsJVI=',
      'R:iconv',
      '',
      '',
    ].join('\n'),
  );
  expect(unit).toMatchObject({ isDatabase: true, repositories: [], gaps: [] });
  expect(unit.packages).toEqual([
    {
      type: 'apk',
      name: 'musl-utils',
      version: '1.2.5-r0',
      arch: 'x86_64',
      source: { name: 'musl', version: '1.2.5-r0' },
      epoch: null,
      modularity: null,
      origin: 'musl',
      vendor: null,
      licenses: ['MIT AND BSD-2-Clause'],
      dependsOn: ['scanelf', 'so:libc.musl-x86_64.so.1'],
      provides: ['cmd:ldd=1.2.5-r0', 'libiconv=1.2.5'],
    },
  ]);
  expect(unit.fileLists).toEqual([
    {
      package: 'musl-utils',
      paths: ['top', 'usr/bin/ldd', 'usr/bin/iconv'],
      digests: [null, 'sha1:ef2277245372a40e26c61249af4a2ee82cec2552', null],
    },
  ]);
});

test('digests: SHA-1, SHA-256, and the cut SHA-256 of apk 3', () => {
  const twenty = '7yJ3JFNypA4mxhJJr0ou6CzsJVI=';
  expect(decodeDigest(`Q1${twenty}`, true)).toBe('sha256-160:ef2277245372a40e26c61249af4a2ee82cec2552');
  const empty = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
  const sha256 = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  expect([decodeDigest(`Q2${empty}`, false), decodeDigest(`Q1${empty}`, false)]).toEqual([sha256, sha256]);
  for (const text of ['', 'Q1', 'Q3abcd', 'Q1abcd', `Q2${twenty}`, 'Q1é']) expect(decodeDigest(text, false)).toBeNull();
  const flagged = read(record('a', `f:S\nF:bin\nR:a\nZ:Q1${twenty}\n`));
  expect(flagged.fileLists[0]!.digests).toEqual(['sha256-160:ef2277245372a40e26c61249af4a2ee82cec2552']);
});

test('a package without files or origin; an escaping file name', () => {
  const unit = read(record('.build-deps') + record('b', 'F:../../etc\nR:passwd\n'));
  expect(unit.packages[0]).toMatchObject({ name: '.build-deps', origin: null, source: null });
  expect(unit.fileLists).toEqual([{ package: 'b', paths: ['etc/passwd'], digests: [null] }]);
});

describe('damage', () => {
  test('an empty file is an empty database', () => expect(read('')).toMatchObject({ packages: [], gaps: [] }));

  test.each([
    ['zeroes', new Uint8Array(4096)],
    ['text', 'this is no database\n'],
    ['blank lines alone', '\n\n'],
    ['noise', Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) & 0xff)],
    ['a record without a name', 'V:1.0-r0\nA:x86_64\n\n'],
  ])('%s is never a silent empty list', (_, input) => {
    const unit = read(input);
    expect(unit.packages).toEqual([]);
    expect(codes(unit)).toContain('package-database-broken');
  });

  test.each([
    ['a torn line', `${record('a')}garbage\n${record('b')}`, ['a', 'b']],
    ['a lost name', `${record('a')}Q:x\nV:1\n\n${record('b')}`, ['a', 'b']],
    ['a lost empty line', record('a').slice(0, -1) + record('b'), ['a']],
    ['a zeroed tail', `${record('a')}\0\0\0\0\0\0\n\n`, ['a']],
    ['a cut in a line', record('a') + record('b').slice(0, 10), ['a', 'b']],
    ['a cut between lines', record('a') + record('b').slice(0, -1), ['a', 'b']],
    ['a file outside any directory', record('a', 'R:x\n'), ['a']],
    ['a digest of no file', record('a', 'F:x\nZ:Q17yJ3JFNypA4mxhJJr0ou6CzsJVI=\n'), ['a']],
  ])('%s is a broken database, and the rest is read', (_, text, expected) => {
    const unit = read(text);
    expect(names(unit)).toEqual(expected);
    expect(codes(unit)).toContain('package-database-broken');
  });

  test('no version, or a name with control characters, costs that record alone', () => {
    const unit = read(`${record('a')}P:x\nA:x86_64\n\n${record('y\u001b[31m')}${record('b')}`);
    expect(names(unit)).toEqual(['a', 'b']);
    expect(codes(unit)).toEqual(['package-database-broken', 'package-database-broken']);
  });

  test('a line at its limit is whole, past it cut and told', () => {
    const line = (length: number) => record('a', `D:${'x'.repeat(length - 2)}\n`);
    expect(read(line(LIMITS.recordFieldBytes)).gaps).toEqual([]);
    expect(codes(read(line(LIMITS.recordFieldBytes + 1)))).toEqual(['limit-reached']);
  });

  test('more packages than the limit are told', () => {
    const some = (count: number) => read(Array.from({ length: count }, (_, i) => `P:p${i}\nV:1\n\n`).join(''));
    expect(some(LIMITS.packages).gaps).toEqual([]);
    const past = some(LIMITS.packages + 1);
    expect([past.packages.length, codes(past)]).toEqual([LIMITS.packages, ['limit-reached']]);
  });
});

test('repositories: tags, components and comments; no credentials', () => {
  const text = [
    'https://dl-cdn.alpinelinux.org/alpine/v3.20/main',
    '# https://example.org/off',
    '@edge https://user:secret@example.org/edge/testing',
    'https://example.org/v3.22 main community',
    'v3 /media/cdrom/apks',
    'set VERSION=v3.22',
    '',
  ].join('\n');
  const unit = read(text, 'etc/apk/repositories');
  expect(unit).toMatchObject({ isDatabase: false, packages: [], gaps: [] });
  expect(unit.repositories).toEqual([
    'https://dl-cdn.alpinelinux.org/alpine/v3.20/main',
    'https://example.org/edge/testing',
    'https://example.org/v3.22/main',
    'https://example.org/v3.22/community',
    '/media/cdrom/apks',
  ]);
});

test('more repositories than the limit are told', () => {
  const some = (count: number) => read('/a/b\n'.repeat(count), 'etc/apk/repositories.d/x.list');
  expect(some(LIMITS.repositories).gaps).toEqual([]);
  expect(codes(some(LIMITS.repositories + 1))).toEqual(['limit-reached']);
});

test.each([
  ['lib/apk/db/installed', 'whole'],
  ['usr/lib/apk/db/installed', 'whole'],
  ['lib/apk/db/triggers', 'no'],
  ['lib/apk/db/scripts.tar', 'no'],
  ['etc/apk/repositories', 'whole'],
  ['etc/apk/repositories.d/x.list', 'whole'],
  ['etc/apk/repositories.d/x.bak', 'no'],
  ['etc/apk/world', 'no'],
  ['app/lib/apk/db/installed', 'no'],
])('wants %s: %s', (path, wanted) => {
  expect(apk.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array())).toBe(wanted);
});
