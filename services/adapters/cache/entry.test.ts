import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntry, encodeEntry } from './entry.ts';

const key = { digest: `sha256:${'0'.repeat(64)}`, part: 'dpkg@1' };
const facts = Buffer.from('package facts '.repeat(50));
const entry = Buffer.concat(encodeEntry(key, facts));

describe('cache entry', () => {
  it('reads back', () => {
    expect(decodeEntry(key, entry)).toEqual(facts);
  });

  it('is smaller than the facts', () => {
    expect(entry.length).toBeLessThan(facts.length / 2);
  });

  it.each([
    ['another digest', { digest: `sha256:${'1'.repeat(64)}`, part: key.part }],
    ['another part', { digest: key.digest, part: 'dpkg@2' }],
    ['a key cut elsewhere', { digest: `${key.digest}\0dpkg@1`, part: '' }],
  ])('reads as null under %s', (_, other) => {
    expect(decodeEntry(other, entry)).toBeNull();
  });

  it('reads as null wherever it is cut', () => {
    for (let length = 0; length < entry.length; length++)
      expect(decodeEntry(key, entry.subarray(0, length))).toBeNull();
  });

  it('reads as null with any bit flipped', () => {
    fc.assert(
      fc.property(fc.nat(entry.length - 1), fc.nat(7), (at, bit) => {
        const damaged = Buffer.from(entry);
        damaged[at]! ^= 1 << bit;
        expect(decodeEntry(key, damaged)).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it('reads as null with anything behind it, and for any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (other) => {
        expect(decodeEntry(key, Buffer.concat([entry, other]))).toBeNull();
        expect(decodeEntry(key, Buffer.from(other))).toBeNull();
        expect(decodeEntry(key, Buffer.concat([entry.subarray(0, 12), other]))).toBeNull();
      }),
    );
  });
});
