import { describe, expect, test } from 'vitest';
import { lockfileRows, readLockfiles } from '../../../../../test/support/read-lockfiles.ts';
import { gemfileLock } from './gemfile-lock.ts';

const LOCK = `GIT
  remote: https://github.com/rails/rails.git
  revision: 0123456789abcdef0123456789abcdef01234567
  branch: main
  specs:
    activesupport (7.2.0.alpha)
      i18n (>= 1.6, < 2)

PATH
  remote: .
  specs:
    own (0.1.0)
      rake

PLUGIN SOURCE
  remote: https://plugins.example
  type: example
  specs:
    from-plugin (1.0)

GEM
  remote: https://rubygems.org/
  specs:
    i18n (1.14.1)
      concurrent-ruby (~> 1.0)
    nokogiri (1.15.4)
      mini_portile2 (~> 2.8.2)
      racc (~> 1.4)
    nokogiri (1.15.4-x86_64-linux)
      racc (~> 1.4)
    rake (13.1.0)

PLATFORMS
  ruby
  x86_64-linux

DEPENDENCIES
  activesupport!
  nokogiri (~> 1.15)
  own!

CHECKSUMS
  rake (13.1.0) sha256=00

RUBY VERSION
   ruby 3.2.2p53

BUNDLED WITH
   2.4.22
`;

const rows = (content: string) => lockfileRows(gemfileLock, { 'Gemfile.lock': content })['Gemfile.lock'];

test('gems of every source but the project itself, each once for all platforms', () => {
  const [unit] = readLockfiles(gemfileLock, { 'Gemfile.lock': LOCK });
  expect(unit!.gaps).toEqual([]);
  expect(unit!.packages).toMatchObject([
    { type: 'gem', name: 'activesupport', version: '7.2.0.alpha', arch: null, dependsOn: ['i18n (>= 1.6, < 2)'] },
    { name: 'from-plugin', version: '1.0', dependsOn: [] },
    { name: 'i18n', version: '1.14.1', dependsOn: ['concurrent-ruby (~> 1.0)'] },
    { name: 'nokogiri', version: '1.15.4', dependsOn: ['mini_portile2 (~> 2.8.2)', 'racc (~> 1.4)'] },
    { name: 'rake', version: '13.1.0', dependsOn: [] },
  ]);
});

test('line ends of Windows', () => expect(rows(LOCK.replaceAll('\n', '\r\n'))).toEqual(rows(LOCK)));

test('a gem that stands in the last line', () => {
  expect(rows('GEM\n  remote: https://rubygems.org/\n  specs:\n    rake (13.1.0)')).toEqual(['rake@13.1.0']);
});

test('a project without gems', () => {
  expect(rows('PLATFORMS\n  ruby\n\nDEPENDENCIES\n\nBUNDLED WITH\n   2.4.22\n')).toEqual([]);
});

describe('which files', () => {
  test.each(['Gemfile.lock', 'app/gems.locked', 'gems/own/Gemfile.lock'])('%s', (path) => {
    expect(readLockfiles(gemfileLock, { [path]: '' })).toHaveLength(1);
  });
  test.each([
    'vendor/bundle/ruby/3.2.0/gems/a-1.0/Gemfile.lock',
    'usr/local/bundle/gems/a-1.0.0/Gemfile.lock',
    'usr/local/bundle/bundler/gems/a-0123456789ab/Gemfile.lock',
    'Gemfile',
  ])('not %s', (path) => expect(readLockfiles(gemfileLock, { [path]: '' })).toEqual([]));
});

describe('flaws are told', () => {
  const NOTHING = 'package-file-unparsable: it has no section of those that Bundler writes';
  test.each<[string, string, string[]]>([
    ['an empty file', '', [NOTHING]],
    [
      'another file',
      'source "https://rubygems.org"\n',
      ['package-file-unparsable: line 1 is no section that Bundler writes: "source "https://rubygems.org""', NOTHING],
    ],
    [
      'no version',
      'GEM\n  specs:\n    rake\n    b ()\n    c (-java)\n    d (1.0\n',
      ['rake', 'b ()', 'c (-java)', 'd (1.0'].map(
        (line, i) => `package-record-invalid: line ${i + 3} is no gem and version: "${line}"`,
      ),
    ],
    [
      'a dependency of nothing',
      'GEM\n  specs:\n      rake\n',
      ['package-record-invalid: line 3 is no gem and version: "rake"'],
    ],
    [
      'left of a merge',
      'GEM\n  specs:\n<<<<<<< HEAD\n    rake (13.1.0)\n=======\n    rake (13.0.0)\n>>>>>>> x\n',
      ['<<<<<<< HEAD', '=======', '>>>>>>> x'].map(
        (line, i) => `package-file-unparsable: line ${i * 2 + 3} is no section that Bundler writes: "${line}"`,
      ),
    ],
    [
      'letters that no name has',
      'GEM\n  specs:\n    ra\u200bke (1)\n',
      ['package-record-invalid: no package and version: "ra\u200bke" "1"'],
    ],
  ])('%s', (_, content, expected) => expect(rows(content)).toEqual(expected));
});
