import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTar } from '../../../../test/support/read-tar.ts';
import { type Bytes, concat, END, octal, padded, paxHeader, rawHeader } from '../../../../test/support/tar-blocks.ts';
import { PlimsollError } from '../../errors.ts';

interface Sparse {
  readonly size: number;
  /** Offset and bytes of each run of data. */
  readonly runs: readonly (readonly [number, Uint8Array])[];
}

const expanded = ({ size, runs }: Sparse): Uint8Array => {
  const file = new Uint8Array(size);
  for (const [offset, bytes] of runs) file.set(bytes, offset);
  return file;
};
const stored = ({ runs }: Sparse): Bytes => concat(...runs.map(([, bytes]) => bytes));

/** The four ways to write one sparse file. */
const FORMATS = {
  'old GNU': gnuSparse,
  'PAX 0.0': (file: Sparse) =>
    concat(
      paxHeader([
        ['GNU.sparse.size', String(file.size)],
        ['GNU.sparse.numblocks', String(file.runs.length)],
        ...file.runs.flatMap(([offset, bytes]) => [
          ['GNU.sparse.offset', String(offset)] as const,
          ['GNU.sparse.numbytes', String(bytes.length)] as const,
        ]),
      ]),
      rawHeader({ name: 'sparse', size: stored(file).length }),
      padded(stored(file)),
    ),
  'PAX 0.1': (file: Sparse) =>
    concat(
      paxHeader({
        'GNU.sparse.name': 'sparse',
        'GNU.sparse.size': String(file.size),
        'GNU.sparse.numblocks': String(file.runs.length),
        'GNU.sparse.map': file.runs.map(([offset, bytes]) => `${offset},${bytes.length}`).join(','),
      }),
      rawHeader({ name: 'GNUSparseFile.0/sparse', size: stored(file).length }),
      padded(stored(file)),
    ),
  'PAX 1.0': (file: Sparse) => paxSparse1(file),
} as const;

function gnuSparse(file: Sparse): Bytes {
  const field = (value: number): string => `${octal(value, 11)}\0`;
  const segments = file.runs.map(([offset, bytes]) => field(offset) + field(bytes.length));
  const more: Uint8Array[] = [];
  for (let at = 4; at < segments.length; at += 21) {
    const block = new Uint8Array(512);
    block.set(new TextEncoder().encode(segments.slice(at, at + 21).join('')));
    block[504] = at + 21 < segments.length ? 1 : 0;
    more.push(block);
  }
  const head = rawHeader({
    name: 'sparse',
    type: 'S',
    magic: 'gnu',
    size: stored(file).length,
    patch: { 386: segments.slice(0, 4).join(''), 482: segments.length > 4 ? [1] : [0], 483: field(file.size) },
  });
  return concat(head, ...more, padded(stored(file)));
}

function paxSparse1(file: Sparse, size = String(file.size)): Bytes {
  const lines = [file.runs.length, ...file.runs.flatMap(([offset, bytes]) => [offset, bytes.length])];
  const content = concat(padded(new TextEncoder().encode(`${lines.join('\n')}\n`)), stored(file));
  return concat(
    paxHeader({
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': 'sparse',
      'GNU.sparse.realsize': size,
    }),
    rawHeader({ name: 'GNUSparseFile.0/sparse', size: content.length }),
    padded(content),
  );
}

const sparseFile: fc.Arbitrary<Sparse> = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(700), fc.uint8Array({ minLength: 1, maxLength: 700 })), { maxLength: 60 }),
    fc.nat(200_000),
  )
  .map(([pieces, tail]) => {
    let end = 0;
    const runs = pieces.map(([gap, bytes]): [number, Uint8Array] => {
      const offset = end + gap;
      end = offset + bytes.length;
      return [offset, bytes];
    });
    return { runs, size: end + tail };
  })
  // An empty map is written only by version 0.1 and 1.0.
  .filter(({ runs }) => runs.length > 0);

describe.each(Object.entries(FORMATS))('%s', (_, write) => {
  it('reads as the expanded file, in whatever chunks, wanted or not', () => {
    fc.assert(
      fc.property(
        sparseFile,
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 4 }),
        (file, chunks) => {
          const archive = concat(write(file), rawHeader({ name: 'next' }), END);
          for (const wanted of [true, false]) {
            const { entries } = readTar(archive, { chunks, wants: () => wanted });
            expect(entries.map(({ path }) => path)).toEqual(['sparse', 'next']);
            expect(entries[0]!.size).toBe(file.size);
            expect(entries[0]!.contentOffset).toBe(-1);
            expect(entries[0]!.head).toEqual(expanded(file).subarray(0, 512));
            if (wanted) expect(entries[0]!.content).toEqual(expanded(file));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);
  it.each<[string, Sparse]>([
    [
      'segments out of order',
      {
        size: 100,
        runs: [
          [50, bytes(10)],
          [0, bytes(10)],
        ],
      },
    ],
    [
      'segments that overlap',
      {
        size: 100,
        runs: [
          [0, bytes(10)],
          [9, bytes(10)],
        ],
      },
    ],
    ['a segment past the end', { size: 100, runs: [[95, bytes(6)]] }],
  ])('refuses %s', (_case, file) => {
    expect(refusal(concat(write(file), END))).toBe('ARCHIVE_INVALID');
  });
});

function refusal(archive: Uint8Array): string | null {
  try {
    readTar(archive);
    return null;
  } catch (error) {
    if (!(error instanceof PlimsollError)) throw error;
    return error.code;
  }
}

describe('maps that lie', () => {
  const map = (records: Record<string, string>, content = 'abc'): string | null =>
    refusal(
      concat(
        paxHeader(records),
        rawHeader({ size: content.length }),
        padded(new TextEncoder().encode(content)),
        rawHeader(),
        END,
      ),
    );
  const V01 = { 'GNU.sparse.size': '9', 'GNU.sparse.numblocks': '1', 'GNU.sparse.map': '3,3' };
  const V10 = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9' };

  it.each<[string, Record<string, string>, string?]>([
    ['another count', { ...V01, 'GNU.sparse.numblocks': '2' }],
    ['no count', { 'GNU.sparse.size': '9', 'GNU.sparse.map': '3,3' }],
    ['an odd map', { ...V01, 'GNU.sparse.map': '3,3,5' }],
    ['no number', { ...V01, 'GNU.sparse.map': '3,x' }],
    ['less than is stored', { ...V01, 'GNU.sparse.map': '3,2' }],
    ['more than is stored', { ...V01, 'GNU.sparse.map': '3,4' }],
    ['a map that is not in the content', V10],
    ['a map without end', V10, '5\n1\n'.padEnd(512, '1')],
    ['a map longer than the content', V10, `300\n${'1\n'.repeat(300)}`.slice(0, 512)],
    ['a line that is no number', V10, '1\nx\n1\n'.padEnd(512, '\0')],
    ['a negative count', V10, '-1\n'.padEnd(512, '\0')],
  ])('%s', (_, records, content) => {
    expect(map(V01)).toBeNull();
    expect(map(records, content)).toBe('ARCHIVE_INVALID');
  });

  it('a directory with a map, and a type S without GNU header, are refused', () => {
    expect(refusal(concat(paxHeader(V01), rawHeader({ type: '5' }), END))).toBe('ARCHIVE_INVALID');
    expect(refusal(concat(rawHeader({ type: 'S' }), END))).toBe('ARCHIVE_INVALID');
  });

  it('type S has its map in the header, whatever PAX says', () => {
    const file = { size: 5, runs: [[2, Uint8Array.of(1)]] } as const;
    const { entries } = readTar(concat(paxHeader(V01), gnuSparse(file), END));
    expect(entries.map(({ size, content }) => [size, content])).toEqual([[5, expanded(file)]]);
  });

  it('an unknown version is a plain file, as for Go', () => {
    const records = {
      'GNU.sparse.major': '2',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': 'other',
      'GNU.sparse.realsize': '9',
    };
    const { entries } = readTar(concat(paxHeader(records), rawHeader({ name: 'kept' }), END));
    expect(entries.map(({ path, size }) => [path, size])).toEqual([['kept', 0]]);
  });
});
