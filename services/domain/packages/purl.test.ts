import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Distribution, detectDistribution } from './distribution.ts';
import type { PackageRecord } from './ecosystem.ts';
import { packageUrl, parsePackageUrl } from './purl.ts';

const on = (text: string): Distribution => detectDistribution(new Map([['etc/os-release', text]]))!;
const debian = on('ID=debian\nVERSION_ID="12"');
const rhel = on('ID=rhel\nVERSION_ID="9.4"');

function record(fields: Partial<PackageRecord>): PackageRecord {
  return {
    type: 'deb',
    name: 'a',
    version: '1',
    arch: null,
    source: null,
    epoch: null,
    modularity: null,
    origin: null,
    vendor: null,
    licenses: [],
    dependsOn: [],
    provides: [],
    ...fields,
  };
}

test.each<[string, Partial<PackageRecord>, Distribution | null]>([
  ['pkg:deb/debian/a@1?distro=debian-12', {}, debian],
  ['pkg:deb/a@1', {}, null],
  ['pkg:npm/%40scope/a@1.0.0', { type: 'npm', name: '@scope/a', version: '1.0.0' }, debian],
  ['pkg:npm/a@1.0.0', { type: 'npm', name: 'a', version: '1.0.0' }, debian],
  ['pkg:npm/%40scope@1', { type: 'npm', name: '@scope', version: '1' }, debian],
  ['pkg:pypi/some-thing@1.0', { type: 'pypi', name: 'Some_Thing', version: '1.0' }, debian],
  ['pkg:golang/github.com/a/b@v1.0.0', { type: 'golang', name: 'github.com/a/b', version: 'v1.0.0' }, null],
  ['pkg:golang/stdlib@1.22.3', { type: 'golang', name: 'stdlib', version: '1.22.3' }, null],
  [
    'pkg:gem/Nokogiri@1.16.0?platform=x86_64-linux',
    { type: 'gem', name: 'Nokogiri', arch: 'x86_64-linux', version: '1.16.0' },
    debian,
  ],
  ['pkg:maven/org.a/b@1', { type: 'maven', name: 'org.a:b', version: '1' }, null],
  [
    'pkg:deb/debian/libstdc%2B%2B6@1:12.2-1~b1?arch=amd64&distro=debian-12&upstream=gcc-12',
    { name: 'libstdc++6', version: '1:12.2-1~b1', epoch: 1, arch: 'amd64', source: { name: 'gcc-12', version: null } },
    debian,
  ],
  ['pkg:deb/debian/a@1?distro=debian-12&upstream=a%402', { source: { name: 'a', version: '2' } }, debian],
  ['pkg:deb/debian/a@1?distro=debian-12', { source: { name: 'a', version: null } }, debian],
  ['pkg:deb/debian/a@1?distro=debian-trixie', {}, on('ID=debian\nVERSION_CODENAME=trixie')],
  ['pkg:deb/ubuntu/a@1?distro=ubuntu-22.04', {}, on('ID=ubuntu\nVERSION_ID=22.04')],
  [
    'pkg:rpm/redhat/npm@8.1-1.el9?arch=x86_64&distro=rhel-9.4&epoch=1&rpmmod=nodejs%3A16%3A9040%3Aab&upstream=nodejs%4016.1-1.el9',
    {
      type: 'rpm',
      name: 'npm',
      version: '1:8.1-1.el9',
      epoch: 1,
      arch: 'x86_64',
      modularity: 'nodejs:16:9040:ab',
      source: { name: 'nodejs', version: '16.1-1.el9' },
    },
    rhel,
  ],
  [
    'pkg:rpm/redhat/a@2-1?distro=rhel-9.4&epoch=3',
    { type: 'rpm', version: '3:2-1', epoch: 3, source: { name: 'a', version: '2-1' } },
    rhel,
  ],
  [
    'pkg:rpm/opensuse/a@1-1?distro=opensuse-leap-15.2',
    { type: 'rpm', version: '1-1' },
    on('ID=opensuse-leap\nVERSION_ID=15.2'),
  ],
  [
    'pkg:apk/alpine/busybox-binsh@1.36.1-r5?arch=x86_64&distro=alpine-3.18.4&upstream=busybox',
    {
      type: 'apk',
      name: 'busybox-binsh',
      version: '1.36.1-r5',
      arch: 'x86_64',
      source: { name: 'busybox', version: '1.36.1-r5' },
      origin: 'busybox',
    },
    on('ID=alpine\nVERSION_ID=3.18.4'),
  ],
  [
    'pkg:opkg/openwrt/dropbear@2024.85-r0?distro=openwrt-23.05',
    { type: 'opkg', name: 'dropbear', version: '2024.85-r0' },
    on('ID=openwrt\nVERSION_ID=23.05'),
  ],
  ['pkg:npm/left-pad@1.3.0', { type: 'npm', name: 'left-pad', version: '1.3.0' }, debian],
])('%s', (expected, fields, distribution) => {
  expect(packageUrl(record(fields), distribution)).toBe(expected);
});

test('no name or version makes it throw', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 }).filter((value) => value.trim() !== '');
  fc.assert(
    fc.property(text, text, text, (name, version, arch) => {
      expect(packageUrl(record({ name, version, arch }), debian)).toMatch(/^pkg:deb\/debian\/[!-~]+$/);
    }),
  );
  expect(packageUrl(record({ name: 'a\udc80' }), null)).toBe('pkg:deb/a%EF%BF%BD@1');
});

const TYPES = [
  'deb',
  'rpm',
  'apk',
  'opkg',
  'npm',
  'pypi',
  'golang',
  'maven',
  'conda',
  'gem',
  'cargo',
  'composer',
  'nuget',
];

test('no record of any type makes it throw, and what it gives is read back', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '',
      'vfoo',
      'v',
      'v1.2',
      '/',
      '@/',
      ':',
      ':a',
      'a:',
      '/:a',
      '@a/',
      'a//b',
      '%',
      '%zz',
      '..',
      '\0',
      '\ud800',
    ),
  );
  fc.assert(
    fc.property(fc.constantFrom(...TYPES), text, text, (type, name, version) => {
      const purl = packageUrl(record({ type, name, version }), debian);
      expect(purl).toMatch(/^pkg:[a-z]+\/[!-~]+$/);
      expect(parsePackageUrl(purl)?.type).toBe(type);
    }),
    { numRuns: 3_000 },
  );
});

test.each([
  ['pkg:golang/example.org/a@vfoo', { type: 'golang', name: 'example.org/a', version: 'vfoo' }],
  ['pkg:golang/example.org/a@v1.2', { type: 'golang', name: 'example.org/a', version: 'v1.2' }],
  ['pkg:maven/a@1', { type: 'maven', name: '/:a' }],
  ['pkg:npm/unnamed@1', { type: 'npm', name: '' }],
])('%s of a name or version that breaks the rules of its type', (expected, fields) => {
  expect(packageUrl(record(fields), null)).toBe(expected);
  expect(parsePackageUrl(expected)!.toString()).toBe(expected);
});
