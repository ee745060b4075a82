import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../services/adapters/archive/decompress.ts';
import { PlimsollError } from '../../services/domain/errors.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import { gzip, gzipMembers, rawZstdFrame, skippableFrame, zstd, zstdChunked } from '../support/compressed.ts';
import { noise } from '../support/noise.ts';
import { concat } from '../support/tar-blocks.ts';

const CONTENT = concat(noise('framing', 3), new Uint8Array(700).fill(0x61));

const GZIP = [
  gzip(CONTENT),
  gzipMembers(CONTENT, 300),
  gzip(CONTENT, 0),
  concat(gzipMembers(CONTENT, 400), new Uint8Array(40)),
];
const ZSTD = [
  zstd(CONTENT),
  zstdChunked(CONTENT, 300),
  concat(skippableFrame(CONTENT.subarray(0, 9)), zstd(CONTENT)),
  rawZstdFrame(
    [0x20, 30],
    [
      [1, 20, Uint8Array.of(7)],
      [0, 10, CONTENT.subarray(0, 10)],
    ],
  ),
];

type Mutation = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
const at = fc.nat(2000);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(at, fc.oneof(fc.nat(255), fc.constantFrom(0, 0x1f, 0x8b, 0x28, 0xb5, 0xff))).map(
    ([i, byte]): Mutation =>
      (bytes) => {
        bytes[i % bytes.length] = byte;
        return bytes;
      },
  ),
  // The frame's own fields are at its start.
  fc.tuple(fc.nat(14), fc.nat(255)).map(
    ([i, byte]): Mutation =>
      (bytes) => {
        bytes[i % bytes.length] = byte;
        return bytes;
      },
  ),
  at.map(
    (length): Mutation =>
      (bytes) =>
        bytes.slice(0, Math.max(1, length % bytes.length)),
  ),
  fc.tuple(at, at, at).map(
    ([from, to, length]): Mutation =>
      (bytes) => {
        const cut = from % bytes.length;
        return concat(
          bytes.subarray(0, to % bytes.length),
          bytes.subarray(cut, cut + length),
          bytes.subarray(to % bytes.length),
        );
      },
  ),
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map(
    (more): Mutation =>
      (bytes) =>
        concat(bytes, more),
  ),
  fc.nat(30).map(
    (zeros): Mutation =>
      (bytes) =>
        concat(bytes, new Uint8Array(zeros + 1)),
  ),
);

/** The content, or the error's code; anything but a PlimsollError fails the test. */
async function outcome(bytes: Uint8Array, compression: 'gzip' | 'zstd', chunkBytes: number): Promise<Buffer | string> {
  async function* input(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += chunkBytes) yield bytes.subarray(i, i + chunkBytes);
  }
  const chunks: Uint8Array[] = [];
  try {
    const limits = { ...LIMITS, layerBytes: 1 << 22 };
    for await (const chunk of decompress(input(), compression, limits, null)) chunks.push(new Uint8Array(chunk));
  } catch (error) {
    if (!(error instanceof PlimsollError)) throw error;
    return error.code;
  }
  return Buffer.concat(chunks);
}

/** Of a stream that is broken and greedy at once, the chunks decide which of the two is seen first: both refuse it. */
function content(result: Buffer | string): Buffer | 'refused' {
  return typeof result === 'string' ? 'refused' : result;
}

describe.each([
  ['gzip', GZIP],
  ['zstd', ZSTD],
] as const)('%s', (compression, corpus) => {
  it('the corpus itself is valid', async () => {
    for (const bytes of corpus) expect(await outcome(bytes, compression, 1000)).toBeInstanceOf(Buffer);
  });

  it('a broken stream is read or refused with a PlimsollError, the same in whatever chunks', async () => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...corpus),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 16, max: 600 }),
        async (original, mutations, chunkBytes) => {
          const bytes = mutations.reduce((all, mutate) => mutate(all), original.slice());
          const whole = await outcome(bytes, compression, bytes.length);
          expect(content(await outcome(bytes, compression, chunkBytes))).toEqual(content(whole));
          if (compression === 'gzip' && typeof whole !== 'string') expect(gunzipSync(bytes)).toEqual(whole);
          outcomes.add(typeof whole === 'string' ? whole : 'read');
        },
      ),
      { numRuns: 800, interruptAfterTimeLimit: 8000 },
    );
    expect([...outcomes]).toEqual(expect.arrayContaining(['COMPRESSION_INVALID', 'read']));
  });
});
