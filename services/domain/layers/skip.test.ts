import { expect, it } from 'vitest';
import { skipMatcher } from './skip.ts';

it.each([
  [['/var/lib/dpkg'], [], 'var/lib/dpkg/status', true],
  [['var/lib/dpkg/'], [], 'var/lib/dpkg/info/a.list', true],
  [['/var/lib/dpkg'], [], 'var/lib/dpkg2/status', false],
  [['/var/*/dpkg'], [], 'var/lib/dpkg/status', true],
  [['/'], [], 'etc/os-release', true],
  [['**/node_modules'], [], 'app/node_modules/.bin/x', true],
  [[], ['/etc/os-release'], 'etc/os-release', true],
  [[], ['etc/*.conf'], 'etc/.hidden.conf', true],
  [[], ['etc/*.conf'], 'etc/a/b.conf', false],
  [[], ['**/*.jar'], 'opt/app/a.jar', true],
  [[], [], 'etc/os-release', false],
])('directories %j, files %j: %s', (directories, files, path, expected) => {
  expect(skipMatcher(directories, files)(path)).toBe(expected);
});
