import type { Limits } from '../limits.ts';
import { decodeFrame } from './decode-frame.ts';
import { LAYOUT } from './layout.ts';
import type { SensorFrame } from './sensor-frame.ts';

const HEAD_BYTES = LAYOUT.structures.frame_head.size;
const NOTHING = new Uint8Array(0);

/** Cuts the stream of the sensor into frames. Bytes may come in pieces of any size, and be anything. */
export class FrameReader {
  readonly #limits: Pick<Limits, 'sensorFrameBytes'>;
  #rest: Uint8Array = NOTHING;
  #broken = false;

  constructor(limits: Pick<Limits, 'sensorFrameBytes'>) {
    this.#limits = limits;
  }

  /** Every frame that is whole now, in order. After `broken` there is none. */
  push(chunk: Uint8Array): SensorFrame[] {
    if (this.#broken) return [];
    const bytes = this.#joined(chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const frames: SensorFrame[] = [];
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const length = view.getUint32(at, true);
      if (length < HEAD_BYTES || length > this.#limits.sensorFrameBytes) {
        this.#broken = true;
        frames.push({
          type: 'broken',
          reason: `a frame of ${length} bytes; the least is ${HEAD_BYTES}, the most ${this.#limits.sensorFrameBytes} (sensorFrameBytes)`,
        });
        this.#rest = NOTHING;
        return frames;
      }
      if (bytes.length - at < length) break;
      frames.push(decodeFrame(bytes.subarray(at, at + length)));
      at += length;
    }
    // A copy: the caller may use its chunk again.
    this.#rest = at === bytes.length ? NOTHING : bytes.slice(at);
    return frames;
  }

  /** Bytes of a frame that has begun: how much is lost where the stream ends here. */
  get unfinished(): number {
    return this.#rest.length;
  }

  #joined(chunk: Uint8Array): Uint8Array {
    if (this.#rest.length === 0) return chunk;
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    return bytes;
  }
}
