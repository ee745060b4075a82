import type { MessagePort } from 'node:worker_threads';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { STREAM_CHUNK_BYTES, STREAM_CREDITS, type StreamMessage } from './protocol.ts';

/** Bytes that pass from the main thread to a layer thread, no faster than they are read there. */

/**
 * Sends all of `chunks`, then their end or their failure, which it answers too: null where all were sent. Ends early,
 * and leaves the chunks, where `signal` is aborted.
 */
export async function sendStream(
  port: MessagePort,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<PlimsollError | null> {
  let credits = STREAM_CREDITS;
  let waiting = Promise.withResolvers<void>();
  const wake = (): void => waiting.resolve();
  port.on('message', () => {
    credits++;
    wake();
  });
  signal.addEventListener('abort', wake, { once: true });
  const post = (message: StreamMessage, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  try {
    for await (const bytes of filled(chunks)) {
      while (credits === 0 && !signal.aborted) {
        waiting = Promise.withResolvers<void>();
        await waiting.promise;
      }
      if (signal.aborted) return null;
      credits--;
      post({ kind: 'bytes', bytes }, [bytes.buffer]);
    }
    post({ kind: 'end' });
    return null;
  } catch (cause) {
    const error = cause instanceof PlimsollError ? cause : new PlimsollError('INTERNAL', messageOf(cause), { cause });
    post({ kind: 'failed', code: error.code, message: error.message });
    return error;
  } finally {
    signal.removeEventListener('abort', wake);
  }
}

/** In pieces of one size, which belong to whoever gets them. */
async function* filled(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let piece = new Uint8Array(STREAM_CHUNK_BYTES);
  let length = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + piece.length - length);
      piece.set(part, length);
      at += part.length;
      length += part.length;
      if (length < piece.length) continue;
      yield piece;
      piece = new Uint8Array(STREAM_CHUNK_BYTES);
      length = 0;
    }
  }
  if (length > 0) yield piece.slice(0, length);
}

/** What was sent, in the layer thread; raises the sender's failure. */
export async function* receiveStream(port: MessagePort): AsyncGenerator<Uint8Array> {
  const arrived: StreamMessage[] = [];
  let waiting = Promise.withResolvers<void>();
  port.on('message', (message: StreamMessage) => {
    arrived.push(message);
    waiting.resolve();
  });
  try {
    for (;;) {
      const message = arrived.shift();
      if (message === undefined) {
        waiting = Promise.withResolvers<void>();
        await waiting.promise;
      } else if (message.kind === 'bytes') {
        yield message.bytes;
        port.postMessage(null);
      } else if (message.kind === 'end') return;
      else throw new PlimsollError(message.code, message.message);
    }
  } finally {
    port.close();
  }
}
