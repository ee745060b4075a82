/** A file that is held as it streams by, as what is needed of it stands at its end. */
export class HeldFile {
  readonly #size: number;
  readonly #isHeld: boolean;
  #bytes: Uint8Array | null = null;
  #filled = 0;

  /** Nothing is held of a file of more than `most` bytes. */
  constructor(size: number, most: number) {
    this.#size = size;
    this.#isHeld = size <= most;
  }

  push(piece: Uint8Array): void {
    if (!this.#isHeld) return;
    this.#bytes ??= new Uint8Array(this.#size);
    // A file of a running system may grow while it is read.
    const fitting = piece.subarray(0, this.#size - this.#filled);
    this.#bytes.set(fitting, this.#filled);
    this.#filled += fitting.length;
  }

  /** What was held, which is let go; null where the file is too long. */
  take(): Uint8Array | null {
    const bytes = (this.#bytes ?? new Uint8Array(0)).subarray(0, this.#filled);
    this.#bytes = null;
    return this.#isHeld ? bytes : null;
  }
}
