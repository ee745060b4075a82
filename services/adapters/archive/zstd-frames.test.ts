import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rawZstdFrame, skippableFrame, zstd } from '../../../test/support/compressed.ts';
import { concat } from '../../../test/support/tar-blocks.ts';
import { PlimsollError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/limits.ts';
import { ZstdFrames } from './zstd-frames.ts';

const RAW = 0;
const RLE = 1;
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(0x61);

function split(stream: Uint8Array, chunks: readonly number[]): Uint8Array[] {
  const frames = new ZstdFrames(LIMITS);
  const pieces: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const chunk = stream.subarray(at, at + chunks[turn % chunks.length]!);
    pieces.push(...frames.split(chunk));
    at += chunk.length;
  }
  frames.finish();
  return pieces;
}

function refusal(stream: Uint8Array, limits = LIMITS): PlimsollError | null {
  try {
    const frames = new ZstdFrames(limits);
    frames.split(stream);
    frames.finish();
    return null;
  } catch (error) {
    if (error instanceof PlimsollError) return error;
    throw error;
  }
}

/** Frames of every header layout; those of single segments say their size. */
const frame = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((content) => zstd(content)),
  fc.constantFrom(
    rawZstdFrame([0x00, 0x58], [[RAW, 3, bytes(3)]]),
    rawZstdFrame(
      [0x01, 0x58, 7],
      [
        [RAW, 3, bytes(3)],
        [RLE, 500, bytes(1)],
        [RAW, 0, bytes(0)],
      ],
    ),
    rawZstdFrame([0x20, 3], [[RAW, 3, bytes(3)]]),
    rawZstdFrame([0x60, 0, 0], [[RLE, 256, bytes(1)]]),
    rawZstdFrame([0xa3, 1, 2, 3, 4, 3, 0, 0, 0], [[RAW, 3, bytes(3)]]),
    rawZstdFrame([0xc2, 0x58, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0], [[RAW, 3, bytes(3)]]),
  ),
);

describe('frames', () => {
  it('are found in whatever chunks, and nothing but them comes out', () => {
    const skipped = fc.uint8Array({ maxLength: 20 }).map((data) => skippableFrame(data));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(skipped, fc.constant(null)), frame), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 4 }),
        (parts, chunks) => {
          const stream = concat(...parts.flatMap(([skip, content]) => (skip === null ? [content] : [skip, content])));
          const pieces = split(stream, chunks);
          expect(concat(...pieces)).toEqual(concat(...parts.map(([, content]) => content)));
          let end = 0;
          const ends = new Set(parts.map(([, content]) => (end += content.length)));
          let at = 0;
          for (const piece of pieces) {
            for (let inside = at + 1; inside < at + piece.length; inside++) expect(ends.has(inside)).toBe(false);
            at += piece.length;
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('may not be cut off anywhere, nor be followed by other bytes', () => {
    const stream = concat(
      skippableFrame(bytes(3)),
      zstd(bytes(50)),
      rawZstdFrame([0xa3, 1, 2, 3, 4, 3, 0, 0, 0], [[RAW, 3, bytes(3)]]),
    );
    const ends = [0, 11, 11 + zstd(bytes(50)).length, stream.length];
    for (let length = 0; length <= stream.length; length++) {
      expect(refusal(stream.subarray(0, length))?.code, `${length}`).toBe(
        ends.includes(length) ? undefined : 'COMPRESSION_INVALID',
      );
    }
    const after = refusal(concat(stream, bytes(4)));
    expect(after?.message).toContain('no zstd frame');
    expect(after?.details).toEqual({ offset: stream.length });
    expect(refusal(concat(stream, new Uint8Array(512)))?.code).toBe('COMPRESSION_INVALID');
  });

  it('have a block type that exists', () => {
    expect(refusal(rawZstdFrame([0x20, 3], [[3, 3, bytes(3)]]))?.code).toBe('COMPRESSION_INVALID');
  });
});

describe('the window', () => {
  const exactly = Math.log2(LIMITS.zstdWindowBytes) - 10;

  it.each([
    ['as a descriptor', [0x00, exactly << 3], [0x00, (exactly << 3) | 1]],
    ['as a content size', [0xe0, 0, 0, 0, 8, 0, 0, 0, 0], [0xe0, 1, 0, 0, 8, 0, 0, 0, 0]],
    ['as a huge one', [0xa0, 0, 0, 0, 8], [0xe0, 255, 255, 255, 255, 255, 255, 255, 255]],
  ])('%s is refused past its limit', (_, at, past) => {
    const blocks = [[RAW, 0, bytes(0)]] as const;
    expect(refusal(rawZstdFrame(at, blocks))).toBeNull();
    const error = refusal(rawZstdFrame(past, blocks));
    expect([error?.code, error?.details.limit]).toEqual(['LIMIT_EXCEEDED', 'zstdWindowBytes']);
  });
});
