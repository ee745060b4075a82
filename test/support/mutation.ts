import fc from 'fast-check';
import { concat } from './tar-blocks.ts';

type Change = (bytes: Uint8Array) => Uint8Array;

const at = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

/** One blow to a file: cut, zeroed or flipped bytes, a piece doubled, moved or put in from nowhere. */
const change: fc.Arbitrary<Change> = fc.oneof(
  at.map((where) => (bytes: Uint8Array) => bytes.slice(0, where * bytes.length)),
  fc.tuple(at, at).map(([from, to]) => (bytes: Uint8Array) => {
    return Uint8Array.from(bytes).fill(0, from * bytes.length, to * bytes.length);
  }),
  fc.tuple(at, fc.nat(7)).map(([where, bit]) => (bytes: Uint8Array) => {
    const copy = Uint8Array.from(bytes);
    const index = Math.floor(where * bytes.length);
    if (index < copy.length) copy[index] = copy[index]! ^ (1 << bit);
    return copy;
  }),
  fc.tuple(at, at).map(([from, to]) => (bytes: Uint8Array) => {
    return concat(bytes.subarray(0, to * bytes.length), bytes.subarray(from * bytes.length));
  }),
  fc.tuple(at, fc.uint8Array({ maxLength: 64 })).map(([where, piece]) => (bytes: Uint8Array) => {
    const index = Math.floor(where * bytes.length);
    return concat(bytes.subarray(0, index), piece, bytes.subarray(index));
  }),
);

/** A file of the corpus after one to four blows. */
export function mutated(corpus: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const start = fc.constantFrom(...corpus);
  const changes = fc.array(change, { minLength: 1, maxLength: 4 });
  return fc.tuple(start, changes).map(([bytes, blows]) => blows.reduce((last, blow) => blow(last), bytes));
}
