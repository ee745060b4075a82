import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, printable, widthOf, wrap } from './printable.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 200 });

describe('printable', () => {
  it.each([
    ['plain-1.0+deb12u1', 'plain-1.0+deb12u1'],
    ['Grüße, 日本語 😀', 'Grüße, 日本語 😀'],
    ['\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
    ['\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
    ['\u009b31m', '\\x9b31m'],
    ['a\r\n\tb\u0000\u007f', 'a\\x0d\\x0a\\x09b\\x00\\x7f'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['\u2066a\u2069 \u200b\u200d\ufeff\u00ad', '\\u{2066}a\\u{2069} \\u{200b}\\u{200d}\\u{feff}\\xad'],
    ['\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['\u{e0041}', '\\u{e0041}'],
    ['caf\udce9', 'caf\\xe9'],
    ['\ud800', '\\u{d800}'],
  ])('%j → %s', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('leaves nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = printable(text);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(printable(shown)).toBe(shown);
      }),
    );
  });
});

describe('widthOf', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['日本', 4],
    ['e\u0301', 1],
    ['😀', 2],
    ['한국', 4],
    ['Ａ', 2],
    ['ü', 1],
  ])('%s: %i', (text, expected) => {
    expect(widthOf(text)).toBe(expected);
  });
});

describe('wrap and cut', () => {
  it('breaks at spaces that are near, and anywhere else otherwise', () => {
    expect(wrap('the quick brown fox', 10, 5)).toEqual(['the quick', 'brown fox']);
    expect(wrap('a/very/long/path/without/spaces', 10, 5)).toEqual(['a/very/lon', 'g/path/wit', 'hout/space', 's']);
    expect(wrap('日本語日本語', 5, 5)).toEqual(['日本', '語日', '本語']);
    expect(wrap('', 10, 5)).toEqual(['']);
  });

  it('says what is left over', () => {
    expect(wrap('one two three four', 5, 2)).toEqual(['one', 'two …']);
    expect(cut('abcdef', 6)).toBe('abcdef');
    expect(cut('abcdefg', 6)).toBe('abcde…');
    expect(cut('日本語', 4)).toBe('日…');
  });

  it('never exceeds width or lines, and loses nothing but spaces where lines suffice', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 30 }), fc.integer({ min: 1, max: 6 }), (text, width, maxLines) => {
        const shown = printable(text).replace(/\p{M}/gu, '');
        const lines = wrap(shown, width, maxLines);
        expect(lines.length).toBeLessThanOrEqual(maxLines);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
        const whole = wrap(shown, width, Number.POSITIVE_INFINITY).join('');
        expect(whole.replaceAll(' ', '')).toBe(shown.replaceAll(' ', ''));
      }),
    );
  });

  it('bounds the marks on one letter', () => {
    expect([...cut(`a${'\u0301'.repeat(10_000)}`, 5)]).toHaveLength(3);
    expect([...wrap(`a${'\u0301'.repeat(10_000)}b`, 1, 3).join('')].length).toBeLessThan(10);
  });
});
