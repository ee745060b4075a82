import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../domain/limits.ts';
import type { LayerJob } from '../../pipeline/layer-ports.ts';
import { frameHeader, jsonFrame, PART, PROGRESS, READING } from './frames.ts';
import { type Answer, AnswerReader, AnswerRefused } from './process-answer.ts';

const JOB: LayerJob = {
  layer: 0,
  location: { kind: 'file', path: 'x', compression: 'none', offset: 0, size: 1 },
  digest: null,
  size: null,
  wantDiffId: false,
  analyzers: [{ id: 'a', version: 7 }],
  inventory: 'full',
  extra: null,
};
const OUTLINE = { bytes: 3, entries: 2, diffId: null, whiteouts: [], opaques: [], flaws: [] };
const PARTS: readonly (readonly [string, Uint8Array])[] = [
  ['outline@1', Buffer.from(JSON.stringify(OUTLINE))],
  ['inventory-full@1', Buffer.alloc(8)],
  ['a@7', Buffer.from('{"read":[],"units":[]}')],
  ['a-files@7', Buffer.from('[]')],
];
const said = Buffer.concat([
  jsonFrame(PROGRESS, { readBytes: 1, entries: 1 }),
  ...PARTS.flatMap(([part, bytes]) => [jsonFrame(PART, { part, length: bytes.length }), bytes]),
  jsonFrame(READING, { bytes: 3, entries: 2, failure: null }),
]);

/** What comes of bytes that arrive in these pieces. */
function heard(bytes: Uint8Array, cuts: readonly number[]): { answer: Answer | null; progress: unknown[] } {
  const progress: unknown[] = [];
  const reader = new AnswerReader(JOB, LIMITS, (each) => progress.push(each));
  let answer: Answer | null = null;
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    answer ??= reader.push(bytes.subarray(from, end));
    from = end;
  }
  return { answer, progress };
}

describe('the answer of a process', () => {
  test('is the same, in whatever pieces it comes', () => {
    const whole = { parts: new Map(PARTS), bytes: 3, entries: 2, failure: null };
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        const { answer, progress } = heard(said, cuts);
        expect({ ...answer, parts: [...answer!.parts].map(([part, bytes]) => [part, Buffer.from(bytes)]) }).toEqual({
          ...whole,
          parts: PARTS.map(([part, bytes]) => [part, Buffer.from(bytes)]),
        });
        expect(progress).toEqual([{ readBytes: 1, entries: 1 }]);
      }),
    );
  });

  test('does not come of what is cut, and damage is refused or changes nothing but what was said', () => {
    const damage = fc.array(fc.tuple(fc.nat({ max: said.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 });
    fc.assert(
      fc.property(fc.nat({ max: said.length - 1 }), damage, fc.array(fc.nat()), (length, changes, cuts) => {
        expect(heard(said.subarray(0, length), cuts).answer).toBeNull();
        const bytes = Buffer.from(said);
        for (const [at, to] of changes) bytes[at] = to;
        try {
          const { answer } = heard(bytes, cuts);
          if (answer !== null && answer.failure === null) {
            expect([...answer.parts.keys()]).toEqual(expect.arrayContaining(['outline@1', 'inventory-full@1', 'a@7']));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(AnswerRefused);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('takes no memory for what is only announced', () => {
    const reader = new AnswerReader(JOB, LIMITS, () => {});
    const before = process.memoryUsage.rss();
    reader.push(jsonFrame(PART, { part: 'inventory-full@1', length: 2 ** 30 }));
    expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 28);
    expect(() => reader.push(jsonFrame(PART, { part: 'x', length: 0 }))).not.toThrow();
  });

  test('has messages of a length that it may have', () => {
    const most = LIMITS.layerProcessMessageBytes;
    const text = (length: number) => Buffer.from('{"readBytes":0,"entries":0}'.padEnd(length));
    const push = (length: number) =>
      new AnswerReader(JOB, LIMITS, () => {}).push(Buffer.concat([frameHeader(PROGRESS, length), text(length)]));
    expect(push(most)).toBeNull();
    expect(() => push(most + 1)).toThrow('layerProcessMessageBytes');
  });
});
