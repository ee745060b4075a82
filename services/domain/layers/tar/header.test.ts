import { describe, expect, it } from 'vitest';
import { base256, rawHeader } from '../../../../test/support/tar-blocks.ts';
import { checksumMatches, formatOf, isZeroBlock, modeField, nameField, numberField, sizeField } from './header.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const field = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('numbers', () => {
  it.each([
    ['00000000644\0', 0o644],
    ['     644    ', 0o644],
    ['644 \0\0\0\0\0\0\0\0', 0o644],
    ['\0\0\0\0\0\0\0\0 644', 0o644],
    ['777777777777', 8 ** 12 - 1],
    ['\0\0\0\0\0\0\0\0\0\0\0\0', 0],
    ['            ', 0],
    ['12\0 garbage!', 0o12],
    ['00000000648\0', -1],
    ['-0000000001\0', -1],
    ['0000 000001\0', -1],
    ['0x0000000001', -1],
  ])('octal %j is %d', (octal, value) => {
    expect(numberField(field(octal), 0, 12)).toBe(value);
  });

  it.each([
    [0n, 0],
    [8_589_934_592n, 8_589_934_592],
    [BigInt(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER],
    [BigInt(Number.MAX_SAFE_INTEGER) + 1n, -1],
    [2n ** 64n, -1],
    [-1n, -1],
    [-(2n ** 63n), -1],
  ])('base-256 %s is %d', (value, expected) => {
    expect(numberField(Uint8Array.from(base256(value)), 0, 12)).toBe(expected);
  });

  it('keeps twelve mode bits', () => {
    expect(modeField(rawHeader({ mode: 0o104755 }), 0)).toBe(0o4755);
    expect(modeField(rawHeader({ patch: { 100: base256(0o4755n, 8) } }), 0)).toBe(0o4755);
    expect(modeField(rawHeader({ patch: { 100: base256(-1n, 8) } }), 0)).toBe(0o7777);
    expect(modeField(rawHeader({ patch: { 100: 'rwxr-xr\0' } }), 0)).toBe(-1);
  });
});

describe('checksum', () => {
  it('is taken unsigned or signed, and wrong where one bit differs', () => {
    const name = Uint8Array.from([0xff, 0xfe, 0x80]);
    expect(checksumMatches(rawHeader({ name }), 0)).toBe(true);
    expect(checksumMatches(rawHeader({ name, signed: true }), 0)).toBe(true);
    const flipped = rawHeader({ name });
    flipped[200]! ^= 1;
    expect(checksumMatches(flipped, 0)).toBe(false);
    expect(checksumMatches(rawHeader({ checksum: 'garbage!' }), 0)).toBe(false);
  });

  it('is looked for at the given place only', () => {
    const bytes = new Uint8Array(1024).fill(0xaa);
    bytes.set(rawHeader(), 512);
    expect(checksumMatches(bytes, 512)).toBe(true);
    expect(checksumMatches(bytes, 0)).toBe(false);
    expect(isZeroBlock(new Uint8Array(1024), 512)).toBe(true);
  });
});

describe('names', () => {
  it.each([
    ['ustar', { prefix: 'usr/lib' }, 'usr/lib/file'],
    ['v7', { magic: 'v7', prefix: 'usr/lib' }, 'file'],
    ['gnu', { magic: 'gnu', patch: { 345: '00000000001\0' } }, 'file'],
    ['gnu', { magic: 'gnu', prefix: 'usr/lib' }, 'usr/lib/file'],
    [
      'star',
      { prefix: 'p'.repeat(131), patch: { 476: '00000000001\u000000000000001\0', 508: 'tar\0' } },
      `${'p'.repeat(131)}/file`,
    ],
  ] as const)('%s %j', (format, header, name) => {
    const block = rawHeader(header);
    expect(formatOf(block, 0)).toBe(format);
    expect(text(nameField(block, 0))).toBe(name);
  });

  it('may fill their fields without a NUL', () => {
    const block = rawHeader({ name: 'n'.repeat(100), prefix: 'p'.repeat(155) });
    expect(text(nameField(block, 0))).toBe(`${'p'.repeat(155)}/${'n'.repeat(100)}`);
    expect(sizeField(block, 0)).toBe(0);
  });
});
