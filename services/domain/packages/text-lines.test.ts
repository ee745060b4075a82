import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eachLine } from './text-lines.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function lines(text: string | Uint8Array, window = 1_000) {
  const found: string[] = [];
  const input = typeof text === 'string' ? bytes(text) : text;
  const facts = eachLine(
    input,
    (line, number) => {
      found.push(line);
      return number === found.length;
    },
    window,
  );
  return { found, ...facts };
}

test('LF and CRLF end lines; an empty last line is none', () => {
  expect(lines('a\r\n\nb\n')).toEqual({ found: ['a', '', 'b'], unterminated: false, overlong: false });
  expect(lines('a\nb').unterminated).toBe(true);
  expect(lines('')).toEqual({ found: [], unterminated: false, overlong: false });
});

test('a line as long as the window is whole, one byte more is cut and told', () => {
  expect(lines('abcd\nx\n', 4)).toEqual({ found: ['abcd', 'x'], unterminated: false, overlong: false });
  expect(lines('abcde\nx\n', 4)).toEqual({ found: ['abcd', 'x'], unterminated: false, overlong: true });
  expect(lines('abcdefgh', 4)).toMatchObject({ found: ['abcd'], overlong: true });
});

test('bytes that are no UTF-8 stay apart', () => {
  expect(lines(Uint8Array.of(0x61, 0xff, 0x0a, 0x61, 0xfe, 0x0a)).found).toEqual(['a\udcff', 'a\udcfe']);
});

test('stops where it is told to', () => {
  let seen = 0;
  eachLine(bytes('a\nb\nc\n'), () => ++seen < 2, 100);
  expect(seen).toBe(2);
});

test('any window gives the lines of a plain split', () => {
  const text = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '€'), maxLength: 5 }), { maxLength: 20 });
  fc.assert(
    fc.property(text, fc.integer({ min: 15, max: 40 }), (expected, window) => {
      expect(lines(expected.map((line) => `${line}\n`).join(''), window).found).toEqual(expected);
    }),
  );
});
