import { describe, expect, it } from 'vitest';
import { whiteoutOf } from './whiteout.ts';

describe('whiteouts by the exact base name', () => {
  it.each([
    ['.wh.a', { kind: 'file', path: 'a' }],
    ['etc/.wh.passwd', { kind: 'file', path: 'etc/passwd' }],
    ['etc/.wh..hidden', { kind: 'file', path: 'etc/.hidden' }],
    ['etc/.wh....', { kind: 'file', path: 'etc/...' }],
    ['.wh..wh..opq', { kind: 'opaque', path: '' }],
    ['etc/.wh..wh..opq', { kind: 'opaque', path: 'etc' }],
    ['.wh..wh.plnk', 'bookkeeping'],
    ['a/.wh..wh.aufs', 'bookkeeping'],
    ['.wh.', 'bookkeeping'],
    ['a/.wh..', 'bookkeeping'],
    ['a/.wh...', 'bookkeeping'],
  ])('%s', (path, expected) => {
    expect(whiteoutOf(path)).toEqual(expected);
  });

  it.each([
    'usr/bin/which',
    'x/wheel',
    'opt/wheel-0.37.1.dist-info/METADATA',
    'node_modules/whatwg-url/package.json',
    'a.wh.b',
    '.wh.d/file',
    '.wh',
    'awh.b',
    '',
  ])('%s is none', (path) => {
    expect(whiteoutOf(path)).toBeNull();
  });
});
