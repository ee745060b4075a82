import { describe, expect, test } from 'vitest';
import { lockfileRows, readLockfiles } from '../../../../../test/support/read-lockfiles.ts';
import { nugetLock } from './nuget-lock.ts';

const PATH = 'src/packages.lock.json';
const rows = (content: unknown) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return lockfileRows(nugetLock, { [PATH]: text })[PATH];
};

test('each package once, with what every framework says of it; projects are the solution itself', () => {
  const lock = {
    version: 2,
    dependencies: {
      'net8.0': {
        'Newtonsoft.Json': { type: 'Direct', requested: '[13.0.3, )', resolved: '13.0.3', contentHash: '' },
        'Serilog.Sinks.Console': { type: 'Transitive', resolved: '5.0.0', dependencies: { Serilog: '3.0.0' } },
        Serilog: { type: 'CentralTransitive', requested: '[3.1.1, )', resolved: '3.1.1' },
        core: { type: 'Project', dependencies: { Serilog: '[3.1.1, )' } },
      },
      'net8.0/linux-x64': { 'Newtonsoft.Json': { type: 'Direct', resolved: '13.0.3', dependencies: { X: '1.0.0' } } },
      '.NETFramework,Version=v4.8': { 'Newtonsoft.Json': { type: 'Direct', resolved: '12.0.1' } },
    },
  };
  const [unit] = readLockfiles(nugetLock, { [PATH]: JSON.stringify(lock) });
  expect(unit!.gaps).toEqual([]);
  expect(unit!.packages).toMatchObject([
    { type: 'nuget', name: 'Newtonsoft.Json', version: '13.0.3', dependsOn: ['X/1.0.0'] },
    { name: 'Serilog.Sinks.Console', version: '5.0.0', dependsOn: ['Serilog/3.0.0'] },
    { name: 'Serilog', version: '3.1.1', dependsOn: [] },
    { name: 'Newtonsoft.Json', version: '12.0.1' },
  ]);
});

describe('which files', () => {
  test.each(['packages.lock.json', 'a/packages.App.lock.json'])('%s', (path) => {
    expect(readLockfiles(nugetLock, { [path]: '{}' })).toHaveLength(1);
  });
  test.each(['packages.json', 'package-lock.json', 'xpackages.lock.json'])('not %s', (path) => {
    expect(readLockfiles(nugetLock, { [path]: '{}' })).toEqual([]);
  });
});

describe('flaws are told', () => {
  test.each<[string, unknown, string[]]>([
    ['an empty file', '', ['package-file-unparsable: no JSON: "Unexpected end of JSON input"']],
    ['no dependencies', { version: 1 }, ['package-file-unparsable: it has no dependencies by framework']],
    ['dependencies in a list', { dependencies: [] }, ['package-file-unparsable: it has no dependencies by framework']],
    [
      'a framework of another kind',
      { dependencies: { a: [] } },
      ['package-file-unparsable: "a" is no list of packages'],
    ],
    [
      'no versions',
      { dependencies: { a: { b: null, c: { resolved: 1 }, d: {} } } },
      ['b', 'c', 'd'].map((name) => `package-record-invalid: "${name}" states no version`),
    ],
    [
      'no name',
      { dependencies: { a: { '': { resolved: '1' } } } },
      ['package-record-invalid: no package and version: "" "1"'],
    ],
    ['the prototype', '{"dependencies": {"__proto__": {"__proto__": {"resolved": "1"}}}}', ['__proto__@1']],
  ])('%s', (_, content, expected) => expect(rows(content)).toEqual(expected));
});
