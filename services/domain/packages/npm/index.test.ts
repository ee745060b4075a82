import { describe, expect, test } from 'vitest';
import { readContext } from '../../../../test/support/read-context.ts';
import { LIMITS } from '../../limits.ts';
import { npm } from './index.ts';

const context = readContext();
const encoder = new TextEncoder();

function read(content: unknown, path = 'app/node_modules/folder/package.json') {
  const bytes = content instanceof Uint8Array ? content : encoder.encode(asText(content));
  const { units } = npm.readDatabase([{ path, bytes }], context);
  expect(units).toHaveLength(1);
  return units[0]!;
}

const asText = (content: unknown) => (typeof content === 'string' ? content : JSON.stringify(content));
const codes = (unit: { gaps: readonly { code: string }[] }) => unit.gaps.map(({ code }) => code);
const identities = (content: unknown) => read(content).packages.map(({ name, version }) => [name, version]);
const licenses = (more: object) => read({ name: 'a', version: '1.0.0', ...more }).packages[0]!.licenses;
const dependsOn = (more: object) => read({ name: 'a', version: '1.0.0', ...more }).packages[0]!.dependsOn;

test('a package', () => {
  const path = 'app/node_modules/@scope/name/package.json';
  const manifest = {
    name: '@scope/name',
    version: '1.2.3-rc.1+build',
    license: '(MIT OR Apache-2.0)',
    dependencies: { b: '^1.0.0', '@s/c': 'npm:d@2' },
    optionalDependencies: { b: '2.0.0' },
    devDependencies: { no: '*' },
    peerDependencies: { no: '*' },
  };
  expect(read(manifest, path)).toEqual({
    path,
    isDatabase: true,
    packages: [
      {
        type: 'npm',
        name: '@scope/name',
        version: '1.2.3-rc.1+build',
        arch: null,
        source: null,
        epoch: null,
        modularity: null,
        origin: null,
        vendor: null,
        licenses: ['(MIT OR Apache-2.0)'],
        dependsOn: ['b@2.0.0', '@s/c@npm:d@2'],
        provides: [],
      },
    ],
    fileLists: [],
    repositories: [],
    text: null,
    gaps: [],
  });
});

describe('name and version are those of npm ls', () => {
  test.each([
    ['an alias is what it states', { name: 'real', version: '2.0.0' }, ['real', '2.0.0']],
    ['no name: the folder', { version: '1.2.3' }, ['folder', '1.2.3']],
    ['a version that is no semver stays as it is', { name: 'a', version: 'v1.2' }, ['a', 'v1.2']],
    ['a key given twice: the last', '{"name":"a","version":"1.0.0","version":"2.0.0"}', ['a', '2.0.0']],
    ['a byte order mark', '\ufeff{"name":"a","version":"1.0.0"}', ['a', '1.0.0']],
    ['control characters go', { name: 'a\u0000\u001b[31m', version: ' 1.0.0\n' }, ['a[31m', '1.0.0']],
    ['what turns text round goes', { name: 'a\u202eb\u200b', version: '1.0.0' }, ['ab', '1.0.0']],
    ['a lone surrogate is replaced', '{"name":"a\\ud800","version":"1.0.0"}', ['a\ufffd', '1.0.0']],
    [
      'a prototype in the file is a key like any other',
      '{"__proto__":{"name":"b"},"version":"1.0.0"}',
      ['folder', '1.0.0'],
    ],
  ])('%s', (_, manifest, expected) => {
    expect(identities(manifest)).toEqual([expected]);
    expect(read(manifest).gaps).toEqual([]);
  });

  test('a folder deceives no more than a file does', () => {
    const unit = (folder: string) => read({ version: '1.0.0' }, `node_modules/${folder}/package.json`);
    expect(unit('a\u001b\udcff').packages).toMatchObject([{ name: 'a\ufffd' }]);
    expect(unit('\u001b').packages).toEqual([]);
    expect(codes(unit('\u001b'))).toEqual(['package-record-invalid']);
  });

  test('bytes that are no UTF-8 cost nothing else', () => {
    const bytes = encoder
      .encode('{"name":"a","version":"1.0.0","author":"#"}')
      .map((byte) => (byte === 0x23 ? 0xe9 : byte));
    expect(read(bytes)).toMatchObject({ packages: [{ name: 'a', version: '1.0.0' }], gaps: [] });
  });
});

describe('no package', () => {
  test.each([{}, { type: 'module' }, { main: 'x.js', version: '' }, { name: '', version: null }])(
    '%j only marks a folder',
    (manifest) => {
      expect(read(manifest)).toMatchObject({ packages: [], gaps: [] });
    },
  );

  test.each([{ name: 'a' }, { name: 'a', version: '' }, { name: 'a', version: 1 }, { name: 'a', version: ['1.0.0'] }])(
    '%j has no version, and that is told',
    (manifest) => {
      expect(read(manifest).packages).toEqual([]);
      expect(codes(read(manifest))).toEqual(['package-record-invalid']);
    },
  );

  test.each([
    ['nothing', ''],
    ['half of it', '{"name":"a","version":"1.0.'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"1.0.0"'],
    ['zeroes', new Uint8Array(4096)],
    ['UTF-16', Uint8Array.from([0xff, 0xfe, 0x7b, 0, 0x7d, 0])],
    ['nested without end', '['.repeat(1_000_000)],
    ['a conflict marker', '<<<<<<< HEAD\n{}\n'],
  ])('%s is told', (_, content) => {
    const unit = read(content);
    expect(unit.packages).toEqual([]);
    expect(codes(unit)).toEqual(['package-file-unparsable']);
    expect(unit.gaps[0]!.message.length).toBeLessThan(200);
    expect(unit.gaps[0]!.message).toMatch(/^[^\p{Cc}]*$/u);
  });

  test('a foreign path is not read', () => {
    expect(npm.readDatabase([{ path: 'app/package.json', bytes: encoder.encode('{') }], context).units).toEqual([]);
  });
});

test.each([
  [{ license: 'MIT' }, ['MIT']],
  [{ license: { type: 'MIT', url: 'x' } }, ['MIT']],
  [{ licenses: [{ type: 'MIT' }, { type: 'GPL-2.0' }, 'BSD'] }, ['MIT', 'GPL-2.0', 'BSD']],
  [{ licenses: { type: 'MIT' } }, ['MIT']],
  [{ license: ['MIT', 'MIT'], licenses: 'MIT' }, ['MIT']],
  [{ license: 'SEE LICENSE IN x' }, ['SEE LICENSE IN x']],
  [{ license: '\n  MIT License\n\nCopyright' }, ['MIT License']],
  [{ license: null, licenses: [null, 1, {}, [], ''] }, []],
])('licences of %j', (manifest, expected) => expect(licenses(manifest)).toEqual(expected));

test.each([
  [{ dependencies: { a: '' } }, ['a']],
  [{ dependencies: { a: 1, b: { version: '1' } } }, ['a', 'b']],
  [{ dependencies: [] }, []],
  [{ dependencies: 'a' }, []],
  [{ dependencies: null, optionalDependencies: { b: '*' } }, ['b@*']],
])('dependencies of %j', (manifest, expected) => expect(dependsOn(manifest)).toEqual(expected));

describe('limits', () => {
  test('a file at its limit is read, past it told', () => {
    const padded = (length: number) => {
      const bytes = new Uint8Array(length).fill(0x20);
      bytes.set(encoder.encode('{"name":"a","version":"1.0.0"}'));
      return read(bytes);
    };
    expect(padded(LIMITS.packageFileBytes)).toMatchObject({ packages: [{ name: 'a' }], gaps: [] });
    expect(codes(padded(LIMITS.packageFileBytes + 1))).toEqual(['limit-reached']);
  });

  test('a field at its limit is read, past it told', () => {
    const licensed = (length: number) => read({ name: 'a', version: '1.0.0', license: 'x'.repeat(length) });
    expect(licensed(LIMITS.recordFieldBytes)).toMatchObject({ gaps: [] });
    expect(licensed(LIMITS.recordFieldBytes + 1)).toMatchObject({ packages: [{ name: 'a', licenses: [] }] });
    expect(codes(licensed(LIMITS.recordFieldBytes + 1))).toEqual(['limit-reached']);
  });

  test('many overlong fields make few gaps', () => {
    const name = 'x'.repeat(LIMITS.recordFieldBytes + 1);
    const license = `"${name}",`.repeat(12).slice(0, -1);
    expect(read(`{"name":"a","version":"1.0.0","licenses":[${license}]}`).gaps.length).toBeLessThan(25);
  });
});

test('files are read the same alone and together', () => {
  const files = ['{"version":"1.0.0"}', '{', '{"name":"c","version":"3.0.0"}'].map((content, i) => {
    return { path: `node_modules/n${i}/package.json`, bytes: encoder.encode(content) };
  });
  const together = npm.readDatabase(files, context).units;
  expect(together).toHaveLength(3);
  expect(together).toEqual(files.flatMap((file) => npm.readDatabase([file], context).units));
});

test('wants the files that describe packages, whole', () => {
  const wants = (path: string) => npm.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array());
  expect([wants('node_modules/a/package.json'), wants('node_modules/a/lib/package.json')]).toEqual(['whole', 'no']);
});
