import { expect, test } from 'vitest';
import { isToken, quote, UnitGaps } from './unit-gaps.ts';

test('twenty flaws of a code are told, the rest counted', () => {
  const gaps = new UnitGaps();
  for (let i = 0; i < 1000; i++) gaps.add('package-record-invalid', `flaw ${i}`);
  gaps.add('limit-reached', 'once');
  expect(gaps.all()).toHaveLength(22);
  expect(gaps.all().at(-1)).toEqual({ code: 'package-record-invalid', message: '980 more flaws of this kind' });
});

test('quoted text is short and without control characters', () => {
  expect(quote('a\u001b[31m\0')).toBe('"a\\x1b[31m\\x00"');
  expect(quote('x'.repeat(1000))).toHaveLength(83);
});

test.each(['libstdc++6', '1:2.3~rc1-4'])('%s is a token', (text) => expect(isToken(text)).toBe(true));
test.each([undefined, '', 'a b', 'a\n', 'é', '\u001b'])('%j is none', (text) => expect(isToken(text)).toBe(false));
