import { constants, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  gzip,
  gzipMembers,
  rawZstdFrame,
  skippableFrame,
  zstd,
  zstdChunked,
} from '../../../test/support/compressed.ts';
import { noise } from '../../../test/support/noise.ts';
import { concat } from '../../../test/support/tar-blocks.ts';
import { PlimsollError } from '../../domain/errors.ts';
import { LIMITS, type Limits } from '../../domain/limits.ts';
import type { Compression } from './compression.ts';
import { decompress } from './decompress.ts';

/** Half noise, half text: 3 MiB, so that several chunks come out. */
const CONTENT = concat(noise('decompress', 24_576), new Uint8Array(1_572_864).fill(0x61));

interface Run {
  readonly chunks?: number;
  readonly limits?: Partial<Limits>;
  readonly signal?: AbortSignal;
}

interface Source extends AsyncIterable<Uint8Array> {
  /** Bytes that were asked for. */
  read: number;
  closed: boolean;
}

/** Lends each chunk until the next one is asked for, then overwrites it, as the reader of a file does. */
function source(bytes: Uint8Array, chunkBytes = 1 << 20): Source {
  return {
    read: 0,
    closed: false,
    async *[Symbol.asyncIterator]() {
      try {
        for (let at = 0; at < bytes.length; at += chunkBytes) {
          const chunk = Uint8Array.from(bytes.subarray(at, at + chunkBytes));
          this.read += chunk.length;
          yield chunk;
          chunk.fill(0xff);
        }
      } finally {
        this.closed = true;
      }
    },
  };
}

async function run(input: AsyncIterable<Uint8Array>, compression: Compression, options: Run = {}): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const limits = { ...LIMITS, ...options.limits };
  for await (const chunk of decompress(input, compression, limits, options.signal ?? null))
    chunks.push(new Uint8Array(chunk));
  return concat(...chunks);
}

async function refusal(bytes: Uint8Array, compression: Compression, options: Run = {}): Promise<PlimsollError> {
  try {
    await run(source(bytes, options.chunks), compression, options);
  } catch (error) {
    if (error instanceof PlimsollError) return error;
    throw error;
  }
  throw new Error('the stream was accepted');
}

describe('streams', () => {
  it.each<[string, Compression, Uint8Array]>([
    ['plain', 'none', CONTENT],
    ['gzip', 'gzip', gzip(CONTENT)],
    ['gzip, stored', 'gzip', gzip(CONTENT, 0)],
    ['gzip of many members', 'gzip', gzipMembers(CONTENT, 100_000)],
    [
      'gzip of many tiny members',
      'gzip',
      concat(gzipMembers(CONTENT.subarray(0, 500), 1), gzip(CONTENT.subarray(500))),
    ],
    ['gzip with empty members', 'gzip', concat(gzip(new Uint8Array(0)), gzip(CONTENT), gzip(new Uint8Array(0)))],
    ['gzip, padded with zeros', 'gzip', concat(gzip(CONTENT), new Uint8Array(3_000_000))],
    ['zstd', 'zstd', zstd(CONTENT)],
    ['zstd:chunked', 'zstd', zstdChunked(CONTENT, 50_000)],
    ['zstd of many tiny frames', 'zstd', concat(zstdChunked(CONTENT.subarray(0, 500), 1), zstd(CONTENT.subarray(500)))],
    ['zstd after a skippable frame', 'zstd', concat(skippableFrame(noise('skip', 10)), zstd(CONTENT))],
  ])('%s', async (_, compression, bytes) => {
    for (const chunks of [bytes.length, 65_536, 40_001]) {
      const input = source(bytes, chunks);
      expect(Buffer.compare(await run(input, compression), CONTENT)).toBe(0);
      expect([input.read, input.closed]).toEqual([bytes.length, true]);
    }
  });

  it('may be empty', async () => {
    expect(await run(source(new Uint8Array(0)), 'none')).toHaveLength(0);
    expect(await run(source(gzip(new Uint8Array(0))), 'gzip')).toHaveLength(0);
    expect(await run(source(zstd(new Uint8Array(0))), 'zstd')).toHaveLength(0);
  });

  it('come byte by byte too', async () => {
    const content = CONTENT.subarray(1_572_000, 1_573_500);
    const gz = concat(gzipMembers(content, 700), new Uint8Array(5));
    expect(await run(source(gz, 1), 'gzip')).toEqual(content);
    expect(await run(source(zstdChunked(content, 700), 1), 'zstd')).toEqual(content);
  });

  it('need no more of their input than a few chunks ahead', async () => {
    const bytes = gzip(new Uint8Array(64 << 20), 0);
    const input = source(bytes, 65_536);
    const output = decompress(input, 'gzip', LIMITS, null);
    await output.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(input.read).toBeLessThan(20 << 20);
    await output.return(undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(input.closed).toBe(true);
  });
});

describe('broken streams', () => {
  const CUT = CONTENT.subarray(1_572_000, 1_573_500);
  const gz = gzipMembers(CUT, 800);
  const zst = zstdChunked(CUT, 800);

  it('cut off anywhere but between members are truncated', async () => {
    const ends = [0, gzip(CUT.subarray(0, 800)).length, gz.length];
    for (let length = 1; length < gz.length; length += 7) {
      if (ends.includes(length)) continue;
      const error = await refusal(gz.subarray(0, length), 'gzip', { chunks: 300 });
      expect(error.code, `${length}`).toBe('COMPRESSION_INVALID');
      expect(error.message, `${length}`).toContain('truncated');
    }
  });

  it('cut off anywhere but between frames are truncated', async () => {
    const ends = [0, zstd(CUT.subarray(0, 800)).length, zst.length - 8];
    for (let length = 1; length < zst.length; length += 7) {
      if (ends.includes(length)) continue;
      const result = refusal(zst.subarray(0, length), 'zstd', { chunks: 300 });
      await expect(result, `${length}`).resolves.toMatchObject({ code: 'COMPRESSION_INVALID' });
    }
  });

  it.each<[string, Compression, Uint8Array]>([
    ['text after gzip', 'gzip', concat(gz, Buffer.from('trailing garbage'))],
    ['text after the padding of gzip', 'gzip', concat(gz, new Uint8Array(700), Buffer.from('x'))],
    ['a member after the padding of gzip', 'gzip', concat(gz, new Uint8Array(700), gz)],
    ['half a magic after gzip', 'gzip', concat(gz, Uint8Array.of(0x1f))],
    ['text after zstd', 'zstd', concat(zst, Buffer.from('trailing garbage'))],
    ['zeros after zstd', 'zstd', concat(zst, new Uint8Array(512))],
    ['gzip after zstd', 'zstd', concat(zst, gz)],
    ['no gzip at all', 'gzip', CUT],
    ['no zstd at all', 'zstd', CUT],
    ['a wrong checksum in zstd', 'zstd', concat(zstd(CUT).subarray(0, -1), Uint8Array.of(0))],
    ['a wrong length in gzip', 'gzip', concat(gzip(CUT).subarray(0, -1), Uint8Array.of(9))],
    ['a zstd dictionary that nobody has', 'zstd', rawZstdFrame([0x01, 0x58, 7], [[2, 3, Buffer.from('abc')]])],
  ])('%s', async (_, compression, bytes) => {
    for (const chunks of [bytes.length, 700, 100, 1]) {
      const error = await refusal(bytes, compression, { chunks });
      expect(error.code, `in chunks of ${chunks}: ${error.message}`).toBe('COMPRESSION_INVALID');
    }
  });
});

describe('limits, at and past each', () => {
  const bomb = new Uint8Array(4_000_000);

  it.each<[Compression, Uint8Array]>([
    ['none', CONTENT],
    ['gzip', gzip(CONTENT)],
    ['zstd', zstd(CONTENT)],
  ])('layerBytes, %s', async (compression, bytes) => {
    expect(await run(source(bytes), compression, { limits: { layerBytes: CONTENT.length } })).toHaveLength(
      CONTENT.length,
    );
    const input = source(bytes, 65_536);
    const result = run(input, compression, { limits: { layerBytes: CONTENT.length - 1 } });
    await expect(result).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', details: { limit: 'layerBytes' } });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(input.closed).toBe(true);
  });

  it.each<[Compression, Uint8Array]>([
    ['gzip', gzip(bomb)],
    ['zstd', zstd(bomb)],
    [
      'zstd',
      rawZstdFrame(
        [0x00, 0x58],
        Array.from({ length: 40 }, () => [1, 100_000, Uint8Array.of(0)] as const),
      ),
    ],
  ])('ratio, %s', async (compression, bytes) => {
    const ratio = Math.ceil(bomb.length / bytes.length);
    expect(await run(source(bytes), compression, { limits: { ratio, ratioGraceBytes: 1000 } })).toHaveLength(
      bomb.length,
    );
    const error = await refusal(bytes, compression, { limits: { ratio: ratio / 2, ratioGraceBytes: 1000 } });
    expect([error.code, error.details]).toEqual(['LIMIT_EXCEEDED', { limit: 'ratio' }]);
    const grace = { ratio: 1, ratioGraceBytes: bomb.length };
    expect(await run(source(bytes), compression, { limits: grace })).toHaveLength(bomb.length);
  });

  it('zstdWindowBytes', async () => {
    const wide = zstdCompressSync(CONTENT, {
      params: { [constants.ZSTD_c_windowLog]: 22, [constants.ZSTD_c_contentSizeFlag]: 0 },
    });
    expect(await run(source(wide), 'zstd', { limits: { zstdWindowBytes: 1 << 22 } })).toHaveLength(CONTENT.length);
    const error = await refusal(wide, 'zstd', { limits: { zstdWindowBytes: (1 << 22) - 1 } });
    expect([error.code, error.details.limit]).toEqual(['LIMIT_EXCEEDED', 'zstdWindowBytes']);
  });
});

describe('who stops it', () => {
  const COMPRESSIONS: [Compression, Uint8Array][] = [
    ['none', CONTENT],
    ['gzip', gzip(CONTENT)],
    ['zstd', zstd(CONTENT)],
  ];

  it.each(COMPRESSIONS)('a signal, before and on the way, %s', async (compression, bytes) => {
    await expect(refusal(bytes, compression, { signal: AbortSignal.abort() })).resolves.toMatchObject({
      code: 'CANCELLED',
    });
    const timeout = new PlimsollError('TIMEOUT', 'too slow');
    const controller = new AbortController();
    const output = decompress(source(bytes, 65_536), compression, LIMITS, controller.signal);
    await output.next();
    controller.abort(timeout);
    await expect(Promise.all([output.next(), output.next()])).rejects.toBe(timeout);
  });

  it('a signal, while the input never answers', async () => {
    const stuck = {
      async *[Symbol.asyncIterator]() {
        yield gzip(CONTENT).subarray(0, 1000);
        await new Promise(() => {});
      },
    };
    await expect(run(stuck, 'gzip', { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it.each(COMPRESSIONS)('the input, whose error stays what it is, %s', async (compression, bytes) => {
    const broken = new Error('EIO');
    const input = {
      async *[Symbol.asyncIterator]() {
        yield bytes.subarray(0, 500_000);
        throw broken;
      },
    };
    await expect(run(input, compression)).rejects.toBe(broken);
  });

  it.each(COMPRESSIONS)('the caller, and the input is closed, %s', async (compression, bytes) => {
    const input = source(bytes, 65_536);
    const thrown = new Error('from the caller');
    const work = async (): Promise<void> => {
      for await (const chunk of decompress(input, compression, LIMITS, null)) if (chunk.length > 0) throw thrown;
    };
    await expect(work()).rejects.toBe(thrown);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(input.closed).toBe(true);
  });
});
