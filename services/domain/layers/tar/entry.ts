import type { Limits } from '../../limits.ts';
import type { EntryType } from '../../packages/ecosystem.ts';
import { decodePath, displayPath, normalizePath } from '../path.ts';
import { checkLimit, invalidTar } from './failure.ts';
import { BLOCK, formatOf, linkNameField, modeField, nameField, sizeField, textField, typeFlag } from './header.ts';
import { type PaxHeader, type PaxSparse, parsePax } from './pax.ts';
import { realSizeField } from './sparse.ts';

/** One entry of an archive, its extended headers applied. */
export interface TarEntry {
  /** Normalised (layers/path.ts); '' is the root. */
  readonly path: string;
  /** '..' in the name left the root; `path` is what is left below it. */
  readonly escaped: boolean;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid, sticky (octal 07777). */
  readonly mode: number;
  /** Bytes of content as a reader of the file sees them (a sparse file's expanded size); 0 for all but files. */
  readonly size: number;
  /** Symlink: the target as written. Hard link: the target's normalised path from the layer's root. Else null. */
  readonly linkTarget: string | null;
}

/** An entry, and what follows its header in the stream. */
export interface EntryHeader {
  /** null where no rule covers the type flag. */
  readonly entry: TarEntry | null;
  /** Bytes that follow, without padding. For entries that have no content: what the size field claims. */
  readonly stored: number;
  /** Where the map of a sparse file is: here, in the header and blocks behind it, or at the start of the content. */
  readonly map: 'none' | readonly number[] | 'in-gnu-header' | 'in-content';
}

/** The flags of headers that say more of the next entry. */
export type ExtendedFlag = 'x' | 'L' | 'K';

const TYPES: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
};
const OLD_FILE = '\0';
const GNU_SPARSE = 'S';
const SLASH = 0x2f;
const DOT = 0x2e;
const NOTHING = new Uint8Array(0);

/** Makes entries of headers; keeps what extended headers say until the entry that they speak of. */
export class EntryReader {
  readonly #limits: Limits;
  #pax: PaxHeader | null = null;
  #longName: Uint8Array = NOTHING;
  #longLink: Uint8Array = NOTHING;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** True between an extended header and its entry. */
  get pending(): boolean {
    return this.#pax !== null || this.#longName !== NOTHING || this.#longLink !== NOTHING;
  }

  forget(): void {
    this.#pax = null;
    this.#longName = NOTHING;
    this.#longLink = NOTHING;
  }

  /** Takes the content of an extended header; `offset` is that of its header, as in `read`. */
  extend(flag: ExtendedFlag, content: Uint8Array, offset: number): void {
    if (flag === 'L') this.#longName = textField(content, 0, content.length).slice();
    else if (flag === 'K') this.#longLink = textField(content, 0, content.length).slice();
    else {
      this.#pax = parsePax(content, this.#limits);
      if (this.#pax === null) throw invalidTar('an extended (PAX) header does not parse', offset);
    }
  }

  /** The entry whose header block lies at `at`. `offset` is the block's place in the stream, for messages. */
  read(bytes: Uint8Array, at: number, offset: number): EntryHeader {
    const flag = String.fromCharCode(typeFlag(bytes, at));
    const stored = this.#pax?.size ?? sizeField(bytes, at);
    if (stored < 0 || stored > Number.MAX_SAFE_INTEGER - BLOCK)
      throw invalidTar('the size in a header is no size', offset);

    const name = this.#longName.length > 0 ? this.#longName : (this.#pax?.path ?? nameField(bytes, at));
    const type = flag === OLD_FILE ? (name.at(-1) === SLASH ? 'directory' : 'file') : TYPES[flag];
    if (type === undefined) {
      this.forget();
      return { entry: null, stored, map: 'none' };
    }
    const mode = modeField(bytes, at);
    if (mode < 0) throw invalidTar('the mode in a header is no number', offset);
    // Type S has its map in the header, whatever PAX says.
    const sparse = flag === GNU_SPARSE ? null : knownSparse(this.#pax);
    if (sparse !== null && type !== 'file') throw invalidTar('an entry that is no file has a sparse map', offset);

    let map: EntryHeader['map'] = 'none';
    let size = type === 'file' ? stored : 0;
    if (sparse !== null) {
      map = sparse.major === '1' ? 'in-content' : (sparse.map ?? []);
      if (map !== 'in-content' && sparse.blocks !== map.length / 2) {
        throw invalidTar('the map of a sparse file is not as long as it says', offset);
      }
      size = sparse.size ?? stored;
    } else if (flag === GNU_SPARSE) {
      map = 'in-gnu-header';
      size = formatOf(bytes, at) === 'gnu' ? realSizeField(bytes, at) : -1;
      if (size < 0) throw invalidTar('the header of a sparse file has no valid size', offset);
    }
    const { path, escaped } = this.#path(sparse?.name ?? name, offset);
    const linkTarget = type === 'hardlink' || type === 'symlink' ? this.#linkTarget(bytes, at, type, offset) : null;
    if (this.pending) this.forget();
    return { entry: { path, escaped, type, mode, size, linkTarget }, stored, map };
  }

  #linkTarget(bytes: Uint8Array, at: number, type: 'hardlink' | 'symlink', offset: number): string {
    const target = this.#longLink.length > 0 ? this.#longLink : (this.#pax?.linkPath ?? linkNameField(bytes, at));
    if (type === 'hardlink') return this.#path(target, offset).path;
    this.#bound(target, offset);
    return decodePath(target);
  }

  #path(name: Uint8Array, offset: number): { path: string; escaped: boolean } {
    this.#bound(name, offset);
    return normalizePath(decodePath(undecorated(name)));
  }

  #bound(name: Uint8Array, offset: number): void {
    if (name.length <= this.#limits.pathBytes) return;
    const start = displayPath(decodePath(name.subarray(0, 64)));
    checkLimit(this.#limits, 'pathBytes', name.length, `the name ${start}…`, offset);
  }
}

/** Versions 0.0 and 0.1 need not say so: their map tells. Other versions are read as plain files, as Go does. */
function knownSparse(pax: PaxHeader | null): PaxSparse | null {
  if (pax === null || pax.sparse === null) return null;
  const { major, minor, map } = pax.sparse;
  const unsaid = major === null && minor === null && map !== null;
  const known = (major === '0' && (minor === '0' || minor === '1')) || (major === '1' && minor === '0');
  return unsaid || known ? pax.sparse : null;
}

/** Without the './', '/' before and the '/' behind that most names of a layer have: the rest needs no normalising. */
function undecorated(name: Uint8Array): Uint8Array {
  let start = 0;
  let end = name.length;
  while (end > 0 && name[end - 1] === SLASH) end--;
  while (start < end) {
    if (name[start] === SLASH) start++;
    else if (name[start] === DOT && name[start + 1] === SLASH && start + 1 < end) start += 2;
    else break;
  }
  return start === 0 && end === name.length ? name : name.subarray(start, end);
}
