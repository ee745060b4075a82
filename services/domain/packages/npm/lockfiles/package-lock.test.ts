import { describe, expect, test } from 'vitest';
import { lockedLines, type ProjectFiles } from '../../../../../test/support/read-lockfiles.ts';
import { LIMITS } from '../../../limits.ts';
import { packageLock } from './package-lock.ts';

const read = (content: unknown) => {
  const text = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
  return lockedLines(packageLock, { 'package-lock.json': text as ProjectFiles[string] });
};

test.each([
  ['package-lock.json', 'whole'],
  ['a/b/npm-shrinkwrap.json', 'whole'],
  ['a/package.json', 'no'],
  ['a/package-lock.json.bak', 'no'],
  ['node_modules/.package-lock.json', 'no'],
  ['app/node_modules/x/npm-shrinkwrap.json', 'no'],
  ['.git/package-lock.json', 'no'],
  ['node_modules_old/package-lock.json', 'whole'],
])('%s: %s', (path, wanted) => {
  expect(packageLock.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array())).toBe(wanted);
});

describe.each([2, 3])('version %i', (lockfileVersion) => {
  test('packages by place', () => {
    const unit = read({
      name: 'app',
      lockfileVersion,
      packages: {
        '': { name: 'app', version: '1.0.0', dependencies: { a: '^1' } },
        'node_modules/a': {
          version: '1.2.3',
          license: 'MIT',
          dependencies: { '@s/b': '^2' },
          peerDependencies: { z: '1' },
        },
        'node_modules/a/node_modules/@s/b': { version: '2.0.0', optionalDependencies: { c: '~3' }, dev: true },
        'node_modules/alias': { name: 'real', version: '4.0.0', devOptional: true },
        'node_modules/from-git': { version: '5.0.0', resolved: 'git+ssh://git@github.com/x/y.git#abc' },
        'node_modules/workspace': { resolved: 'packages/workspace', link: true },
        'packages/workspace': { name: 'workspace', version: '1.0.0' },
        'packages/workspace/node_modules/d': { version: '6.0.0', optional: true },
        'node_modules/unversioned': { resolved: 'https://example.com/x.tgz' },
      },
      dependencies: { ignored: { version: '1.0.0' } },
    });
    expect(unit.rows).toEqual([
      'a 1.2.3 [MIT] → @s/b@^2',
      '@s/b 2.0.0 dev → c@~3',
      'real 4.0.0',
      'from-git 5.0.0',
      'd 6.0.0',
    ]);
    expect(unit.gaps).toEqual(['dependency-unresolved']);
  });
});

test('version 1: dependencies in dependencies', () => {
  const unit = read({
    lockfileVersion: 1,
    dependencies: {
      a: { version: '1.0.0', requires: { b: '^1' }, dependencies: { b: { version: '1.5.0', dev: true } } },
      alias: { version: 'npm:@s/real@2.0.0' },
      local: { version: 'file:../local', dependencies: { c: { version: '3.0.0' } } },
      git: { version: 'git+https://github.com/x/y.git#abc' },
      url: { version: 'https://example.com/x.tgz' },
    },
  });
  expect(unit.rows).toEqual(['a 1.0.0 → b@^1', 'b 1.5.0 dev', '@s/real 2.0.0', 'c 3.0.0']);
  expect(unit.gaps).toEqual(['dependency-unresolved', 'dependency-unresolved']);
});

test('a package that is named twice is one, and needed if one of them is', () => {
  const packages = (first: boolean, second: boolean) => ({
    packages: {
      'node_modules/a': { version: '1.0.0', dev: first },
      'node_modules/x/node_modules/a': { version: '1.0.0', dev: second },
    },
  });
  expect(read(packages(true, false)).rows).toEqual(['a 1.0.0']);
  expect(read(packages(false, true)).rows).toEqual(['a 1.0.0']);
  expect(read(packages(true, true)).rows).toEqual(['a 1.0.0 dev']);
});

test('an empty project is no flaw', () => {
  for (const lock of [{ lockfileVersion: 1 }, { lockfileVersion: 3, packages: {} }]) {
    expect(read(lock)).toMatchObject({ rows: [], gaps: [] });
  }
});

describe('broken and hostile', () => {
  test.each<[string, unknown, string[]]>([
    ['no JSON', '{"packages": ', ['package-file-unparsable']],
    ['no object', [], ['package-file-unparsable']],
    ['something else', { name: 'app' }, ['package-file-unparsable']],
    ['packages that are none', { packages: 1 }, ['package-file-unparsable']],
    [
      'entries that are none',
      { packages: { 'node_modules/a': 1, 'node_modules/b': null } },
      Array(2).fill('package-file-unparsable'),
    ],
    ['a place without a name', { packages: { 'node_modules/': { version: '1' } } }, ['package-file-unparsable']],
    ['a version that is none', { packages: { 'node_modules/a': { version: {} } } }, ['dependency-unresolved']],
    ['too long', new Uint8Array(LIMITS.packageFileBytes + 1).fill(32), ['limit-reached']],
  ])('%s', (_, content, gaps) => expect(read(content)).toMatchObject({ rows: [], gaps }));

  test('keys of prototypes are names like any other', () => {
    const text =
      '{"lockfileVersion":1,"dependencies":{"__proto__":{"version":"1.0.0"},"constructor":{"version":"2.0.0"}}}';
    expect(read(text).rows).toEqual(['__proto__ 1.0.0', 'constructor 2.0.0']);
  });

  test('nested as deep as it is long', () => {
    const depth = 100_000;
    const text = `{"dependencies":${'{"a":{"dependencies":'.repeat(depth)}{"b":{"version":"1.0.0"}}${'}}'.repeat(depth)}}`;
    expect(read(text).rows).toEqual(['b 1.0.0']);
  });

  test('a name that is no UTF-8 is told', () => {
    const bytes = Buffer.from('{"packages":{"node_modules/\xff":{"version":"1.0.0"}}}', 'latin1');
    expect(read(Uint8Array.from(bytes))).toEqual({ rows: [], gaps: ['package-record-invalid'] });
  });
});
