import { describe, expect, it } from 'vitest';
import { readTar } from '../../../../test/support/read-tar.ts';
import {
  base256,
  concat,
  END,
  gnuLong,
  padded,
  paxHeader,
  rawEntry,
  rawHeader,
} from '../../../../test/support/tar-blocks.ts';
import { PlimsollError } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import { TarParser } from './parser.ts';

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : new TextDecoder().decode(bytes));
const paths = (archive: Uint8Array): string[] => readTar(archive).entries.map(({ path }) => path);

function failure(archive: Uint8Array, options: Parameters<typeof readTar>[1] = {}): PlimsollError {
  try {
    readTar(archive, options);
  } catch (error) {
    if (error instanceof PlimsollError) return error;
    throw error;
  }
  throw new Error('the archive was accepted');
}

describe('entries', () => {
  it('have a type each', () => {
    const flags = ['0', '\0', '7', '1', '2', '3', '4', '5', '6'];
    const archive = concat(...flags.map((type) => rawHeader({ type, linkName: 'to/x' })), END);
    expect(readTar(archive).entries.map(({ type, linkTarget }) => [type, linkTarget])).toEqual([
      ['file', null],
      ['file', null],
      ['file', null],
      ['hardlink', 'to/x'],
      ['symlink', 'to/x'],
      ['character-device', null],
      ['block-device', null],
      ['directory', null],
      ['fifo', null],
    ]);
  });

  it('are directories by their trailing slash in old archives only', () => {
    const archive = concat(
      rawHeader({ name: 'd/', type: '\0', magic: 'v7' }),
      rawHeader({ name: 'f/', type: '0' }),
      END,
    );
    expect(readTar(archive).entries.map(({ path, type }) => [path, type])).toEqual([
      ['d', 'directory'],
      ['f', 'file'],
    ]);
  });

  it('come once for each header, in order, also where names repeat or differ in spelling only', () => {
    const names = [
      'a',
      './a',
      '/a',
      './/a',
      'a',
      './',
      '/',
      '.',
      'b/./c//d/',
      '.hidden',
      '..',
      'x/../../y',
      '../../etc',
    ];
    const { entries } = readTar(concat(...names.map((name) => rawHeader({ name, type: '5' })), END));
    expect(entries.map(({ path, escaped }) => (escaped ? `${path} escaped` : path))).toEqual([
      'a',
      'a',
      'a',
      'a',
      'a',
      '',
      '',
      '',
      'b/c/d',
      '.hidden',
      ' escaped',
      'y escaped',
      'etc escaped',
    ]);
  });

  it('keep names apart that are no UTF-8', () => {
    const names = [
      [0x66, 0xe9],
      [0x66, 0xe8],
      [0x66, 0xc3, 0xa9],
    ].map((bytes) => Uint8Array.from(bytes));
    expect(paths(concat(...names.map((name) => rawHeader({ name })), END))).toEqual(['f\udce9', 'f\udce8', 'fé']);
  });

  it('keep a symlink as written and normalise a hard link from the root', () => {
    const archive = concat(
      rawHeader({ type: '2', linkName: '../a//./b/' }),
      rawHeader({ type: '1', linkName: './a//./b' }),
      END,
    );
    expect(readTar(archive).entries.map(({ linkTarget }) => linkTarget)).toEqual(['../a//./b/', 'a/b']);
  });

  it('show the head, and the content to who wants it', () => {
    const long = 'x'.repeat(600);
    const archive = concat(
      rawEntry({ name: 'short' }, 'abc'),
      rawEntry({ name: 'long' }, long),
      rawEntry({ name: 'none' }),
      END,
    );
    const { entries } = readTar(archive, { wants: ({ path }) => path !== 'short' });
    expect(entries.map(({ head, content, size }) => [text(head), text(content), size])).toEqual([
      ['abc', null, 3],
      [long.slice(0, 512), long, 600],
      ['', '', 0],
    ]);
  });

  it('tell where their content lies, in whatever chunks they come', () => {
    const archive = concat(
      rawEntry({ name: 'a' }, 'abc'),
      paxHeader({ path: 'b' }),
      rawEntry({}, 'y'.repeat(513)),
      END,
    );
    for (const chunks of [[archive.length], [1], [511], [7, 600, 3]]) {
      const { entries } = readTar(archive, { chunks, wants: () => false });
      for (const { contentOffset, head } of entries) {
        expect(archive.subarray(contentOffset, contentOffset + head.length)).toEqual(head);
      }
    }
  });
});

describe('extended headers', () => {
  const name = `${'d/'.repeat(80)}long`;

  it('PAX path, linkpath and size stand over the header, for one entry', () => {
    const archive = concat(
      paxHeader({ path: name, linkpath: 'pax/target', mtime: '1.5', 'SCHILY.xattr.user.a': 'b=c' }),
      rawHeader({ name: 'cut', type: '1', linkName: 'cut' }),
      paxHeader({ size: '5' }),
      concat(rawHeader({ name: 'sized', size: 0 }), padded(new TextEncoder().encode('12345'))),
      rawEntry({ name: 'plain' }, 'xy'),
      END,
    );
    expect(readTar(archive).entries.map(({ path, linkTarget, content }) => [path, linkTarget, text(content)])).toEqual([
      [name, 'pax/target', ''],
      ['sized', null, '12345'],
      ['plain', null, 'xy'],
    ]);
  });

  it('the last record of one keyword counts, an empty one says nothing, Solaris X is x', () => {
    const archive = concat(
      paxHeader([
        ['path', 'first'],
        ['path', 'second'],
      ]),
      rawHeader(),
      paxHeader({ path: '', size: '' }, 'X'),
      rawEntry({ name: 'kept' }, 'abc'),
      END,
    );
    expect(paths(archive)).toEqual(['second', 'kept']);
  });

  it('a later x header replaces an earlier one', () => {
    expect(paths(concat(paxHeader({ path: 'a' }), paxHeader({ mtime: '1' }), rawHeader({ name: 'own' }), END))).toEqual(
      ['own'],
    );
  });

  it('global headers change no entry and drop what is pending, as in Go', () => {
    const archive = concat(
      paxHeader({ path: 'global', size: '700', comment: 'x' }, 'g'),
      rawEntry({ name: 'a' }, 'abc'),
      paxHeader({ path: 'lost' }),
      paxHeader({ comment: 'x' }, 'g'),
      rawEntry({ name: 'b' }, 'abc'),
      END,
    );
    expect(paths(archive)).toEqual(['a', 'b']);
  });

  it('GNU long name and link, which win over PAX', () => {
    const archive = concat(
      paxHeader({ path: 'pax', linkpath: 'pax' }),
      gnuLong('L', name),
      gnuLong('K', `${name}/target`),
      rawHeader({ type: '2', magic: 'gnu' }),
      END,
    );
    expect(readTar(archive).entries[0]).toMatchObject({ path: name, linkTarget: `${name}/target` });
  });

  it('GNU base-256 size', () => {
    const archive = concat(
      rawHeader({ name: 'binary', patch: { 124: base256(3n) } }),
      padded(Uint8Array.from([1, 2, 3])),
      rawHeader({ name: 'after' }),
      END,
    );
    expect(paths(archive)).toEqual(['binary', 'after']);
  });

  it.each([
    ['no length', 'path=a\n'],
    ['a length that is too short', '3 path=a\n'],
    ['a length that is too long', '99 path=a\n'],
    ['no newline', '9 path=a '],
    ['no equals sign', '8 path a\n'],
    ['no keyword', '6 =ab\n'],
    ['NUL in a path', '10 path=a\0\n'],
    ['a negative size', '11 size=-1\n'],
    ['a size past 2^53', '29 size=99999999999999999999\n'],
    ['a huge record length', '99999999999 path=a\n'],
  ])('refuses a PAX header with %s', (_, record) => {
    const error = failure(concat(rawEntry({ name: 'before' }), rawEntry({ type: 'x' }, record), rawHeader(), END));
    expect(error.code).toBe('ARCHIVE_INVALID');
    expect(error.details).toEqual({ offset: 512 });
  });
});

describe('what has no content', () => {
  it.each(['1', '2', '3', '4', '5', '6'])('type %s has none whatever its size says, as in Go and GNU tar', (type) => {
    const archive = concat(rawHeader({ type, size: 1024 }), rawEntry({ name: 'next' }, 'abc'), END);
    const { entries } = readTar(archive);
    expect(entries.map(({ path, size }) => [path, size])).toEqual([
      ['file', 0],
      ['next', 3],
    ]);
  });

  it('a hard link with content (POSIX pax) is skipped by the right length', () => {
    const archive = concat(
      rawEntry({ name: 'link', type: '1', linkName: 'a' }, 'z'.repeat(700)),
      rawEntry({ name: 'next' }),
      END,
    );
    for (const chunks of [[archive.length], [1], [100, 3]]) {
      expect(readTar(archive, { chunks }).entries.map(({ path }) => path)).toEqual(['link', 'next']);
    }
  });

  it('may end the archive', () => {
    expect(paths(rawHeader({ type: '5', size: 4096 }))).toEqual(['file']);
    expect(paths(concat(rawHeader({ type: '1', size: 4096 }), END))).toEqual(['file']);
    expect(failure(rawEntry({ type: '1', size: 4096 }, 'content that is cut off')).code).toBe('ARCHIVE_INVALID');
  });
});

describe('unknown types', () => {
  it('are skipped by their length and counted', () => {
    const types = ['V', 'M', 'N', 'D', 'A', 'Z', '8', '\xff'];
    const archive = concat(
      ...types.map((type) => rawEntry({ type }, 'q'.repeat(600))),
      rawEntry({ name: 'next' }),
      END,
    );
    const { entries, unknownEntries } = readTar(archive);
    expect(entries.map(({ path }) => path)).toEqual(['next']);
    expect(unknownEntries).toBe(types.length);
  });
});

describe('the end', () => {
  const file = rawEntry({}, 'abc');

  it('is two blocks of zeros; what follows is consumed and not looked at', () => {
    const { entries, ended, offset } = readTar(concat(file, END, file, Uint8Array.from([1, 2, 3])));
    expect([entries.length, ended, offset]).toEqual([1, true, 2 * 1024 + 1024 + 3]);
  });

  it.each([
    ['nothing at all', new Uint8Array(0), 0],
    ['only zeros', new Uint8Array(10_240), 0],
    ['no marker', file, 1],
    ['half a marker', concat(file, new Uint8Array(512)), 1],
    ['no padding', file.subarray(0, 515), 1],
    ['a part of the padding', file.subarray(0, 1000), 1],
  ])('may be %s', (_, archive, count) => {
    expect(readTar(archive).entries).toHaveLength(count);
    expect(readTar(archive, { wants: () => false, chunks: [1] }).entries).toHaveLength(count);
  });

  it.each([
    ['in a header', file.subarray(0, 511)],
    ['in a content', file.subarray(0, 514)],
    ['in the marker', concat(file, new Uint8Array(700))],
    ['in an extended header', paxHeader({ path: 'abc' }).subarray(0, 520)],
    ['after an extended header', paxHeader({ path: 'abc' })],
    ['in the padding of an extended header', paxHeader({ path: 'abc' }).subarray(0, 600)],
    ['after a long name', gnuLong('L', 'abc')],
  ])('is not %s', (_, archive) => {
    for (const wanted of [true, false]) {
      const error = failure(archive, { wants: () => wanted, chunks: [13] });
      expect(error.code).toBe('ARCHIVE_INVALID');
      expect(error.message).toContain('truncated');
      expect(error.details).toEqual({ offset: archive.length });
    }
  });

  it('is refused after one block of zeros and then data, as in Go', () => {
    const error = failure(concat(file, new Uint8Array(512), file, END));
    expect(error.details).toEqual({ offset: 1536 });
  });
});

describe('broken headers', () => {
  it.each([
    ['checksum', rawHeader({ checksum: '000000\0 ' })],
    ['text', new Uint8Array(512).fill(0x41)],
    ['size', rawHeader({ patch: { 124: '0000000000x\0' } })],
    ['negative size', rawHeader({ patch: { 124: base256(-512n) } })],
    ['huge size', rawHeader({ patch: { 124: base256(2n ** 70n) } })],
    ['size that padding takes past 2^53', rawHeader({ patch: { 124: base256(2n ** 53n - 1n) } })],
    ['size of an unknown type', rawHeader({ type: 'V', patch: { 124: base256(2n ** 53n - 1n) } })],
    ['size of an extended header', rawHeader({ type: 'L', patch: { 124: 'x' } })],
    ['mode', rawHeader({ patch: { 100: 'rw-r--r-' } })],
  ])('%s: ARCHIVE_INVALID with the offset', (_, block) => {
    const error = failure(concat(rawEntry({}, 'abc'), block, END));
    expect(error.code).toBe('ARCHIVE_INVALID');
    expect(error.details).toEqual({ offset: 1024 });
    expect(error.message).toContain('byte 1024');
  });
});

describe('limits, at and past each', () => {
  const entries = concat(rawHeader(), rawHeader({ type: '5' }), rawHeader({ type: 'V' }), END);
  const longName = (bytes: number): Uint8Array => concat(gnuLong('L', 'n'.repeat(bytes)), rawHeader(), END);
  const longLink = (bytes: number): Uint8Array =>
    concat(gnuLong('K', 'n'.repeat(bytes)), rawHeader({ type: '2' }), END);
  const pax = concat(paxHeader({ comment: 'c'.repeat(985) }), rawHeader(), END);
  const holes = concat(
    paxHeader({
      'GNU.sparse.major': '0',
      'GNU.sparse.minor': '1',
      'GNU.sparse.size': '1000',
      'GNU.sparse.numblocks': '0',
      'GNU.sparse.map': '',
    }),
    rawHeader(),
    END,
  );
  const segments = concat(
    paxHeader({ 'GNU.sparse.size': '9', 'GNU.sparse.numblocks': '3', 'GNU.sparse.map': '0,1,4,1,8,1' }),
    rawEntry({}, 'abc'),
    END,
  );
  it.each([
    ['layerEntries', entries, 3],
    ['pathBytes', longName(300), 300],
    ['pathBytes', longLink(300), 300],
    ['paxHeaderBytes', pax, 998],
    ['sparseSegments', segments, 3],
    ['layerBytes', holes, 1000],
  ] as const)('%s', (limit, archive, most) => {
    expect(readTar(archive, { limits: { [limit]: most } }).entries.length).toBeGreaterThan(0);
    const error = failure(archive, { limits: { [limit]: most - 1 } });
    expect(error.code).toBe('LIMIT_EXCEEDED');
    expect(error.details).toMatchObject({ limit });
  });

  it('an extended header past its limit is refused before it is read', () => {
    const error = failure(rawHeader({ type: 'x', size: LIMITS.paxHeaderBytes + 1 }));
    expect(error.details).toMatchObject({ limit: 'paxHeaderBytes' });
  });
});

describe('skipping', () => {
  it('passes over content without its bytes', () => {
    const archive = concat(rawEntry({ name: 'a' }, 'x'.repeat(5000)), rawEntry({ name: 'b' }, 'y'), END);
    const { entries } = readTar(archive, { chunks: [600], skip: true, wants: ({ path }) => path === 'b' });
    expect(entries.map(({ content }) => text(content))).toEqual([null, 'y']);
  });

  it('goes no further than what is of no interest', () => {
    const parser = new TarParser({ entry: () => false, data: () => {}, end: () => {} }, LIMITS);
    expect(() => parser.skip(1)).toThrow(RangeError);
    parser.push(rawHeader({ size: 600 }));
    parser.push(new Uint8Array(512));
    expect(parser.skippable).toBe(512);
    expect(() => parser.skip(513)).toThrow(RangeError);
    parser.skip(512);
    expect([parser.skippable, parser.offset]).toEqual([0, 1536]);
    parser.push(END);
    parser.finish();
  });
});
