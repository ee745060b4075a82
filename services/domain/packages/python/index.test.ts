import { describe, expect, test } from 'vitest';
import { readContext } from '../../../../test/support/read-context.ts';
import { LIMITS } from '../../limits.ts';
import { python } from './index.ts';

const context = readContext();
const encoder = new TextEncoder();
const SITE = 'usr/lib/python3/site-packages';
const METADATA = `${SITE}/some_name-1.0.dist-info/METADATA`;
const CONDA = 'opt/conda/conda-meta/numpy-1.26.4-py312h.json';

function read(content: string | Uint8Array, path = METADATA) {
  const bytes = typeof content === 'string' ? encoder.encode(content) : content;
  const { units } = python.readDatabase([{ path, bytes }], context);
  expect(units).toHaveLength(1);
  return units[0]!;
}

const codes = (unit: { gaps: readonly { code: string }[] }) => unit.gaps.map(({ code }) => code);
const identities = (unit: ReturnType<typeof read>) => unit.packages.map(({ name, version }) => [name, version]);
const head = 'Metadata-Version: 2.1\nName: Some.Name\nVersion: 1.0\n';

test('a distribution', () => {
  const text = `${head}License: MIT\nClassifier: License :: OSI Approved :: MIT License
Classifier: Programming Language :: Python
Requires-Dist: urllib3 (<3,>=1.21.1)
Requires-Dist: PySocks!=1.5.7 ;
 extra == "socks"
Description-Content-Type: text/markdown

Name: not this one
Requires-Dist: nor this
`;
  expect(read(text)).toEqual({
    path: METADATA,
    isDatabase: true,
    packages: [
      {
        type: 'pypi',
        name: 'Some.Name',
        version: '1.0',
        arch: null,
        source: null,
        epoch: null,
        modularity: null,
        origin: null,
        vendor: null,
        licenses: ['MIT', 'MIT License'],
        dependsOn: ['urllib3 (<3,>=1.21.1)', 'PySocks!=1.5.7 ; extra == "socks"'],
        provides: [],
      },
    ],
    fileLists: [],
    repositories: [],
    text: null,
    gaps: [],
  });
});

describe('headers as Python reads them', () => {
  test.each([
    ['CRLF', 'Name: a\r\nVersion: 2\r\n\r\nbody', ['a', '2']],
    ['a carriage return alone', 'Name: a\rVersion: 2\r\rVersion: 3\r', ['a', '2']],
    ['no end of line at the end', 'Name: a\nVersion: 2', ['a', '2']],
    ['any case of names', 'nAME:a\nVERSION:2\n', ['a', '2']],
    ['the first of two', 'Name: a\nName: b\nVersion: 2\nVersion: 3\n', ['a', '2']],
    ['a folded value', 'Name:\n  a\nVersion:\n\t2\n', ['a', '2']],
    ['unfolded text behind', 'Name: a\nVersion: 2\nDescription: x\n        y\n        z\n', ['a', '2']],
    ['Latin-1', Uint8Array.from([...encoder.encode('Name: a\nVersion: 2\nAuthor: '), 0xe9, 0x0a]), ['a', '2']],
    ['control characters', 'Name: a\u0000\u001b[31m\nVersion: 2\u202e\n', ['a[31m', '2']],
  ])('%s', (_, text, expected) => {
    expect(identities(read(text))).toEqual([expected]);
    expect(read(text).gaps).toEqual([]);
  });

  test('they end at a line that is none, and that is told', () => {
    const unit = read('Name: a\nVersion: 2\nfree text\nRequires-Dist: b\n');
    expect(unit.packages).toMatchObject([{ name: 'a', version: '2', dependsOn: [] }]);
    expect(codes(unit)).toEqual(['package-file-unparsable']);
  });
});

describe('what the file does not state, the path does', () => {
  test.each([
    ['some_name-1.0.dist-info/METADATA', '', ['some_name', '1.0']],
    ['some_name-1.0.dist-info/METADATA', '\n', ['some_name', '1.0']],
    ['some_name-1.0.dist-info/METADATA', 'Name: Other\n', ['Other', '1.0']],
    ['some_name-1.0.dist-info/METADATA', 'Version: 2\n', ['some_name', '2']],
    ['some_name-1!1.0+x_1.dist-info/METADATA', '\0\0\0\0', ['some_name', '1!1.0+x_1']],
    ['a.b-1.0-py3.11.egg-info/PKG-INFO', 'Name: a.b\n', ['a.b', '1.0']],
    ['a.b-1.0-py3.11.egg-info', '', ['a.b', '1.0']],
    ['a-1.0-py3.8.egg/EGG-INFO/PKG-INFO', '', ['a', '1.0']],
  ])('%s of %j', (path, text, expected) => {
    const unit = read(text, `${SITE}/${path}`);
    expect(identities(unit)).toEqual([expected]);
    expect(new Set(codes(unit))).toEqual(new Set(['package-file-unparsable']));
  });

  test.each([
    ['a.egg-info/PKG-INFO', 'Name: a\n'],
    ['a.egg-info/PKG-INFO', ''],
    ['a.egg-info', 'noise'],
    ['-1.0.dist-info/METADATA', ''],
    ['a b-\u001b.dist-info/METADATA', ''],
  ])('%s of %j says neither, and that is told', (path, text) => {
    const unit = read(text, `${SITE}/${path}`);
    expect(unit.packages).toEqual([]);
    expect(codes(unit)).toContain('package-record-invalid');
  });
});

test.each([
  ['License-Expression: MIT OR Apache-2.0\nLicense: x\nClassifier: License :: y', ['MIT OR Apache-2.0']],
  ['License: UNKNOWN', []],
  ['License: UNKNOWN\nClassifier: License :: OSI Approved :: BSD License', ['BSD License']],
  ['License: MIT License\n\n', ['MIT License']],
  ['License: \n        MIT License\n        \n        Permission is hereby granted', ['MIT License']],
  ['Classifier: License :: A\nClassifier: License :: B\nClassifier: License :: A', ['A', 'B']],
  ['Classifier: License ::', []],
])('licences of %j', (lines, expected) => {
  expect(read(`Name: a\nVersion: 1\n${lines}\n`).packages[0]!.licenses).toEqual(expected);
});

describe('conda', () => {
  test('a package of an environment', () => {
    const meta = {
      name: 'numpy',
      version: '1.26.4',
      build: 'py312h',
      license: 'BSD-3-Clause',
      depends: ['python >=3.12', 7],
    };
    expect(read(JSON.stringify(meta), CONDA)).toMatchObject({
      isDatabase: true,
      packages: [
        { type: 'conda', name: 'numpy', version: '1.26.4', licenses: ['BSD-3-Clause'], dependsOn: ['python >=3.12'] },
      ],
      gaps: [],
    });
  });

  test.each([
    ['{"name":"a"}', 'package-record-invalid'],
    ['{"name":"a","version":1}', 'package-record-invalid'],
    ['{}', 'package-record-invalid'],
    ['', 'package-file-unparsable'],
    ['[]', 'package-file-unparsable'],
    ['{"name":"a","version":"1', 'package-file-unparsable'],
  ])('%j is told', (text, code) => {
    expect(read(text, CONDA).packages).toEqual([]);
    expect(codes(read(text, CONDA))).toEqual([code]);
  });
});

describe('limits', () => {
  test.each([METADATA, CONDA])('%s at its limit is read, past it told', (path) => {
    const padded = (length: number) => {
      const bytes = new Uint8Array(length).fill(0x20);
      bytes.set(encoder.encode(path === CONDA ? '{"name":"a","version":"1"}' : 'Name: a\nVersion: 1\n\n'));
      return read(bytes, path);
    };
    expect(padded(LIMITS.packageFileBytes)).toMatchObject({ packages: [{ name: 'a' }], gaps: [] });
    expect(codes(padded(LIMITS.packageFileBytes + 1))).toEqual(['limit-reached']);
  });

  test('a line at its limit is read, past it told', () => {
    const line = (length: number) => read(`${head}Requires-Dist:${'x'.repeat(length - 14)}\n\n`);
    expect(line(LIMITS.recordFieldBytes).gaps).toEqual([]);
    expect(codes(line(LIMITS.recordFieldBytes + 1))).toEqual(['limit-reached']);
  });

  test('a field that is folded without end is told', () => {
    const unit = read(`${head}License: a\nRequires-Dist: b\n${' c\n'.repeat(2_000_000)}`);
    expect(identities(unit)).toEqual([['Some.Name', '1.0']]);
    expect(codes(unit)).toEqual(['limit-reached']);
  });
});

test('files are read the same alone and together', () => {
  const files = [
    { path: METADATA, bytes: encoder.encode(head) },
    { path: `${SITE}/b.egg-info`, bytes: encoder.encode('') },
    { path: CONDA, bytes: encoder.encode('{"name":"c","version":"1"}') },
    { path: `${SITE}/elsewhere.txt`, bytes: encoder.encode(head) },
  ];
  const together = python.readDatabase(files, context).units;
  expect(together).toHaveLength(3);
  expect(together).toEqual(files.flatMap((file) => python.readDatabase([file], context).units));
});

test.each([
  ['usr/lib/python3/dist-packages/wheel-0.37.1.dist-info/METADATA', 'whole'],
  ['app/vendor/foo-1.dist-info/METADATA', 'whole'],
  ['venv/lib/python3.12/site-packages/Foo-1.DIST-INFO/METADATA', 'whole'],
  ['usr/lib/python3/dist-packages/a-1.egg-info/PKG-INFO', 'whole'],
  ['usr/lib/python3/dist-packages/a-1-py3.11.egg-info', 'whole'],
  ['src/a.egg-info/PKG-INFO', 'whole'],
  ['site-packages/a-1-py3.8.egg/EGG-INFO/PKG-INFO', 'whole'],
  ['opt/conda/conda-meta/a-1-0.json', 'whole'],
  ['METADATA', 'no'],
  ['a/METADATA', 'no'],
  ['a-1.dist-info/RECORD', 'no'],
  ['a-1.dist-info/sub/METADATA', 'no'],
  ['a-1.dist-info/PKG-INFO', 'no'],
  ['.dist-info/METADATA', 'no'],
  ['.egg-info', 'no'],
  ['site-packages/~umpy-1.26.dist-info/METADATA', 'no'],
  ['a-1.egg-info/top_level.txt', 'no'],
  ['a-1.egg-info/METADATA', 'no'],
  ['a/EGG-INFO/PKG-INFO', 'no'],
  ['sdist/PKG-INFO', 'no'],
  ['opt/conda/conda-meta/history', 'no'],
  ['opt/conda/conda-meta/sub/a.json', 'no'],
  ['opt/conda/pkgs/a-1-0/info/index.json', 'no'],
])('wants %s: %s', (path, wanted) => {
  expect(python.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array())).toBe(wanted);
});
