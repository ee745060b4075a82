import { describe, expect, test } from 'vitest';
import { lockfileRows, type ProjectFiles, readLockfiles } from '../../../../../test/support/read-lockfiles.ts';
import { goMod } from './go-mod.ts';

const rows = (content: string, more: ProjectFiles = {}) =>
  lockfileRows(goMod, { 'go.mod': content, ...more })['go.mod'];
const lines = (...texts: string[]) => ['module example.org/app', ...texts, ''].join('\n');
const unparsable = (message: string) => `package-file-unparsable: ${message}`;

test('all modules that go.mod names, without the main module', () => {
  const content = `// comment
module example.org/app // another

go 1.20

require github.com/a/b/v2 v2.1.0
require (
	golang.org/x/text v0.3.6 // indirect
	"example.org/quoted" v0.0.0-20211111083644-e5c967477495 // indirect; why
	\`example.org/raw\` v20.10.11+incompatible

	// only a comment
)

tool example.org/tool
retract [v1.0.0, v1.1.0] // all of them
ignore ./node_modules
godebug default=go1.21
`;
  const [unit] = readLockfiles(goMod, { 'go.mod': content });
  expect(unit!.gaps).toEqual([]);
  expect(unit!.packages).toMatchObject([
    { type: 'golang', name: 'github.com/a/b/v2', version: 'v2.1.0' },
    { name: 'golang.org/x/text', version: 'v0.3.6' },
    { name: 'example.org/quoted', version: 'v0.0.0-20211111083644-e5c967477495' },
    { name: 'example.org/raw', version: 'v20.10.11+incompatible' },
  ]);
});

test('of a module that is required twice the higher version', () => {
  expect(rows(lines('go 1.20', 'require a.b/c v1.10.0', 'require a.b/c v1.9.0'))).toEqual(['a.b/c@v1.10.0']);
});

describe('the toolchain is stdlib', () => {
  test.each<[string[], string[]]>([
    [['go 1.22.0', 'toolchain go1.22.3'], ['stdlib@1.22.3']],
    [['go 1.21.0', 'toolchain go1.22.5-vendor'], ['stdlib@1.22.5']],
    [['toolchain go1.23rc1', 'go 1.21'], ['stdlib@1.23rc1']],
    [['go 1.22.1', 'toolchain default'], ['stdlib@1.22.1']],
    [['go 1.21.0'], ['stdlib@1.21.0']],
    [['go 1.21'], ['stdlib@1.21']],
    [['go 1.22rc2'], ['stdlib@1.22rc2']],
    // Before 1.21 it is the language: whoever builds has any toolchain of that or later.
    [['go 1.20'], []],
    [['go 1.9'], []],
    [['go x'], []],
    [[], []],
  ])('%j', (more, expected) => expect(rows(lines(...more))).toEqual(expected));
});

describe('replace', () => {
  const of = (...replaces: string[]) => rows(lines('go 1.20', 'require a.b/c v1.0.0', ...replaces));
  test.each<[string, string[], string[]]>([
    ['by another version', ['replace a.b/c => a.b/c v1.0.1'], ['a.b/c@v1.0.1']],
    ['by another module', ['replace a.b/c => d.e/f v2.0.0'], ['d.e/f@v2.0.0']],
    ['of this version', ['replace a.b/c v1.0.0 => d.e/f v2.0.0'], ['d.e/f@v2.0.0']],
    ['of another version', ['replace a.b/c v1.1.0 => d.e/f v2.0.0'], ['a.b/c@v1.0.0']],
    ['by a folder, which is part of the project', ['replace a.b/c => ../c'], []],
    ['by a folder, of this version', ['replace a.b/c v1.0.0 => /src/c'], []],
    [
      'of this version before that of all',
      ['replace a.b/c v1.0.0 => d.e/f v2.0.0', 'replace a.b/c => ./c'],
      ['d.e/f@v2.0.0'],
    ],
    ['of what is not required', ['replace x.y/z => d.e/f v2.0.0'], ['a.b/c@v1.0.0']],
    ['in a block', ['replace (', '\ta.b/c => d.e/f v2.0.0', ')'], ['d.e/f@v2.0.0']],
  ])('%s', (_, replaces, expected) => expect(of(...replaces)).toEqual(expected));
});

test('what is required and excluded has no version that go.mod tells', () => {
  const exclude = ['exclude a.b/c v1.0.0', 'exclude (', '\td.e/f v1.0.0', ')'];
  expect(rows(lines('go 1.20', 'require a.b/c v1.0.0', 'require d.e/f v1.0.1', ...exclude))).toEqual([
    'd.e/f@v1.0.1',
    'dependency-unresolved: "a.b/c" is required at "v1.0.0", which is excluded too: its version is unknown',
  ]);
});

describe('before Go 1.17 go.sum has the rest', () => {
  const HASH = 'h1:AAAA=';
  const sum = (...modules: string[]) => modules.map((module) => `${module} ${HASH}\n`).join('');
  const SUM = sum(
    'a.b/c v0.9.0',
    'a.b/c v1.0.0/go.mod',
    'a.b/c v1.1.0',
    'd.e/f v1.9.0',
    'd.e/f v1.10.0',
    'd.e/f v1.11.0/go.mod',
    'only.its/mod v1.0.0/go.mod',
  );

  test.each(['go 1.16', 'go 1.9', ''])('%s', (line) => {
    // What go.mod requires is what was chosen; of others the highest that was fetched.
    expect(rows(lines(line, 'require a.b/c v1.0.0'), { 'go.sum': SUM })).toEqual(['a.b/c@v1.0.0', 'd.e/f@v1.10.0']);
  });
  test('and not since', () => {
    expect(rows(lines('go 1.17', 'require a.b/c v1.0.0'), { 'go.sum': SUM })).toEqual(['a.b/c@v1.0.0']);
  });
  test('replacements count for it too', () => {
    const content = lines('require a.b/c v1.0.0', 'replace d.e/f => ./f');
    expect(rows(content, { 'go.sum': SUM })).toEqual(['a.b/c@v1.0.0']);
  });
  test('it is that of the same folder', () => {
    const content = lines('require a.b/c v1.0.0');
    expect(lockfileRows(goMod, { 'x/go.mod': content, 'go.sum': SUM, 'x/go.sum': sum('g.h/i v1.0.0') })).toEqual({
      'x/go.mod': ['a.b/c@v1.0.0', 'g.h/i@v1.0.0'],
    });
  });
  test('without it that is told', () => {
    expect(rows(lines('require a.b/c v1.0.0'))).toEqual([
      'a.b/c@v1.0.0',
      expect.stringMatching(/^dependencies-unknown: /),
    ]);
    expect(rows(lines('go 1.16'))).toEqual([]);
  });
  test('lines that are none are told', () => {
    expect(rows(lines('require a.b/c v1.0.0'), { 'go.sum': `\nd.e/f v1.0.0\n${sum('x')}` })).toEqual([
      'a.b/c@v1.0.0',
      unparsable('line 2 of go.sum is no module, version and checksum'),
      unparsable('line 3 of go.sum is no module, version and checksum'),
    ]);
  });
});

describe('which files', () => {
  test.each(['go.mod', 'tools/go.mod'])('%s', (path) => expect(readLockfiles(goMod, { [path]: '' })).toHaveLength(1));
  test.each(['go.sum', 'vendor/a/go.mod', 'x/testdata/go.mod', 'root/go/pkg/mod/a.b/c@v1.0.0/go.mod', 'go.mod.bak'])(
    'not %s',
    (path) => expect(readLockfiles(goMod, { [path]: '' })).toEqual([]),
  );
});

describe('flaws are told', () => {
  const line = (text: string) => [unparsable(`line 2 is no line of go.mod: "${text}"`)];
  test.each([
    'require a.b/c',
    'require a.b/c v1.0.0 v1.1.0',
    'require "a.b/c v1.0.0',
    'replace a.b/c d.e/f v1.0.0',
    'replace => d.e/f v1.0.0',
    'replace a.b/c => d.e/f v1 v2',
    'replace a.b/c v1 v2 =>',
    'go',
    'go 1.20 1.21',
    'unknown x',
    ')',
    '<<<<<<< HEAD',
  ])('%s', (text) => expect(rows(lines(text))).toEqual(line(text)));

  test('no module', () => expect(rows('')).toEqual([unparsable('it names no module')]));
  test('a block without end', () => {
    expect(rows(lines('go 1.20', 'require (', 'a.b/c v1.0.0'))).toEqual([
      'a.b/c@v1.0.0',
      unparsable('its last "require" has no end'),
    ]);
  });
  test('an unknown block is told at each line', () =>
    expect(rows(lines('what (', 'x', ')'))).toEqual([unparsable('line 3 is no line of go.mod: "x"')]));
  test('letters that no name has', () => {
    expect(rows(lines('go 1.20', 'require a.b/\u202ec v1.0.0'))).toEqual([
      'package-record-invalid: no package and version: "a.b/\u202ec" "v1.0.0"',
    ]);
  });
  test('UTF-16', () => {
    const bytes = Uint8Array.from(Buffer.from(`\ufeff${lines('go 1.20')}`, 'utf16le'));
    expect(lockfileRows(goMod, { 'go.mod': bytes })['go.mod']).toContain(unparsable('it names no module'));
  });
});

test('a line that is too long is cut and told, and does not hang', () => {
  const started = performance.now();
  const limits = { recordFieldBytes: 1_000 };
  const { 'go.mod': told } = lockfileRows(goMod, { 'go.mod': lines('go 1.20', 'x '.repeat(1_000_000)) }, limits);
  expect(told).toContain('limit-reached: a line is longer than 1000 bytes (recordFieldBytes)');
  expect(rows(lines(`require ${'"'.repeat(1_000_000)}`))).toHaveLength(1);
  expect(performance.now() - started).toBeLessThan(5_000);
});
