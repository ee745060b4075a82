import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PlimsollError } from '../../domain/errors.ts';
import { STREAM_BUFFER_BYTES, STREAM_BUFFERS } from './protocol.ts';
import { receiveStream, sendStream } from './stream-port.ts';

const never = new AbortController().signal;

async function* pieces(
  sizes: readonly number[],
  onPull: (bytes: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  let value = 0;
  for (const size of sizes) {
    onPull(size);
    yield Uint8Array.from({ length: size }, () => value++ & 0xff);
  }
}

describe('a stream between threads', () => {
  test('carries every byte in its order, whatever the pieces', async () => {
    const size = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 3 * STREAM_BUFFER_BYTES }));
    await fc.assert(
      fc.asyncProperty(fc.array(size, { maxLength: 6 }), async (sizes) => {
        const { port1, port2 } = new MessageChannel();
        const sent = sendStream(port1, pieces(sizes), never);
        let bytes = 0;
        let wrong = 0;
        for await (const chunk of receiveStream(port2)) {
          for (const byte of chunk) if (byte !== (bytes++ & 0xff)) wrong++;
        }
        expect([await sent, bytes, wrong]).toEqual([null, sizes.reduce((sum, each) => sum + each, 0), 0]);
      }),
      { numRuns: 20 },
    );
  });

  test('fetches no more than its buffers hold while nobody reads', async () => {
    const { port1, port2 } = new MessageChannel();
    const stop = new AbortController();
    let pulled = 0;
    const many = new Array<number>(10 * STREAM_BUFFERS).fill(STREAM_BUFFER_BYTES / 2);
    const sent = sendStream(
      port1,
      pieces(many, (bytes) => {
        pulled += bytes;
      }),
      stop.signal,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(pulled).toBeGreaterThanOrEqual(STREAM_BUFFERS * STREAM_BUFFER_BYTES);
    expect(pulled).toBeLessThanOrEqual((STREAM_BUFFERS + 1) * STREAM_BUFFER_BYTES);
    stop.abort();
    expect(await sent).toBeNull();
    expect(pulled).toBeLessThanOrEqual((STREAM_BUFFERS + 1) * STREAM_BUFFER_BYTES);
    port2.close();
  });

  test('carries the failure of its source, with its code, behind what came before', async () => {
    const { port1, port2 } = new MessageChannel();
    const failure = new PlimsollError('REGISTRY_UNAVAILABLE', 'it broke off');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* pieces([STREAM_BUFFER_BYTES]);
      throw failure;
    }
    const sent = sendStream(port1, failing(), never);
    let bytes = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of receiveStream(port2)) bytes += chunk.length;
    };
    await expect(read()).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE', message: 'it broke off' });
    expect([await sent, bytes]).toEqual([failure, STREAM_BUFFER_BYTES]);
  });
});
