import { describe, expect, test } from 'vitest';
import { readContext } from '../../../test/support/read-context.ts';
import { type ZipPart, type ZipShape, zip } from '../../../test/support/zip-builder.ts';
import { crc32, ZipArchive } from './zip-archive.ts';

const { inflate } = readContext();

/** Names with their content or why there is none, and the flaws of the whole. */
function read(bytes: Uint8Array): { contents: Record<string, string>; flaws: string[] } {
  const archive = ZipArchive.open(bytes);
  if (typeof archive === 'string') return { contents: {}, flaws: [archive] };
  const flaws: string[] = [];
  const contents: Record<string, string> = {};
  for (const entry of archive.entries((flaw) => flaws.push(flaw))) {
    const content = archive.read(entry, inflate);
    contents[entry.name] = typeof content === 'string' ? `(${content})` : Buffer.from(content).toString();
    if (typeof content !== 'string') expect(crc32(content)).toBe(entry.crc32);
  }
  return { contents, flaws };
}

const A = { name: 'a.txt', content: 'the first' };
const B = { name: 'folder/é.txt', content: 'the second'.repeat(100) };
const CONTENTS = { 'a.txt': A.content, 'folder/é.txt': B.content };

describe('a sound archive', () => {
  const shapes: [string, ZipPart[], ZipShape][] = [
    ['deflated', [A, B], {}],
    ['stored', [{ ...A, method: 'stored' }, B], {}],
    [
      'with sizes behind the data',
      [
        { ...A, descriptor: true },
        { ...B, descriptor: true },
      ],
      {},
    ],
    [
      'with 64-bit entries',
      [
        { ...A, wide: true },
        { ...B, wide: true },
      ],
      {},
    ],
    ['with 64-bit end records', [A, B], { wide: true }],
    ['behind a start script', [A, B], { prefix: Buffer.from('#!/bin/sh\nexec java -jar "$0"\n') }],
    ['behind a start script, 64-bit', [{ ...A, wide: true }, B], { prefix: Buffer.from('#!/bin/sh\n'), wide: true }],
    ['before a comment with an end record of nothing', [A, B], { comment: Buffer.concat([zip([]), Buffer.from('!')]) }],
    ['before a comment', [A, B], { comment: Buffer.from('comment PK\x05\x06, and an end record that is none') }],
  ];
  test.each(shapes)('%s', (_name, parts, shape) => {
    expect(read(zip(parts, shape))).toEqual({ contents: CONTENTS, flaws: [] });
  });

  test('without entries', () => expect(read(zip([]))).toEqual({ contents: {}, flaws: [] }));
  test('of more entries than 16 bits count', () => {
    const parts = Array.from({ length: 66_000 }, (_, i): ZipPart => ({ name: `${i}`, method: 'stored' }));
    const { contents, flaws } = read(zip(parts));
    expect(Object.keys(contents)).toHaveLength(66_000);
    expect(flaws).toEqual([]);
  });
});

describe('a local header that disagrees', () => {
  test.each<[string, NonNullable<ZipPart['local']>]>([
    ['name', { name: 'b.txt' }],
    ['name', { name: 'a.tx' }],
    ['method', { method: 0 }],
    ['encryption', { flags: 1 }],
    ['checksum', { crc: 1 }],
    ['size', { size: 1 }],
    ['size', { compressed: 1 }],
  ])('in its %s: told, and the central directory counts', (what, local) => {
    const { contents, flaws } = read(zip([{ ...A, local }, B]));
    expect(flaws).toEqual([`"a.txt": its local header has another ${what}`]);
    expect(contents).toEqual(CONTENTS);
  });
});

describe('an entry that cannot be read', () => {
  const CLAIMS: [string, ZipPart][] = [
    ['it is encrypted', { ...A, claims: { flags: 1 } }],
    ['it is compressed by method 12, which Java does not know', { ...A, claims: { method: 12 } }],
    ['its compressed data are broken, or unpack to more than they claim', { ...A, claims: { size: 3 } }],
    ['it unpacks to 9 bytes in place of 10', { ...A, claims: { size: 10 } }],
    ['its compressed data are broken, or unpack to more than they claim', { ...A, claims: { compressed: 4 } }],
    ['it is stored, in another size than its own', { ...A, method: 'stored', claims: { size: 3 } }],
  ];
  test.each(CLAIMS)('%s', (why, part) => {
    expect(read(zip([part, B])).contents).toEqual({ ...CONTENTS, 'a.txt': `(${why})` });
  });

  test('data past the central directory', () => {
    const { contents, flaws } = read(zip([{ ...A, claims: { compressed: 1_000_000 } }, B]));
    expect(flaws).toEqual(['"a.txt": its data go past the central directory']);
    expect(contents['a.txt']).toBe('(it is not where the central directory says)');
  });

  test.each([7, 1_000_000, 0xfffffffe])('no local header at %i', (offset) => {
    const { contents, flaws } = read(zip([{ ...A, offset }, B]));
    expect(flaws).toEqual(['"a.txt": no local header where the central directory says']);
    expect(contents['folder/é.txt']).toBe(B.content);
  });
});

describe('a directory that is not what it says', () => {
  test('bytes behind the end that are no comment are told', () => {
    expect(read(Buffer.concat([zip([A, B]), Buffer.alloc(100)]))).toEqual({
      contents: CONTENTS,
      flaws: ['it goes on behind its end record'],
    });
  });

  test('a broken one is not replaced by that of an archive in it', () => {
    const bytes = zip([A, { name: 'inner.jar', content: zip([B]), method: 'stored' }]);
    bytes[bytes.length - 22 - 46 - 'inner.jar'.length - 46 - A.name.length] = 0;
    expect(read(bytes)).toEqual({
      contents: {},
      flaws: ['its central directory is not where its end record says'],
    });
  });

  test('entries that overlap are told', () => {
    const { flaws } = read(zip([A, { ...A, offset: 0 }, B]));
    expect(flaws).toEqual(['its entries overlap']);
  });

  test('entries in another order are no flaw', () => {
    const size = 30 + 5 + 11;
    const parts = [
      { ...A, offset: size },
      { ...A, offset: 0 },
    ];
    expect(read(zip(parts)).flaws).toEqual([]);
  });

  test('more or fewer entries than it counts are told', () => {
    expect(read(zip([A, B], { count: 3 })).flaws).toEqual(['it says that it has 3 entries, and has 2']);
    expect(read(zip([A, B], { count: 1, wide: true })).flaws).toEqual(['it says that it has 1 entries, and has 2']);
  });

  test('cut off anywhere: nothing is read, and that is told', () => {
    const whole = zip([A, B]);
    for (let length = 0; length < whole.length; length++) {
      expect(read(whole.subarray(0, length)).flaws, `${length}`).toHaveLength(1);
    }
  });

  test('no bytes are read past the end, whatever the directory claims', () => {
    const whole = zip([A, B]);
    const end = whole.length - 22;
    for (const at of [4, 6, 8, 10, 12, 14, 16, 18]) {
      for (const value of [0, 1, 0x7fff, 0xfffe, 0xffff]) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt16LE(value, end + at);
        expect(() => read(bytes)).not.toThrow();
      }
    }
  });

  test('an archive of several parts', () => {
    const bytes = zip([A]);
    bytes.writeUInt16LE(1, bytes.length - 22 + 4);
    expect(read(bytes).flaws).toEqual(['it is one part of several']);
  });
});

test('CRC-32 of the check value', () => expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926));
