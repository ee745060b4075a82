import { read, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { PlimsollError } from '../../domain/errors.ts';
import type { ToldJob } from '../../pipeline/layer-ports.ts';
import { BYTES, END, FAILED, HEADER_BYTES, jsonFrame, PART, PROGRESS, READING, TASK } from './frames.ts';
import type { LayerMessage, LayerTask } from './protocol.ts';
import { type AnalyzersOf, type Feeds, runLayerTask } from './run-layer-task.ts';

const STDIN = 0;
const STDOUT = 1;

/** The task of a process: one layer, whose bytes follow. */
export type PipedTask = Omit<LayerTask, 'jobs' | 'stream'> & { readonly job: ToldJob };

/** Reads the layer that standard input brings, and writes what is in it to standard output. Nothing where none comes. */
export async function readPipedLayer(analyzersOf: AnalyzersOf, feeds: Feeds): Promise<void> {
  const first = await nextFrame();
  if (first === null) return;
  if (first.kind !== TASK) throw new Error('the first frame is the task');
  const { job, ...task } = jsonOf(first.payload) as PipedTask;
  const stream = new PipedStream();
  await runLayerTask({ ...task, jobs: [job], stream, verified: () => stream.digest }, analyzersOf, feeds, say);
}

/** The layer's bytes; each chunk is lent until the next one is asked for. Raises what the sender could not help. */
class PipedStream {
  /** Once all have passed. */
  digest = '';

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let frame = await nextFrame(); ; frame = await nextFrame()) {
      if (frame === null) throw new Error('standard input was closed before the layer was through');
      if (frame.kind === BYTES) yield frame.payload;
      else if (frame.kind === END) {
        this.digest = (jsonOf(frame.payload) as { digest: string }).digest;
        return;
      } else {
        const { code, message } = jsonOf(frame.payload) as Pick<PlimsollError, 'code' | 'message'>;
        throw new PlimsollError(frame.kind === FAILED ? code : 'INTERNAL', message);
      }
    }
  }
}

interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

const readSome = promisify(read);
const header = new Uint8Array(HEADER_BYTES);
/** Fresh memory costs more than filling what is there. */
let buffer = new Uint8Array(0);

/** Null at the end of standard input; the payload is lent until the next call. */
async function nextFrame(): Promise<Frame | null> {
  if (!(await fill(header))) return null;
  const length = new DataView(header.buffer).getUint32(1, true);
  if (buffer.length < length) buffer = new Uint8Array(length);
  const payload = buffer.subarray(0, length);
  return (await fill(payload)) ? { kind: header[0]!, payload } : null;
}

/** False where standard input ends before. */
async function fill(target: Uint8Array): Promise<boolean> {
  for (let at = 0; at < target.length; ) {
    const { bytesRead } = await readSome(STDIN, target, at, target.length - at, null);
    if (bytesRead === 0) return false;
    at += bytesRead;
  }
  return true;
}

function jsonOf(payload: Uint8Array): unknown {
  return JSON.parse(Buffer.from(payload).toString('utf8'));
}

function say(message: LayerMessage): void {
  if (message.kind === 'progress')
    write(jsonFrame(PROGRESS, { readBytes: message.readBytes, entries: message.entries }));
  if (message.kind !== 'reading') return;
  const { parts, bytes, entries, failure } = message;
  for (const [part, content] of parts) {
    write(jsonFrame(PART, { part, length: content.length }));
    write(content);
  }
  write(jsonFrame(READING, { bytes, entries, failure }));
}

function write(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at);
}
