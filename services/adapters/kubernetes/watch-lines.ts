import { PlimsollError } from '../../domain/errors.ts';

/** One change of a watch (Kubernetes API concepts, "Efficient detection of changes"). */
export interface WatchEvent {
  readonly type: string;
  readonly object: Readonly<Record<string, unknown>>;
}

/** The events of a watch's body: JSON, one a line. KUBERNETES_UNAVAILABLE where a line is none, or longer than `maxBytes`. */
export async function* watchEvents(body: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<WatchEvent> {
  const limit = 'kubernetesEventBytes';
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      const piece = chunk.subarray(start, end === -1 ? chunk.length : end);
      bytes += piece.length;
      if (bytes > maxBytes) {
        const message = `The API server sends an event of more than ${maxBytes} bytes (${limit})`;
        throw new PlimsollError('KUBERNETES_UNAVAILABLE', message, { details: { limit } });
      }
      pieces.push(piece);
      if (end === -1) break;
      if (bytes > 0) yield eventIn(Buffer.concat(pieces));
      pieces = [];
      bytes = 0;
      start = end + 1;
    }
  }
}

function eventIn(line: Buffer): WatchEvent {
  let event: Partial<WatchEvent> | null;
  try {
    event = JSON.parse(line.toString('utf8'));
  } catch (cause) {
    throw new PlimsollError('KUBERNETES_UNAVAILABLE', 'The API server sends events that are no JSON', { cause });
  }
  if (typeof event?.type === 'string' && typeof event.object === 'object' && event.object !== null) {
    return event as WatchEvent;
  }
  throw new PlimsollError('KUBERNETES_UNAVAILABLE', 'The API server sends events without type and object');
}
