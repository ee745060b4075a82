import type { Limits } from '../../limits.ts';
import { concatenated } from '../concatenated.ts';
import {
  type DatabaseFile,
  type DatabaseUnit,
  EMPTY_UNIT,
  type EntryFacts,
  type FileExtractor,
  type ReadContext,
} from '../ecosystem.ts';
import { HeldFile } from '../held-file.ts';
import { UnitGaps } from '../unit-gaps.ts';
import { ZipArchive, type ZipEntry } from '../zip-archive.ts';
import { readMetadata } from './metadata.ts';

/** Where an egg has its metadata; Python finds it in any case. */
const METADATA = /^EGG-INFO\/PKG-INFO$/i;

const NEWLINE = 0x0a;

interface Kept {
  readonly isFound: boolean;
  readonly gaps: DatabaseUnit['gaps'];
}

/** Holds one zipped egg (setuptools, "The Internal Structure of Python Eggs") and keeps its PKG-INFO. */
export class EggExtractor implements FileExtractor {
  readonly #context: ReadContext;
  readonly #file: HeldFile;

  constructor({ size }: EntryFacts, context: ReadContext) {
    this.#context = context;
    this.#file = new HeldFile(size, context.limits.wantedFileBytes);
  }

  push(piece: Uint8Array): void {
    this.#file.push(piece);
  }

  /** One line of JSON, the flaws, and behind it the PKG-INFO if there is one. */
  finish(): Uint8Array {
    const gaps = new UnitGaps();
    const metadata = this.#metadata(gaps);
    const flaws = new TextEncoder().encode(
      `${JSON.stringify({ isFound: metadata !== null, gaps: gaps.all() } satisfies Kept)}\n`,
    );
    return concatenated([flaws, metadata ?? new Uint8Array(0)]);
  }

  #metadata(gaps: UnitGaps): Uint8Array | null {
    const { wantedFileBytes, packageFileBytes, jarEntries } = this.#context.limits;
    const unparsable = (flaw: string): null => {
      gaps.add('package-file-unparsable', flaw);
      return null;
    };
    const past = (what: string): null => {
      gaps.add('limit-reached', what);
      return null;
    };
    const bytes = this.#file.take();
    if (bytes === null) return past(`the file has more than ${wantedFileBytes} bytes (wantedFileBytes)`);
    const archive = ZipArchive.open(bytes);
    if (typeof archive === 'string') return unparsable(archive);
    let found: ZipEntry | null = null;
    let entries = 0;
    for (const entry of archive.entries(unparsable)) {
      if (++entries > jarEntries) return past(`it has more than ${jarEntries} entries (jarEntries)`);
      if (METADATA.test(entry.name)) found = entry;
    }
    if (found === null) return unparsable('it has no EGG-INFO/PKG-INFO');
    if (found.size > packageFileBytes)
      return past(`its PKG-INFO has more than ${packageFileBytes} bytes (packageFileBytes)`);
    const content = archive.read(found, this.#context.inflate);
    return typeof content === 'string' ? unparsable(content) : content;
  }
}

/** Of what the extractor kept. */
export function readEgg({ path, bytes }: DatabaseFile, limits: Limits): DatabaseUnit {
  const end = bytes.indexOf(NEWLINE);
  const { isFound, gaps } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as Kept;
  if (!isFound) return { ...EMPTY_UNIT, path, isDatabase: true, gaps };
  const unit = readMetadata({ path, bytes: bytes.subarray(end + 1) }, limits);
  return { ...unit, gaps: [...gaps, ...unit.gaps] };
}
