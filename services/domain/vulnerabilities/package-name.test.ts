import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalName } from './package-name.ts';

test.each([
  ['PyPI', 'Zope.Interface__x', 'zope-interface-x'],
  ['npm', 'JSONStream', 'JSONStream'],
  ['npm', '@Scope/Name', '@Scope/Name'],
  ['Maven', 'org.apache.logging.log4j:log4j-core', 'org.apache.logging.log4j:log4j-core'],
  ['Go', 'github.com/OliveTin/OliveTin', 'github.com/OliveTin/OliveTin'],
  ['NuGet', 'Newtonsoft.Json', 'newtonsoft.json'],
  ['Packagist', 'Drupal/Core', 'drupal/core'],
  ['GitHub Actions', 'Tj-Actions/Changed-Files', 'tj-actions/changed-files'],
  ['SwiftURL', 'https://github.com/Apple/swift-nio.git', 'github.com/apple/swift-nio'],
  ['Debian:12', 'Foo_Bar', 'Foo_Bar'],
])('%s %s is filed as %s', (ecosystem, name, expected) => {
  expect(normalName(ecosystem, name)).toBe(expected);
});

test('a name as filed is filed as itself', () => {
  const ecosystem = fc.constantFrom('PyPI', 'NuGet', 'Packagist', 'npm', 'Maven', 'Alpine:v3.20');
  fc.assert(
    fc.property(ecosystem, fc.string(), (registry, name) => {
      const filed = normalName(registry, name);
      expect(normalName(registry, filed)).toBe(filed);
    }),
  );
});
