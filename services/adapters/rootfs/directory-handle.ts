import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { decodePath, encodePath } from '../../domain/layers/path.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * An open directory. Names are looked up in it by descriptor (/proc/self/fd/N/NAME, as openat(2) does), so that no link
 * that appears in the path meanwhile can lead out of the tree; the last component is never followed.
 */
export class DirectoryHandle {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static open(path: string): DirectoryHandle {
    return new DirectoryHandle(openSync(path, O_RDONLY | O_DIRECTORY));
  }

  /** Sorted, so that every walk has the same order. */
  names(): string[] {
    const directory = `/proc/self/fd/${this.#fd}`;
    const names = readdirSync(directory);
    // Bytes that are no UTF-8 read as U+FFFD: only then is the slow way taken, which keeps them apart.
    const exact = names.some((name) => name.includes('\ufffd'))
      ? readdirSync(directory, 'buffer').map(decodePath)
      : names;
    return exact.sort();
  }

  stat(name: string): Stats {
    return lstatSync(this.#at(name));
  }

  readLink(name: string): string {
    return decodePath(readlinkSync(this.#at(name), { encoding: 'buffer' }));
  }

  directory(name: string): DirectoryHandle {
    return new DirectoryHandle(openSync(this.#at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }

  /** A descriptor for reading; O_NONBLOCK, so that a FIFO without a writer cannot hang the open. */
  file(name: string): number {
    return openSync(this.#at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #at(name: string): string | Buffer {
    if (name.isWellFormed()) return `/proc/self/fd/${this.#fd}/${name}`;
    return Buffer.concat([Buffer.from(`/proc/self/fd/${this.#fd}/`), encodePath(name)]);
  }
}
