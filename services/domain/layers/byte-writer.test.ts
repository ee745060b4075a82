import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const item = fc.oneof(
  fc.record({ kind: fc.constant('varint' as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('uint32' as const), value: fc.nat({ max: 2 ** 32 - 1 }) }),
  fc.record({ kind: fc.constant('byte' as const), value: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 5_000 }) }),
);

it('reads back all that was written, and nothing past it', () => {
  fc.assert(
    fc.property(fc.array(item), (items) => {
      const writer = new ByteWriter();
      for (const { kind, value } of items) (writer[kind] as (value: unknown) => void).call(writer, value);
      const bytes = writer.finish();
      expect(bytes).toHaveLength(writer.length);
      const reader = new ByteReader(bytes);
      for (const { kind, value } of items) {
        expect(kind === 'bytes' ? reader.bytes(value.length) : reader[kind]()).toEqual(value);
      }
      expect(reader.offset).toBe(reader.end);
      expect(() => reader.byte()).toThrow(RangeError);
      expect(() => reader.bytes(1)).toThrow(RangeError);
      expect(() => reader.uint32()).toThrow(RangeError);
      expect(() => reader.varint()).toThrow(RangeError);
    }),
  );
});

it('writes ASCII, and nothing of a text that is none', () => {
  const writer = new ByteWriter();
  expect(writer.ascii('abc')).toBe(true);
  expect(writer.ascii('de\u00e9')).toBe(false);
  expect(writer.finish()).toEqual(Uint8Array.of(97, 98, 99));
});

it('starts anew after take', () => {
  const writer = new ByteWriter();
  writer.ascii('first');
  const first = writer.take();
  writer.ascii('2');
  expect([first, writer.take()].map((bytes) => String.fromCharCode(...bytes))).toEqual(['first', '2']);
});

it('refuses numbers that no writer writes', () => {
  const numbers = [
    new Uint8Array(9).fill(0x80),
    new Uint8Array(9).fill(0xff),
    // Zero, in more bytes than any number needs.
    Uint8Array.of(...new Array(8).fill(0x80), 0),
    Uint8Array.of(...new Array(7).fill(0xff), 0x7f),
  ];
  for (const bytes of numbers) expect(() => new ByteReader(bytes).varint()).toThrow(RangeError);
  expect(new ByteReader(Uint8Array.of(...new Array(7).fill(0xff), 0x0f)).varint()).toBe(Number.MAX_SAFE_INTEGER);
});

it('refuses a window that does not lie in the bytes', () => {
  const bytes = new Uint8Array(4);
  for (const [offset, end] of [
    [-1, 4],
    [0, 5],
    [3, 2],
  ] as const) {
    expect(() => new ByteReader(bytes, offset, end)).toThrow(RangeError);
  }
});

it('reads a view that does not start with its buffer', () => {
  expect(new ByteReader(Uint8Array.of(9, 1, 0, 0, 0).subarray(1)).uint32()).toBe(1);
});
