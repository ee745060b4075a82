import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseOf, decodePath, displayPath, encodePath, isBelow, joinPath, normalizePath, parentOf } from './path.ts';

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  // Near-misses of UTF-8: overlong forms, surrogates, cut sequences, past U+10FFFF.
  fc
    .array(fc.constantFrom(0x41, 0x80, 0xa9, 0xc0, 0xc3, 0xe0, 0xed, 0xa0, 0xf0, 0x9f, 0x98, 0x80, 0xf4, 0x90, 0xff))
    .map((list) => Uint8Array.from(list)),
);

describe('names are bytes', () => {
  it('has the bytes of every name back', () => {
    const isKept = fc.property(bytes, (name) => {
      expect(encodePath(decodePath(name))).toEqual(name);
    });
    fc.assert(isKept, { numRuns: 3000 });
  });

  it('reads valid UTF-8 as itself, a byte order mark included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodePath(new TextEncoder().encode(text))).toBe(text);
      }),
    );
    expect(decodePath(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  it('keeps two different names different', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        fc.pre(a.length !== b.length || a.some((byte, i) => byte !== b[i]));
        expect(decodePath(a)).not.toBe(decodePath(b));
      }),
    );
  });

  it('escapes each byte that is no UTF-8', () => {
    expect(decodePath(Uint8Array.of(0x61, 0xe9, 0x62))).toBe('a\udce9b');
    expect(displayPath('a\udce9\n\u0085b')).toBe('a\\xe9\\x0a\u0085b');
  });

  it('is quick with megabytes that are no UTF-8', () => {
    const start = performance.now();
    expect(decodePath(new Uint8Array(1 << 20).fill(0xff))).toHaveLength(1 << 20);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('normal form', () => {
  const spelled = fc
    .array(fc.constantFrom('a', 'b', '..', '.', '', '...', '.a', 'a.', '..a'))
    .map((parts) => parts.join('/'));

  it.each([
    ['a/b', 'a/b', false],
    ['./a', 'a', false],
    ['/a', 'a', false],
    ['a//b/.', 'a/b', false],
    ['a/../b', 'b', false],
    ['../b', 'b', true],
    ['a/../../b', 'b', true],
    ['..', '', true],
    ['', '', false],
    ['/', '', false],
    ['...', '...', false],
    ['a/...', 'a/...', false],
    ['a\n/b', 'a\n/b', false],
    ['/x/wheel', 'x/wheel', false],
  ])('%j is %j', (name, path, escaped) => {
    expect(normalizePath(name)).toEqual({ path, escaped });
  });

  it('holds no empty, "." or ".." component, and is its own normal form', () => {
    fc.assert(
      fc.property(spelled, (name) => {
        const { path } = normalizePath(name);
        if (path !== '') expect(path.split('/').filter((part) => ['', '.', '..'].includes(part))).toEqual([]);
        expect(normalizePath(path)).toEqual({ path, escaped: false });
        expect(normalizePath(`./${name}/`).path).toBe(path);
      }),
    );
  });

  it('is linear in the length of the name', () => {
    const start = performance.now();
    for (const unit of ['a/', './', '../', '/', 'a..']) normalizePath(unit.repeat(100_000));
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe('parts of a path', () => {
  const path = fc.array(fc.constantFrom('a', 'b', 'ab', '.wh.a'), { maxLength: 4 }).map((parts) => parts.join('/'));

  it('joins what it took apart', () => {
    fc.assert(
      fc.property(path, (text) => {
        expect(joinPath(parentOf(text), baseOf(text))).toBe(text);
      }),
    );
  });

  it('is below its parent, and never below itself or a mere prefix', () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(isBelow(a, b)).toBe(a !== b && (b === '' || a.startsWith(`${b}/`)));
      }),
    );
    expect(isBelow('ab', 'a')).toBe(false);
  });
});
