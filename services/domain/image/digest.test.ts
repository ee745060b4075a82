import { expect, it } from 'vitest';
import { isDigest, parseDigest } from './digest.ts';

const hex = 'ab'.repeat(32);

it('takes SHA-256 and SHA-512 in lower case', () => {
  expect(parseDigest(`sha256:${hex}`)).toEqual({ algorithm: 'sha256', hex });
  expect(parseDigest(`sha512:${hex}${hex}`)).toEqual({ algorithm: 'sha512', hex: hex + hex });
});

it.each([
  '',
  hex,
  `sha256:${hex.toUpperCase()}`,
  `sha256:${hex}0`,
  `sha256:${hex}\n`,
  `sha512:${hex}`,
  `md5:${hex.slice(32)}`,
  `sha256:${'../'.repeat(21)}x`,
  `SHA256:${hex}`,
])('%j is none', (text) => {
  expect(isDigest(text)).toBe(false);
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
});

it.each([null, undefined, 5, [`sha256:${hex}`], {}])('%j is no text', (value) => {
  expect(isDigest(value)).toBe(false);
});
