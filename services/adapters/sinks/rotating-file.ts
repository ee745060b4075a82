import { closeSync, fstatSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { RecordLine } from '../../domain/runtime/backlog.ts';
import type { RecordSink } from '../../pipeline/runtime-ports.ts';

/**
 * JSON lines in a file that grows to so many bytes; then it is renamed to FILE.1, that one to FILE.2, and so on, and the last
 * of `count` is gone. A line is whole in one file. What was written half (no space left) is taken back.
 */
export class RotatingFile implements RecordSink {
  readonly name: string;
  readonly #path: string;
  readonly #mostBytes: number;
  readonly #count: number;
  #descriptor: number | null = null;
  #size = 0;

  constructor(path: string, { mostBytes, count }: { mostBytes: number; count: number }) {
    this.name = `file ${path}`;
    this.#path = path;
    this.#mostBytes = mostBytes;
    this.#count = count;
  }

  async send(lines: readonly RecordLine[]): Promise<void> {
    let waiting: Buffer[] = [];
    let bytes = 0;
    const write = () => {
      this.#append(Buffer.concat(waiting));
      waiting = [];
      bytes = 0;
    };
    for (const { text } of lines) {
      const line = Buffer.from(`${text}\n`);
      this.#open();
      if (this.#size + bytes > 0 && this.#size + bytes + line.length > this.#mostBytes) {
        if (bytes > 0) write();
        this.#rotate();
      }
      waiting.push(line);
      bytes += line.length;
    }
    if (bytes > 0) write();
  }

  async close(): Promise<void> {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #open(): number {
    if (this.#descriptor === null) {
      this.#descriptor = openSync(this.#path, 'a', 0o640);
      this.#size = fstatSync(this.#descriptor).size;
    }
    return this.#descriptor;
  }

  #append(bytes: Buffer): void {
    const descriptor = this.#open();
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
      this.#size += bytes.length;
    } catch (error) {
      ftruncateSync(descriptor, this.#size);
      throw error;
    }
  }

  #rotate(): void {
    closeSync(this.#open());
    this.#descriptor = null;
    const name = (number: number) => (number === 0 ? this.#path : `${this.#path}.${number}`);
    rmSync(name(this.#count - 1), { force: true });
    for (let number = this.#count - 2; number >= 0; number--) {
      try {
        renameSync(name(number), name(number + 1));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    this.#open();
  }
}
