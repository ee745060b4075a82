import { expect, test } from 'vitest';
import { readContext } from '../../../test/support/read-context.ts';
import { LIMITS } from '../limits.ts';
import { osRelease } from './os-release.ts';

const context = readContext();
const wants = (path: string, size = 100) =>
  osRelease.wants({ path, type: 'file', mode: 0o644, size }, () => new Uint8Array());
const read = (path: string, bytes: Uint8Array) => osRelease.readDatabase([{ path, bytes }], context).units[0]!;
const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  ['etc/os-release', 'whole'],
  ['usr/lib/os-release', 'whole'],
  ['etc/redhat-release', 'whole'],
  ['etc/debian_version', 'whole'],
  ['usr/lib/initrd-release', 'no'],
  ['opt/etc/os-release', 'no'],
  ['bin/busybox', 'whole'],
])('wants %s: %s', (path, wanted) => expect(wants(path)).toBe(wanted));

test('a busybox at the limit is read, a larger one is left alone', () => {
  expect(wants('bin/busybox', LIMITS.versionedBinaryBytes)).toBe('whole');
  expect(wants('bin/busybox', LIMITS.versionedBinaryBytes + 1)).toBe('no');
});

test('a release file gives its text, and no packages', () => {
  expect(read('etc/os-release', bytes('ID=debian\n'))).toEqual({
    path: 'etc/os-release',
    isDatabase: false,
    packages: [],
    fileLists: [],
    repositories: [],
    text: 'ID=debian\n',
    gaps: [],
  });
  expect(read('etc/os-release', Uint8Array.of(0x49, 0xff)).text).toBe('I\ufffd');
});

test('a release file at its limit is whole, past it cut and told', () => {
  const whole = read('etc/os-release', new Uint8Array(LIMITS.releaseFileBytes).fill(0x41));
  expect([whole.text!.length, whole.gaps.length]).toEqual([LIMITS.releaseFileBytes, 0]);
  const cut = read('etc/os-release', new Uint8Array(LIMITS.releaseFileBytes + 1).fill(0x41));
  expect(cut.text).toHaveLength(LIMITS.releaseFileBytes);
  expect(cut.gaps.map(({ code }) => code)).toEqual(['limit-reached']);
});

test('of a binary only its version string is kept', () => {
  expect(read('bin/busybox', bytes('\x7fELF\0\0BusyBox v1.36.1 (2023-06-02)\0')).text).toBe('BusyBox v1.36.1');
  expect(read('bin/busybox', bytes('\x7fELF')).text).toBe('');
});
