import { randomBytes } from 'node:crypto';
import { closeSync, createReadStream, createWriteStream, openSync, writeSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { TarParser } from '../../domain/layers/tar/parser.ts';
import { LIMITS } from '../../domain/limits.ts';
import { DATA, type FoundBuild, findBuild, install, MANIFEST, newBuild, syncPath } from './directory.ts';
import { verifyBuild } from './lmdb-advisories.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { isSignedBy, readTrustedKeys, SIGNATURE, signManifest } from './signature.ts';

/*
 * A database on its way: a tar archive, compressed with zstd where its name says so, of manifest.json, perhaps
 * manifest.json.sig, and data.mdb, in this order: who imports it has judged the first two before the third arrives.
 */
const BLOCK = 512;
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const SIGNATURE_BYTES = 1_024;
/** A clock may be wrong by so much. */
const SKEW_MS = 86_400_000;

/** Writes a verified build; the file appears whole. It is signed with `keyFile` where one is given, else as it was imported. */
export async function exportDatabase(found: FoundBuild, file: string, keyFile: string | null): Promise<void> {
  await verifyBuild(found);
  const manifest = await readFile(join(found.directory, MANIFEST));
  const kept = await readFile(join(found.directory, SIGNATURE)).catch(() => null);
  const signature = keyFile === null ? kept : await signManifest(manifest, keyFile);
  const temporary = join(dirname(file), `.plimsoll-db-${randomBytes(6).toString('hex')}.tmp`);
  try {
    const parts = tarParts(found, manifest, signature);
    const output = createWriteStream(temporary, { flags: 'wx', mode: 0o644, flush: true });
    if (/\.zst(?:d)?$/.test(file)) {
      const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 12 } });
      await pipeline(Readable.from(parts), compress, output);
    } else await pipeline(Readable.from(parts), output);
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new PlimsollError('OUTPUT_FAILED', `The database could not be written to ${file}: ${messageOf(cause)}.`, {
      cause,
    });
  }
}

async function* tarParts(found: FoundBuild, manifest: Buffer, signature: Buffer | null): AsyncGenerator<Buffer> {
  yield* tarFile(MANIFEST, manifest);
  if (signature !== null) yield* tarFile(SIGNATURE, signature);
  const { bytes } = found.manifest.data;
  yield tarHeader(DATA, bytes);
  yield* createReadStream(join(found.directory, DATA), { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
  yield Buffer.alloc(padding(bytes) + 2 * BLOCK);
}

function* tarFile(name: string, content: Buffer): Generator<Buffer> {
  yield tarHeader(name, content.length);
  yield content;
  yield Buffer.alloc(padding(content.length));
}

/** POSIX ustar; sizes stay below the 8 GiB that it can say (databaseBytes). */
function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  header.write(name, 0);
  header.write(
    `${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(size, 11)}\0${octal(0, 11)}\0        0`,
    100,
  );
  header.write('ustar\x0000', 257);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  );
  return header;
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

export interface ImportTerms {
  /** Public keys in PEM whose signatures count. */
  readonly keyFiles: readonly string[];
  readonly allowUnsigned: boolean;
  readonly allowOlder: boolean;
}

/**
 * Installs an exported database: judged by its manifest and signature first (DATABASE_REFUSED), then unpacked, then read as a
 * whole and compared with its digests (DATABASE_UNUSABLE). Until all of it holds, the installed one stays.
 */
export async function importDatabase(file: string, root: string, terms: ImportTerms): Promise<FoundBuild> {
  const keys = await readTrustedKeys(terms.keyFiles);
  const installed = await findBuild(root).catch(() => null);
  const judge = (manifest: Manifest, bytes: Uint8Array, signature: Uint8Array | null): void => {
    const refuse = (what: string): never => {
      throw new PlimsollError('DATABASE_REFUSED', `${file} is not installed: ${what}.`);
    };
    const isSigned = signature !== null && isSignedBy(bytes, signature, keys);
    if (!isSigned && !terms.allowUnsigned) {
      refuse(
        signature === null
          ? 'it is not signed. If you know where it comes from: --allow-unsigned'
          : keys.length === 0
            ? 'it is signed, and no key is trusted. Give the public key of its maker: --key FILE'
            : 'its signature is by none of the trusted keys, or it was changed after it was signed',
      );
    }
    if (Date.parse(manifest.builtAt) > Date.now() + SKEW_MS) {
      refuse(`it says that it was built at ${manifest.builtAt}, which is to come`);
    }
    if (installed !== null && manifest.builtAt < installed.manifest.builtAt && !terms.allowOlder) {
      refuse(
        `it was built at ${manifest.builtAt}, before the installed one (${installed.manifest.builtAt}). To go back all the same: --allow-older`,
      );
    }
  };
  const directory = await newBuild(root);
  try {
    await unpack(file, directory, judge);
    // Under a name that is no build yet, it is checked as an installed one is.
    const found = await findBuild(directory);
    if (found === null) throw damaged(file, 'it has no manifest');
    await verifyBuild(found);
    const place = await install(root, directory, found.manifest);
    return { directory: place, manifest: found.manifest };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

type Judge = (manifest: Manifest, bytes: Uint8Array, signature: Uint8Array | null) => void;

async function unpack(file: string, directory: string, judge: Judge): Promise<void> {
  const unpacking = new Unpacking(file, directory, judge);
  const parser = new TarParser(unpacking, LIMITS);
  try {
    for await (const chunk of await openArchive(file)) parser.push(chunk);
    if (!parser.ended) throw damaged(file, 'it is cut short');
    await unpacking.finish();
  } catch (cause) {
    if (cause instanceof PlimsollError && cause.code.startsWith('DATABASE_')) throw cause;
    throw damaged(file, messageOf(cause), cause);
  } finally {
    unpacking.close();
  }
}

async function openArchive(file: string): Promise<AsyncIterable<Buffer>> {
  const source = createReadStream(file, { highWaterMark: 1 << 20 });
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await chunks.next().catch((cause) => {
    throw new PlimsollError('DATABASE_NOT_FOUND', `${file} cannot be read: ${messageOf(cause)}.`, { cause });
  });
  const all = (async function* () {
    if (first.done !== true) yield first.value;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  })();
  if (first.done === true || !first.value.subarray(0, 4).equals(ZSTD_MAGIC)) return all;
  const decompress: Transform = createZstdDecompress({ chunkSize: 1 << 18 });
  pipeline(Readable.from(all), decompress).catch((error) => decompress.destroy(error));
  return decompress;
}

/** Takes the three files of an archive in their order, and nothing else. */
class Unpacking {
  readonly #file: string;
  readonly #directory: string;
  readonly #judge: Judge;
  #current: { name: string; chunks: Buffer[] } | null = null;
  #manifest: { bytes: Buffer; parsed: Manifest } | null = null;
  #signature: Buffer | null = null;
  #data: number | null = null;

  constructor(file: string, directory: string, judge: Judge) {
    this.#file = file;
    this.#directory = directory;
    this.#judge = judge;
  }

  entry(entry: { path: string; type: string; size: number }): boolean {
    const { path: name, size } = entry;
    const isNext =
      this.#manifest === null
        ? name === MANIFEST && size <= LIMITS.databaseManifestBytes
        : this.#data === null &&
          (name === DATA || (name === SIGNATURE && this.#signature === null && size <= SIGNATURE_BYTES));
    if (entry.type !== 'file' || !isNext) {
      throw damaged(this.#file, `"${name.slice(0, 100)}" has no place in an archive of a database, or is too long`);
    }
    this.#current = { name, chunks: [] };
    if (name !== DATA) return true;
    const { bytes, parsed } = this.#manifest!;
    this.#judge(parsed, bytes, this.#signature);
    if (size !== parsed.data.bytes || size > LIMITS.databaseBytes) {
      throw damaged(this.#file, `its ${DATA} has ${size} bytes, and its manifest says ${parsed.data.bytes}`);
    }
    this.#data = openSync(join(this.#directory, DATA), 'wx', 0o600);
    return true;
  }

  data(chunk: Uint8Array): void {
    if (this.#data === null) this.#current!.chunks.push(Buffer.from(chunk));
    else for (let at = 0; at < chunk.length; ) at += writeSync(this.#data, chunk, at);
  }

  end(): void {
    const { name, chunks } = this.#current!;
    if (name === DATA) return;
    const bytes = Buffer.concat(chunks);
    if (name === SIGNATURE) {
      this.#signature = bytes;
      return;
    }
    const parsed = parseManifest(bytes);
    if (typeof parsed === 'string') throw damaged(this.#file, parsed);
    this.#manifest = { bytes, parsed };
  }

  async finish(): Promise<void> {
    if (this.#manifest === null || this.#data === null) throw damaged(this.#file, `it lacks ${MANIFEST} or ${DATA}`);
    await syncPath(join(this.#directory, DATA));
    const write = (name: string, bytes: Buffer) => {
      return writeFile(join(this.#directory, name), bytes, { mode: 0o600, flush: true });
    };
    if (this.#signature !== null) await write(SIGNATURE, this.#signature);
    await write(MANIFEST, this.#manifest.bytes);
  }

  close(): void {
    if (this.#data !== null) closeSync(this.#data);
  }
}

function damaged(file: string, what: string, cause?: unknown): PlimsollError {
  return new PlimsollError('DATABASE_UNUSABLE', `${file} is not installed: ${what}. Get it again.`, {
    cause,
    details: { reason: 'archive' },
  });
}
