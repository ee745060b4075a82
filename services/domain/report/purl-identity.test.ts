import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { purlIdentity } from './purl-identity.ts';

const same = (a: string, b: string) => purlIdentity(a)!.key === purlIdentity(b)!.key;

describe('two package URLs mean the same package', () => {
  test.each([
    [
      'order of qualifiers',
      'pkg:deb/debian/a@1?arch=amd64&distro=debian-12',
      'pkg:deb/debian/a@1?distro=debian-12&arch=amd64',
    ],
    ['the distribution', 'pkg:deb/debian/a@1?distro=debian-12', 'pkg:deb/debian/a@1?distro=bookworm'],
    ['what a tool calls the vendor', 'pkg:rpm/amzn/a@1-1', 'pkg:rpm/amazon/a@1-1'],
    ['the source package', 'pkg:apk/alpine/a@1-r0?upstream=b', 'pkg:apk/alpine/a@1-r0'],
    ['an epoch apart or in the version', 'pkg:deb/debian/a@1:2-3', 'pkg:deb/debian/a@2-3?epoch=1'],
    ['an epoch of 0', 'pkg:rpm/redhat/a@2-3?epoch=0', 'pkg:rpm/redhat/a@2-3'],
    ['escapes', 'pkg:npm/%40scope/a@1', 'pkg:npm/@scope/a@1'],
    [
      'case, where the type says so',
      'pkg:golang/github.com/BurntSushi/toml@v1.0.0',
      'pkg:golang/github.com/burntsushi/toml@v1.0.0',
    ],
    ['the v of Go', 'pkg:golang/stdlib@v1.22.1', 'pkg:golang/stdlib@1.22.1'],
    ['separators of PyPI', 'pkg:pypi/Zope.Interface@1', 'pkg:pypi/zope_interface@1'],
  ])('%s', (_, a, b) => {
    expect(same(a, b)).toBe(true);
  });
});

describe('two package URLs mean different packages', () => {
  test.each([
    ['version', 'pkg:npm/a@1', 'pkg:npm/a@2'],
    ['name', 'pkg:npm/a@1', 'pkg:npm/b@1'],
    ['type', 'pkg:npm/a@1', 'pkg:pypi/a@1'],
    ['group', 'pkg:maven/g/a@1', 'pkg:maven/h/a@1'],
    ['case of Maven', 'pkg:maven/g/A@1', 'pkg:maven/g/a@1'],
    ['epoch', 'pkg:deb/debian/a@1:2-3', 'pkg:deb/debian/a@2-3'],
    ['an epoch where there are none', 'pkg:npm/a@1?epoch=1', 'pkg:npm/a@1:1'],
    ['a name across the separator', 'pkg:generic/g/a@1', 'pkg:generic/ga@1'],
  ])('%s', (_, a, b) => {
    expect(same(a, b)).toBe(false);
  });
});

test.each(['', 'a@1', 'pkg:', 'pkg:npm', 'pkg:maven/%zz@1'])('"%s" is no package URL', (text) => {
  expect(purlIdentity(text)).toBeNull();
});

test('no text makes it throw, and its own text means the same', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string().map((rest) => `pkg:${rest}`),
        fc.constant('pkg:npm/\ud800@1'),
      ),
      (text) => {
        const identity = purlIdentity(text);
        if (identity !== null) expect(purlIdentity(identity.text)?.key).toBe(identity.key);
      },
    ),
  );
});
