import { decodePath } from '../layers/path.ts';
import { LAYOUT } from './layout.ts';

const { frame_head } = LAYOUT.structures;

export type Field = readonly [offset: number, size: number];

/** Reads fields of one frame; past its end is a RangeError of DataView. */
export class FrameBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get flags(): number {
    return this.number(frame_head.fields.flags);
  }

  expect(size: number): void {
    if (this.#bytes.length !== size) throw new RangeError(`it has ${this.#bytes.length} bytes in the place of ${size}`);
  }

  number([offset, size]: Field): number {
    if (size === 1) return this.#view.getUint8(offset);
    return size === 2 ? this.#view.getUint16(offset, true) : this.#view.getUint32(offset, true);
  }

  big([offset]: Field): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  bytes([offset, size]: Field): Uint8Array {
    return this.#bytes.subarray(offset, offset + size);
  }

  /** Up to the first NUL. */
  text(offset: number, size: number): string {
    const bytes = this.#bytes.subarray(offset, offset + size);
    const end = bytes.indexOf(0);
    return decodePath(end < 0 ? bytes : bytes.subarray(0, end));
  }

  /** Each ended by a NUL, the last perhaps cut. */
  texts(offset: number, size: number): string[] {
    const found: string[] = [];
    for (let at = offset; at < offset + size; ) {
      const end = this.#bytes.indexOf(0, at);
      const stop = end < 0 || end > offset + size ? offset + size : end;
      found.push(decodePath(this.#bytes.subarray(at, stop)));
      at = stop + 1;
    }
    return found;
  }
}

/** The name that stands at this place of a list, as an enum of C counts. RangeError where there is none. */
export function named<T>(names: readonly T[], number: number, what: string): T {
  const name = names[number];
  if (name === undefined) throw new RangeError(`no ${what} ${number} is known`);
  return name;
}
