import { decodePath } from '../../layers/path.ts';
import type { Limits } from '../../limits.ts';
import type { ReadContext } from '../ecosystem.ts';
import { quote, type UnitGaps } from '../unit-gaps.ts';
import { crc32, ZipArchive, type ZipEntry } from '../zip-archive.ts';

/** What one Java archive says of itself. */
export interface ArchiveFacts {
  /** The names that lead to it from the outermost archive, none for that. */
  readonly location: readonly string[];
  /** The main section of META-INF/MANIFEST.MF. */
  readonly manifest: string | null;
  /** Every pom.properties: META-INF/maven/GROUP/ARTIFACT/pom.properties. */
  readonly poms: readonly { readonly path: string; readonly text: string }[];
}

/** Java's own kinds, hpi and jpi of Jenkins. */
const ARCHIVE = /\.(?:jar|war|ear|par|hpi|jpi)$/i;
/** The runtime finds it in any case. */
const MANIFEST = /^META-INF\/MANIFEST\.MF$/i;
/** Where Maven puts it, and wherever else shading moved it. */
const POM = /(?:^|\/)pom\.properties$/;
/** The end of the main section: an empty line. What follows are digests of signed entries. */
const SECTION_END = /\r\n\r\n|\n\n|\r\r/;

export function isJavaArchive(path: string): boolean {
  return ARCHIVE.test(path);
}

/** Reads one file and the archives in it, each only as long as it is read. */
export class ArchiveReader {
  readonly #context: ReadContext;
  readonly #limits: Limits;
  readonly #gaps: UnitGaps;
  readonly #facts: ArchiveFacts[] = [];
  #entriesLeft: number;
  #bytesLeft: number;
  #textLeft: number;

  constructor(context: ReadContext, gaps: UnitGaps) {
    this.#context = context;
    this.#limits = context.limits;
    this.#gaps = gaps;
    this.#entriesLeft = context.limits.jarEntries;
    this.#bytesLeft = context.limits.jarBytes;
    this.#textLeft = context.limits.jarTextBytes;
  }

  /** The outermost archive first, and each before those in it. */
  read(bytes: Uint8Array): readonly ArchiveFacts[] {
    const { ratio, ratioGraceBytes } = this.#limits;
    this.#bytesLeft = Math.min(this.#bytesLeft, Math.max(ratioGraceBytes, bytes.length * ratio));
    this.#read(bytes, []);
    return this.#facts;
  }

  #read(bytes: Uint8Array, location: readonly string[]): void {
    const where = location.length === 0 ? '' : `in ${quote(location.join('!/'))}: `;
    const flawed = (flaw: string): void => this.#gaps.add('package-file-unparsable', `${where}${flaw}`);
    const archive = bytes.length === 0 ? 'it is empty' : ZipArchive.open(bytes);
    if (typeof archive === 'string') {
      flawed(archive);
      return;
    }
    let manifest: string | null = null;
    const poms: { path: string; text: string }[] = [];
    const nested: ZipEntry[] = [];
    for (const entry of archive.entries(flawed)) {
      if (this.#entriesLeft-- <= 0) {
        this.#gaps.add('limit-reached', `${where}more than ${this.#limits.jarEntries} entries (jarEntries)`);
        break;
      }
      if (/(?:^|\/)\.\.(?:\/|$)/.test(entry.name)) flawed(`${quote(entry.name)}: the name leaves the archive`);
      if (isJavaArchive(entry.name)) nested.push(entry);
      else if (MANIFEST.test(entry.name)) {
        if (manifest !== null) flawed('it has two manifests');
        manifest = this.#text(archive, entry, where)?.split(SECTION_END, 1)[0] ?? manifest;
      } else if (POM.test(entry.name)) {
        const text = this.#text(archive, entry, where);
        if (text !== null) poms.push({ path: entry.name, text });
      }
    }
    const texts = [...location, manifest ?? '', ...poms.flatMap(({ path, text }) => [path, text])];
    this.#textLeft -= texts.reduce((sum, { length }) => sum + length, 0);
    if (this.#textLeft < 0) {
      const { jarTextBytes: most } = this.#limits;
      this.#gaps.add('limit-reached', `${where}more than ${most} bytes of names and descriptions (jarTextBytes)`);
      return;
    }
    this.#facts.push({ location, manifest, poms });
    for (const entry of nested) this.#readNested(archive, entry, location, where);
  }

  #readNested(archive: ZipArchive, entry: ZipEntry, location: readonly string[], where: string): void {
    if (location.length >= this.#limits.jarNesting) {
      const message = `${where}${quote(entry.name)} lies deeper than ${this.#limits.jarNesting} archives (jarNesting)`;
      this.#gaps.add('limit-reached', message);
      return;
    }
    const content = this.#content(archive, entry, where, 'jarBytes', this.#bytesLeft);
    if (content !== null) this.#read(content, [...location, entry.name]);
  }

  #text(archive: ZipArchive, entry: ZipEntry, where: string): string | null {
    const content = this.#content(archive, entry, where, 'jarMetadataBytes', this.#limits.jarMetadataBytes);
    if (content === null) return null;
    if (crc32(content) !== entry.crc32) {
      this.#gaps.add('package-file-unparsable', `${where}${quote(entry.name)}: its checksum does not match`);
    }
    return decodePath(content);
  }

  #content(
    archive: ZipArchive,
    entry: ZipEntry,
    where: string,
    limit: 'jarBytes' | 'jarMetadataBytes',
    most: number,
  ): Uint8Array | null {
    const left = Math.min(most, this.#bytesLeft);
    if (entry.size > left) {
      const name = left < most ? 'jarBytes' : limit;
      const message = `${where}${quote(entry.name)} claims ${entry.size} bytes: more than may be unpacked (${name}, ratio)`;
      this.#gaps.add('limit-reached', message);
      return null;
    }
    const content = archive.read(entry, this.#context.inflate);
    if (typeof content === 'string') {
      this.#gaps.add('package-file-unparsable', `${where}${quote(entry.name)}: ${content}`);
      return null;
    }
    this.#bytesLeft -= content.length;
    return content;
  }
}
