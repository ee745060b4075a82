import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PlimsollError } from '../../services/domain/errors.ts';
import { readTar } from '../support/read-tar.ts';
import { base256, concat, END, gnuLong, octal, paxHeader, rawEntry, rawHeader } from '../support/tar-blocks.ts';

const field = (value: number): string => `${octal(value, 11)}\0`;
const MAP_1_0 = `${'2\n0\n3\n600\n3\n'.padEnd(512, '\0')}abcdef`;

/** One archive with everything that has a rule of its own. */
const CORPUS = concat(
  rawHeader({ name: './', type: '5' }),
  rawEntry({ name: 'etc/os-release' }, 'ID=debian\n'),
  paxHeader({ path: `${'d/'.repeat(70)}x`, size: '600', mtime: '1.5' }),
  rawEntry({ name: 'cut' }, 'p'.repeat(600)),
  gnuLong('L', `${'l/'.repeat(70)}x`),
  gnuLong('K', `${'k/'.repeat(70)}x`),
  rawHeader({ type: '2', magic: 'gnu' }),
  paxHeader({ comment: 'global' }, 'g'),
  rawEntry({ name: 'link', type: '1', linkName: 'etc/os-release' }, 'c'.repeat(20)),
  rawHeader({ name: 'binary', patch: { 124: base256(0n) } }),
  rawEntry(
    {
      type: 'S',
      magic: 'gnu',
      patch: { 386: field(0) + field(3) + field(900) + field(3), 482: [1], 483: field(1000) },
      size: 6,
    },
    '',
  ),
  new Uint8Array(512),
  new TextEncoder().encode('abcdef'.padEnd(512, '\0')),
  paxHeader({ 'GNU.sparse.size': '9', 'GNU.sparse.numblocks': '1', 'GNU.sparse.map': '3,3' }),
  rawEntry({}, 'abc'),
  paxHeader({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '700' }),
  rawEntry({}, MAP_1_0),
  rawEntry({ type: 'V' }, 'v'.repeat(30)),
  END,
);
const BLOCKS = CORPUS.length / 512;

type Mutation = (archive: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
const at = fc.nat(CORPUS.length - 1);
const interesting = fc.constantFrom(
  0,
  1,
  0x20,
  0x30,
  0x37,
  0x39,
  0x0a,
  0x2c,
  0x3d,
  0x2f,
  0x2e,
  0x53,
  0x67,
  0x78,
  0x7f,
  0x80,
  0xc0,
  0xff,
);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(at, fc.oneof(interesting, fc.nat(255))).map(
    ([i, byte]): Mutation =>
      (archive) => {
        archive[i % archive.length] = byte;
        return archive;
      },
  ),
  fc.tuple(at, fc.uint8Array({ minLength: 1, maxLength: 24 })).map(
    ([i, bytes]): Mutation =>
      (archive) => {
        archive.set(bytes.subarray(0, Math.max(0, archive.length - i)), Math.min(i, archive.length));
        return archive;
      },
  ),
  at.map(
    (length): Mutation =>
      (archive) =>
        archive.slice(0, Math.max(1, length)),
  ),
  fc.tuple(fc.nat(BLOCKS), fc.nat(BLOCKS), fc.nat(6)).map(
    ([from, to, count]): Mutation =>
      (archive) =>
        concat(
          archive.subarray(0, to * 512),
          archive.subarray(from * 512, (from + count) * 512),
          archive.subarray(to * 512),
        ),
  ),
  fc.tuple(fc.nat(BLOCKS), fc.nat(6)).map(
    ([from, count]): Mutation =>
      (archive) =>
        concat(archive.subarray(0, from * 512), archive.subarray((from + count) * 512), Uint8Array.of(0)),
  ),
);

/** Makes the checksums right again, so that a mutation gets behind them. */
function reseal(archive: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let block = 0; block + 512 <= archive.length; block += 512) {
    const original = CORPUS.subarray(block, block + 512);
    if (original[262] !== 0x30 && original[262] !== 0x20) continue;
    archive.fill(0x20, block + 148, block + 156);
    const sum = archive.subarray(block, block + 512).reduce((total, byte) => total + byte, 0);
    archive.set(new TextEncoder().encode(`${octal(sum, 6)}\0 `), block + 148);
  }
  return archive;
}

/** What comes out, or the error's code; anything but a PlimsollError fails the test. */
function outcome(archive: Uint8Array, chunks: readonly number[], wanted: boolean): unknown {
  try {
    // Expanded sparse files stay small enough to be kept.
    return readTar(archive, { chunks, wants: ({ size }) => wanted && size < 2 ** 20, limits: { layerBytes: 2 ** 22 } });
  } catch (error) {
    if (!(error instanceof PlimsollError)) throw error;
    return error.code;
  }
}

it('the corpus itself is valid', () => {
  expect(readTar(CORPUS).entries).toHaveLength(9);
});

it('a broken archive is read or refused with a PlimsollError, the same in whatever chunks', () => {
  const refused = new Set<unknown>();
  fc.assert(
    fc.property(
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 4 }),
      (mutations, sealed, chunks) => {
        let archive = mutations.reduce((bytes, mutate) => mutate(bytes), CORPUS.slice());
        if (sealed) archive = reseal(archive);
        const whole = outcome(archive, [archive.length + 1], true);
        refused.add(typeof whole === 'string' ? whole : 'read');
        expect(outcome(archive, chunks, true)).toEqual(whole);
        outcome(archive, chunks, false);
      },
    ),
    { numRuns: 1500, interruptAfterTimeLimit: 8000 },
  );
  expect([...refused].sort()).toEqual(expect.arrayContaining(['ARCHIVE_INVALID', 'read']));
});
