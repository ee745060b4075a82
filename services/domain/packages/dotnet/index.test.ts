import { describe, expect, test } from 'vitest';
import { readContext } from '../../../../test/support/read-context.ts';
import { LIMITS } from '../../limits.ts';
import { packageUrl } from '../purl.ts';
import { dotnet } from './index.ts';

const context = readContext();
const PATH = 'app/Shop.deps.json';
const TARGET = '.NETCoreApp,Version=v8.0/linux-x64';

function read(content: unknown) {
  const bytes = content instanceof Uint8Array ? content : new TextEncoder().encode(JSON.stringify(content));
  const { units } = dotnet.readDatabase([{ path: PATH, bytes }], context);
  expect(units).toHaveLength(1);
  return units[0]!;
}

const codes = (unit: { gaps: readonly { code: string }[] }) => unit.gaps.map(({ code }) => code);
const identities = (unit: ReturnType<typeof read>) => unit.packages.map(({ name, version }) => `${name}@${version}`);

const SHOP = {
  runtimeTarget: { name: TARGET, signature: '' },
  compilationOptions: {},
  targets: {
    '.NETCoreApp,Version=v8.0': {},
    [TARGET]: {
      'Shop/1.0.0': {
        dependencies: { 'Newtonsoft.Json': '13.0.1', 'runtimepack.Microsoft.NETCore.App.Runtime.linux-x64': '8.0.0' },
        runtime: { 'Shop.dll': {} },
      },
      'Newtonsoft.Json/13.0.1': { runtime: { 'lib/netstandard2.0/Newtonsoft.Json.dll': {} } },
      'Libuv/1.9.1': { runtimeTargets: { 'runtimes/debian-x64/native/libuv.so': {} } },
      'SQLite/3.1.0': { native: { 'runtimes/linux/native/libsqlite3.so': {} } },
      'NETStandard.Library/1.6.0': { dependencies: { 'System.Net.Http': '4.1.0' } },
      'System.Net.Http/4.1.0': { compile: { 'ref/System.Net.Http.dll': {} }, runtime: {} },
      'runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.0': { runtime: { 'System.Private.CoreLib.dll': {} } },
    },
  },
  libraries: {
    'Shop/1.0.0': { type: 'project', serviceable: false, sha512: '' },
    'Newtonsoft.Json/13.0.1': { type: 'package', serviceable: true, sha512: 'sha512-x' },
    'Libuv/1.9.1': { type: 'Package' },
    'SQLite/3.1.0': { type: 'package' },
    'NETStandard.Library/1.6.0': { type: 'package' },
    'System.Net.Http/4.1.0': { type: 'package' },
    'Unlisted/2.0.0-rc.1': { type: 'package' },
    'System.Xml.Reference/4.0.0.0': { type: 'referenceassembly' },
    'runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.0': { type: 'runtimepack' },
  },
};

test('a self-contained application', () => {
  const unit = read(SHOP);
  expect(unit).toEqual({
    path: PATH,
    isDatabase: true,
    packages: [
      {
        type: 'nuget',
        name: 'Shop',
        version: '1.0.0',
        arch: null,
        source: null,
        epoch: null,
        modularity: null,
        origin: null,
        vendor: null,
        licenses: [],
        dependsOn: ['Newtonsoft.Json/13.0.1', 'Microsoft.NETCore.App.Runtime.linux-x64/8.0.0'],
        provides: [],
      },
      ...['Newtonsoft.Json', 'Libuv', 'SQLite', 'Unlisted', 'Microsoft.NETCore.App.Runtime.linux-x64'].map((name) =>
        expect.objectContaining({ name, dependsOn: [] }),
      ),
    ],
    fileLists: [],
    repositories: [],
    text: null,
    gaps: [],
  });
  expect(packageUrl(unit.packages[1]!, null)).toBe('pkg:nuget/Newtonsoft.Json@13.0.1');
});

describe('targets', () => {
  const libraries = { 'A/1.0.0': { type: 'package' }, 'B/2.0.0': { type: 'package' } };
  test.each([
    ['no targets', { libraries }],
    [
      'a target by no name',
      { libraries, runtimeTarget: { name: 'x' }, targets: { y: { 'A/1.0.0': {}, 'B/2.0.0': {} } } },
    ],
    ['a target that is none', { libraries, runtimeTarget: { name: 'x' }, targets: { x: [] } }],
    ['libraries that are not in the target', { libraries, runtimeTarget: { name: 'x' }, targets: { x: {} } }],
    ['names of prototypes', { libraries, runtimeTarget: { name: 'constructor' }, targets: {} }],
  ])('%s: all libraries count', (_, content) => {
    expect(identities(read(content))).toEqual(['A@1.0.0', 'B@2.0.0']);
  });

  test('the older form has the name alone, or one target without', () => {
    const targets = { x: { 'A/1.0.0': {}, 'B/2.0.0': { runtime: { 'B.dll': {} } } } };
    expect(identities(read({ libraries, runtimeTarget: 'x', targets }))).toEqual(['B@2.0.0']);
    expect(identities(read({ libraries, targets }))).toEqual(['B@2.0.0']);
  });

  test('one package in two spellings is one', () => {
    const both = {
      'A/1.0.0-RC': { type: 'package' },
      'a/1.0.0-rc': { type: 'package' },
      'a/2.0.0': { type: 'package' },
    };
    expect(identities(read({ libraries: both }))).toEqual(['a@1.0.0-rc', 'a@2.0.0']);
  });
});

describe('broken files', () => {
  test.each([
    ['no JSON', new TextEncoder().encode('{"libraries": {'), ['package-file-unparsable']],
    ['a list', [], ['package-file-unparsable']],
    ['no libraries', { targets: {} }, ['package-file-unparsable']],
    ['libraries in a list', { libraries: [] }, ['package-file-unparsable']],
    ['no libraries at all', { libraries: {} }, []],
    ['too long', new Uint8Array(LIMITS.packageFileBytes + 1), ['limit-reached']],
  ])('%s', (_, content, expected) => {
    const unit = read(content);
    expect(unit.packages).toEqual([]);
    expect(codes(unit)).toEqual(expected);
  });

  test('one record costs only itself', () => {
    const type = 'package';
    const unit = read({
      libraries: { A: { type }, '/1': { type }, 'B/': { type }, 'C/1/2': { type }, 'D/1': null, 'E/1': { type } },
    });
    expect(identities(unit)).toEqual(['E@1']);
    expect(codes(unit)).toEqual(new Array(4).fill('package-record-invalid'));
  });

  test('what is invisible is left out', () => {
    expect(identities(read({ libraries: { 'A\u202e\u0000/1': { type: 'package' } } }))).toEqual(['A@1']);
  });
});

test.each([
  ['app/Shop.deps.json', 'whole'],
  ['usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.0/Microsoft.NETCore.App.deps.json', 'whole'],
  ['app/deps.json', 'no'],
  ['app/Shop.deps.json.bak', 'no'],
])('%s: %s', (path, wanted) => {
  expect(dotnet.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array())).toBe(wanted);
});
