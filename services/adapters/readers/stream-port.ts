import type { MessagePort } from 'node:worker_threads';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { STREAM_BUFFER_BYTES, STREAM_BUFFERS, type StreamMessage } from './protocol.ts';

/** Bytes that pass from the main thread to a layer thread, no faster than they are read there. */

/**
 * Sends all of `chunks`, then their end or their failure, which it answers too: null where all were sent. Ends early,
 * and leaves the chunks, where `signal` is aborted. What is under way lies in a few buffers, which go back and forth.
 */
export async function sendStream(
  port: MessagePort,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<PlimsollError | null> {
  const post = (message: StreamMessage, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  const buffers = new Buffers(port, signal);
  try {
    let buffer = await buffers.take();
    let length = 0;
    const send = (): void => post({ kind: 'bytes', bytes: buffer!.subarray(0, length) }, [buffer!.buffer]);
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) {
        if (buffer === null) return null;
        const part = chunk.subarray(at, at + buffer.length - length);
        buffer.set(part, length);
        at += part.length;
        length += part.length;
        if (length < buffer.length) continue;
        send();
        buffer = await buffers.take();
        length = 0;
      }
    }
    if (length > 0 && buffer !== null) send();
    post({ kind: 'end' });
    return null;
  } catch (cause) {
    const error = cause instanceof PlimsollError ? cause : new PlimsollError('INTERNAL', messageOf(cause), { cause });
    post({ kind: 'failed', code: error.code, message: error.message });
    return error;
  } finally {
    buffers.close();
  }
}

/** The sender's buffers: those that come back are filled again. */
class Buffers {
  readonly #free: Uint8Array<ArrayBuffer>[];
  readonly #signal: AbortSignal;
  #waiting = Promise.withResolvers<void>();
  readonly #wake = (): void => this.#waiting.resolve();

  constructor(port: MessagePort, signal: AbortSignal) {
    this.#free = Array.from({ length: STREAM_BUFFERS }, () => new Uint8Array(STREAM_BUFFER_BYTES));
    this.#signal = signal;
    port.on('message', (returned: ArrayBuffer) => {
      this.#free.push(new Uint8Array(returned));
      this.#wake();
    });
    signal.addEventListener('abort', this.#wake, { once: true });
  }

  /** Waits until one is free; null where the signal is aborted. */
  async take(): Promise<Uint8Array<ArrayBuffer> | null> {
    while (!this.#signal.aborted) {
      const buffer = this.#free.pop();
      if (buffer !== undefined) return buffer;
      this.#waiting = Promise.withResolvers<void>();
      await this.#waiting.promise;
    }
    return null;
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#wake);
  }
}

/** What was sent, in the layer thread; each chunk is lent until the next one is asked for. Raises the sender's failure. */
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
        port.postMessage(message.bytes.buffer, [message.bytes.buffer]);
      } else if (message.kind === 'end') return;
      else throw new PlimsollError(message.code, message.message);
    }
  } finally {
    port.close();
  }
}
