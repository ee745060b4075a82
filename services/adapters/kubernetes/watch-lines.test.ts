import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type WatchEvent, watchEvents } from './watch-lines.ts';

async function readAll(body: AsyncIterable<Buffer>, maxBytes: number): Promise<readonly WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const event of watchEvents(body, maxBytes)) events.push(event);
  return events;
}

async function* inPieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (const cut of cuts.map((each) => each % (bytes.length + 1)).sort((a, b) => a - b)) {
    yield bytes.subarray(start, cut);
    start = cut;
  }
  yield bytes.subarray(start);
}

test('the same events, wherever the stream is cut', async () => {
  const event = fc.record({ type: fc.string(), object: fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' })) });
  await fc.assert(
    fc.asyncProperty(fc.array(event), fc.array(fc.nat()), async (events, cuts) => {
      const body = Buffer.from(events.map((each) => `${JSON.stringify(each)}\n`).join('\n'));
      const read = await readAll(inPieces(body, cuts), body.length);
      expect(read).toEqual(events.map((each) => JSON.parse(JSON.stringify(each))));
    }),
  );
});

test('a last line without its end was cut off, and is no event', async () => {
  const whole = '{"type":"ADDED","object":{}}\n';
  const read = await readAll(inPieces(Buffer.from(`${whole}${whole.trim()}`), []), 1_000);
  expect(read).toHaveLength(1);
});
