import { describe, expect, test } from 'vitest';
import { readContext } from '../../../../test/support/read-context.ts';
import { LIMITS } from '../../limits.ts';
import { packageUrl } from '../purl.ts';
import { php } from './index.ts';

const context = readContext();
const INSTALLED = 'var/www/vendor/composer/installed.json';

function read(content: unknown, path = INSTALLED) {
  const bytes = content instanceof Uint8Array ? content : new TextEncoder().encode(JSON.stringify(content));
  const { units } = php.readDatabase([{ path, bytes }], context);
  expect(units).toHaveLength(1);
  return units[0]!;
}

const codes = (unit: { gaps: readonly { code: string }[] }) => unit.gaps.map(({ code }) => code);
const identities = (unit: ReturnType<typeof read>) => unit.packages.map(({ name, version }) => `${name}@${version}`);
const LOG = { name: 'psr/log', version: '1.1.4', version_normalized: '1.1.4.0', license: ['MIT'] };

test('what Composer 2 installed', () => {
  const unit = read({
    packages: [
      {
        name: 'Symfony/Console',
        version: 'v5.4.0',
        type: 'library',
        license: ['MIT', 'MIT', 'GPL-2.0-or-later'],
        require: { php: '>=7.2.5', 'ext-mbstring': '*', 'Psr/Log': '^1|^2', 'symfony/string': '^5.1|^6.0' },
        'require-dev': { 'phpunit/phpunit': '^9' },
      },
      LOG,
    ],
    dev: true,
    'dev-package-names': ['PSR/log'],
  });
  expect(unit).toEqual({
    path: INSTALLED,
    isDatabase: true,
    packages: [
      {
        type: 'composer',
        name: 'symfony/console',
        version: 'v5.4.0',
        arch: null,
        source: null,
        epoch: null,
        modularity: null,
        origin: null,
        vendor: null,
        licenses: ['MIT', 'GPL-2.0-or-later'],
        dependsOn: ['psr/log:^1|^2', 'symfony/string:^5.1|^6.0'],
        provides: [],
      },
      expect.objectContaining({ name: 'psr/log', development: true }),
    ],
    fileLists: [],
    repositories: [],
    text: null,
    gaps: [],
  });
  expect(packageUrl(unit.packages[0]!, null)).toBe('pkg:composer/symfony/console@v5.4.0');
});

test('what Composer 1 installed', () => {
  const unit = read([LOG, { ...LOG, name: 'a/b', version: 'dev-main', license: 'proprietary' }]);
  expect(identities(unit)).toEqual(['psr/log@1.1.4', 'a/b@dev-main']);
  expect(unit.packages.map(({ licenses, development }) => [licenses, development])).toEqual([
    [['MIT'], undefined],
    [['proprietary'], undefined],
  ]);
  expect(unit.gaps).toEqual([]);
});

test('nothing is installed', () => {
  for (const nothing of [[], { packages: [], dev: true, 'dev-package-names': [] }]) {
    expect(read(nothing)).toMatchObject({ packages: [], gaps: [] });
  }
});

describe('broken files', () => {
  test.each([
    ['no JSON', new TextEncoder().encode('{"packages": ['), ['package-file-unparsable']],
    ['empty', new Uint8Array(), ['package-file-unparsable']],
    ['a number', 1, ['package-file-unparsable']],
    ['null', null, ['package-file-unparsable']],
    ['no packages', {}, ['package-file-unparsable']],
    ['packages by name', { packages: { 'psr/log': LOG } }, ['package-file-unparsable']],
    ['too long', new Uint8Array(LIMITS.packageFileBytes + 1), ['limit-reached']],
  ])('%s', (_, content, expected) => {
    const unit = read(content);
    expect(unit.packages).toEqual([]);
    expect(codes(unit)).toEqual(expected);
  });

  test('one record costs only itself', () => {
    const unit = read([
      LOG,
      null,
      'x',
      { name: 'a/b' },
      { version: '1' },
      { name: 1, version: 2 },
      { name: 'c/d', version: '1' },
    ]);
    expect(identities(unit)).toEqual(['psr/log@1.1.4', 'c/d@1']);
    expect(codes(unit)).toEqual(new Array(5).fill('package-record-invalid'));
  });

  test('lists that are none are empty', () => {
    const unit = read({ packages: [{ ...LOG, license: { a: 1 }, require: ['x/y'] }], 'dev-package-names': 'psr/log' });
    expect(unit.packages[0]).toMatchObject({ licenses: [], dependsOn: [] });
  });

  test('bytes that are no UTF-8 are replaced, and what is invisible is left out', () => {
    const text = JSON.stringify([{ ...LOG, name: 'a/\u202eb', license: '\xff' }]);
    const unit = read(Uint8Array.from(Buffer.from(text.replace('\u202e', '\\u202e'), 'latin1')));
    expect(unit.packages[0]).toMatchObject({ name: 'a/b', licenses: ['\ufffd'] });
  });
});

test.each([
  ['vendor/composer/installed.json', 'whole'],
  ['srv/app/libraries/composer/installed.json', 'whole'],
  ['srv/tests/vendor/composer/installed.json', 'whole'],
  ['wp/plugins/x/vendor/composer/installed.json', 'whole'],
  ['app/vendor/bin/tool/vendor/composer/installed.json', 'whole'],
  ['app/vendor/composer/composer/tests/Fixtures/vendor/composer/installed.json', 'no'],
  ['app/vendor/a/b/Tests/x/composer/installed.json', 'no'],
  ['app/vendor/composer/installed.php', 'no'],
  ['app/installed.json', 'no'],
  ['app/my-composer/installed.json', 'no'],
])('%s: %s', (path, wanted) => {
  expect(php.wants({ path, type: 'file', mode: 0o644, size: 1 }, () => new Uint8Array())).toBe(wanted);
});
