import { describe, expect, test } from 'vitest';
import { lockfileRows, readLockfiles } from '../../../../../test/support/read-lockfiles.ts';
import { composerLock } from './composer-lock.ts';

const rows = (content: unknown) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return lockfileRows(composerLock, { 'composer.lock': text })['composer.lock'];
};

test('packages with their licences and dependencies, and those of development', () => {
  const lock = {
    _readme: ['This file locks the dependencies of your project to a known state'],
    packages: [
      {
        name: 'Symfony/Console',
        version: 'v6.4.1',
        require: { php: '>=8.1', 'ext-json': '*', 'composer-runtime-api': '^2', 'symfony/string': '^5.4|^6.0' },
        'require-dev': { 'no/no': '*' },
        license: ['MIT', 'Apache-2.0'],
      },
      { name: 'a/b', version: 'dev-main', license: 'GPL-2.0-only', dist: { reference: '0123' } },
    ],
    'packages-dev': [{ name: 'phpunit/phpunit', version: '10.5.0' }],
  };
  const [unit] = readLockfiles(composerLock, { 'composer.lock': JSON.stringify(lock) });
  expect(unit!.packages).toMatchObject([
    {
      type: 'composer',
      name: 'symfony/console',
      version: 'v6.4.1',
      licenses: ['MIT', 'Apache-2.0'],
      dependsOn: ['symfony/string:^5.4|^6.0'],
    },
    { name: 'a/b', version: 'dev-main', licenses: ['GPL-2.0-only'], dependsOn: [] },
    { name: 'phpunit/phpunit', version: '10.5.0', development: true },
  ]);
  expect(unit!.packages[0]).not.toHaveProperty('development');
  expect(unit!.gaps).toEqual([]);
});

test('what is needed to run is needed, though development needs it too', () => {
  const twice = { name: 'a/b', version: '1' };
  expect(rows({ packages: [twice], 'packages-dev': [twice] })).toEqual(['a/b@1']);
});

test('a lockfile made without development', () => {
  expect(rows({ packages: [], 'packages-dev': null })).toEqual([]);
  expect(rows({ packages: [] })).toEqual([]);
});

describe('which files', () => {
  test.each(['composer.lock', 'var/www/composer.lock'])('%s', (path) => {
    expect(readLockfiles(composerLock, { [path]: '{}' })).toHaveLength(1);
  });
  test.each(['vendor/a/b/composer.lock', 'www/vendor/a/composer.lock', 'composer.json'])('not %s', (path) => {
    expect(readLockfiles(composerLock, { [path]: '{}' })).toEqual([]);
  });
});

describe('flaws are told', () => {
  test.each<[string, unknown, string[]]>([
    ['an empty file', '', ['package-file-unparsable: no JSON: "Unexpected end of JSON input"']],
    ['a list', '[]', ['package-file-unparsable: JSON, but no object']],
    ['nothing in it', {}, ['package-file-unparsable: packages is no list']],
    ['packages by name', { packages: { 'a/b': {} } }, ['package-file-unparsable: packages is no list']],
    ['development by name', { packages: [], 'packages-dev': {} }, ['package-file-unparsable: packages-dev is no list']],
    [
      'no packages in the list',
      { packages: [null, 1, [], {}, { name: 'a/b' }, { name: 'a/b', version: 1 }, { version: '1' }] },
      [...Array(7).fill('package-record-invalid: a package states no name or no version')],
    ],
    [
      'fields of other kinds',
      { packages: [{ name: 'a/b', version: '1', license: [1, null, {}, ['MIT']], require: ['x/y'] }] },
      ['a/b@1'],
    ],
    [
      'the prototype',
      '{"__proto__": {"packages": []}, "packages": [{"__proto__": 1, "name": "a/b", "version": "1"}]}',
      ['a/b@1'],
    ],
  ])('%s', (_, content, expected) => expect(rows(content)).toEqual(expected));
});
