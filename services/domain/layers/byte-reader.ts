/** Reads what ByteWriter wrote. Reading past the end throws a RangeError: the bytes are not what they claim to be. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    if (offset < 0 || offset > end || end > bytes.length) throw new RangeError('read past the end');
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
    this.end = end;
  }

  byte(): number {
    if (this.offset >= this.end) throw new RangeError('read past the end');
    return this.#bytes[this.offset++]!;
  }

  uint32(): number {
    if (this.offset + 4 > this.end) throw new RangeError('read past the end');
    const value = this.#view.getUint32(this.offset, true);
    this.offset += 4;
    return value;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let next = this.byte(); ; next = this.byte()) {
      value += (next & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('a number past 2^53 - 1');
      if (next < 0x80) return value;
      scale *= 0x80;
      if (scale > Number.MAX_SAFE_INTEGER) throw new RangeError('a number of too many bytes');
    }
  }

  bytes(length: number): Uint8Array {
    if (this.offset + length > this.end) throw new RangeError('read past the end');
    const value = this.#bytes.subarray(this.offset, this.offset + length);
    this.offset += length;
    return value;
  }
}
