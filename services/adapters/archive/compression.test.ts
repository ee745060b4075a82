import { describe, expect, it } from 'vitest';
import { gzip, skippableFrame, zstd, zstdChunked } from '../../../test/support/compressed.ts';
import { END, rawHeader } from '../../../test/support/tar-blocks.ts';
import { PlimsollError } from '../../domain/errors.ts';
import { detectCompression } from './compression.ts';

const content = rawHeader();

describe('compression is told by the first bytes', () => {
  it.each([
    ['gzip', gzip(content)],
    ['zstd', zstd(content)],
    ['zstd', zstdChunked(content, 100)],
    ['zstd', skippableFrame(content)],
    ['none', content],
    ['none', END],
    ['none', new Uint8Array(0)],
    ['none', Uint8Array.of(0x1f)],
    ['none', rawHeader({ name: 'BZh' })],
    ['none', rawHeader({ name: 'BZh9-notes' })],
  ])('%s', (compression, bytes) => {
    expect(detectCompression(bytes)).toBe(compression);
    expect(detectCompression(bytes.subarray(0, 6))).toBe(compression);
  });

  it.each([
    ['xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04)],
    ['bzip2', Uint8Array.of(0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26)],
    ['bzip2', Uint8Array.of(0x42, 0x5a, 0x68, 0x31, 0x17, 0x72, 0x45, 0x38)],
  ])('%s is refused by name', (format, bytes) => {
    expect(() => detectCompression(bytes)).toThrow(PlimsollError);
    expect(() => detectCompression(bytes)).toThrow(`${format} is not supported`);
  });
});
