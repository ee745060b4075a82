import type { TarEntry } from '../../services/domain/layers/tar/entry.ts';
import { TarParser } from '../../services/domain/layers/tar/parser.ts';
import { LIMITS, type Limits } from '../../services/domain/limits.ts';
import { concat } from './tar-blocks.ts';

export interface ReadEntry extends TarEntry {
  readonly head: Uint8Array;
  /** null where it was not wanted. */
  content: Uint8Array | null;
  readonly contentOffset: number;
}

export interface ReadOptions {
  readonly limits?: Partial<Limits>;
  /** Sizes of the chunks that are pushed, over and over; by default all at once. */
  readonly chunks?: readonly number[];
  readonly wants?: (entry: TarEntry) => boolean;
  /** Passes over what nobody wants instead of pushing it. */
  readonly skip?: boolean;
}

export interface ReadArchive {
  readonly entries: readonly ReadEntry[];
  readonly unknownEntries: number;
  readonly offset: number;
  readonly ended: boolean;
}

/** Runs the parser over a whole archive and keeps everything. Lent bytes are copied, then each chunk is overwritten. */
export function readTar(archive: Uint8Array, options: ReadOptions = {}): ReadArchive {
  const { wants = () => true, chunks = [Math.max(archive.length, 1)] } = options;
  const entries: ReadEntry[] = [];
  let parts: Uint8Array[] | null = null;
  const parser: TarParser = new TarParser(
    {
      entry(entry, head) {
        if (parts !== null) throw new Error('entry before the end of the last one');
        entries.push({ ...entry, head: head.slice(), content: null, contentOffset: parser.contentOffset });
        const wanted = wants(entry);
        if (wanted) parts = [];
        return wanted;
      },
      data(chunk) {
        if (parts === null) throw new Error('data that was not asked for');
        parts.push(chunk.slice());
      },
      end() {
        if (parts === null) throw new Error('end without entry');
        entries.at(-1)!.content = concat(...parts);
        parts = null;
      },
    },
    { ...LIMITS, ...options.limits },
  );
  let turn = 0;
  for (let at = 0; at < archive.length; ) {
    if (options.skip && parser.skippable > 0) {
      const length = Math.min(parser.skippable, archive.length - at);
      parser.skip(length);
      at += length;
      continue;
    }
    const chunk = Uint8Array.from(archive.subarray(at, at + chunks[turn++ % chunks.length]!));
    parser.push(chunk);
    at += chunk.length;
    if (parser.offset !== at) throw new Error(`${parser.offset} bytes consumed of ${at}`);
    chunk.fill(0xff);
  }
  parser.finish();
  if (parts !== null) throw new Error('the last entry has no end');
  return { entries, unknownEntries: parser.unknownEntries, offset: parser.offset, ended: parser.ended };
}
