import { createReadStream, createWriteStream } from 'node:fs';
import { open, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Duplex, type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { messageOf } from '../../domain/errors.ts';
import { parseJsonObject, stringOr } from '../../domain/image/json.ts';
import type { Limits } from '../../domain/limits.ts';
import type { EngineOptions, EngineTarget } from '../../pipeline/engine-ports.ts';
import { EngineFailure } from './engine-failure.ts';
import type { PrivateDirectory } from './private-directory.ts';

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/**
 * An OCI layout with one image: the one that we chose by tag, digest and platform. Its blobs are those of the layout
 * itself. So no engine can choose another, and none has to take apart a path with `@` or `:` in it. Raises EngineFailure.
 */
export async function singleImageLayout(
  { path, manifestDigest }: EngineTarget,
  { input }: PrivateDirectory,
): Promise<string> {
  if (manifestDigest === null) throw new EngineFailure('the layout names no manifest');
  const blobs = join(resolve(path), 'blobs');
  try {
    await symlink(blobs, join(input, 'blobs'));
  } catch (cause) {
    throw new EngineFailure(`the image could not be laid out for it: ${messageOf(cause)}`, { cause });
  }
  return await describeImage(input, manifestDigest);
}

/** Makes the folder that holds its blobs a layout of this one image. Raises EngineFailure. */
export async function describeImage(layout: string, manifestDigest: string): Promise<string> {
  const manifest = join(layout, 'blobs', manifestDigest.replace(':', '/'));
  try {
    const { mediaType } = parseJsonObject(await readFile(manifest), manifest);
    const descriptor = {
      mediaType: stringOr(mediaType, OCI_MANIFEST),
      digest: manifestDigest,
      size: (await stat(manifest)).size,
    };
    await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
  } catch (cause) {
    throw new EngineFailure(`the image could not be laid out for it: ${messageOf(cause)}`, { cause });
  }
  return layout;
}

const READ_BYTES = 1 << 20;

const DECOMPRESSORS = [
  { magic: '1f8b', create: createGunzip },
  { magic: '28b52ffd', create: createZstdDecompress },
];

/**
 * The archive itself; where it is compressed as a whole, which not every engine reads, a plain copy of at most
 * `imageBytes`. Raises EngineFailure.
 */
export async function plainArchive(
  { path }: EngineTarget,
  { input }: PrivateDirectory,
  { limits, signal }: EngineOptions,
): Promise<string> {
  const archive = resolve(path);
  const plain = join(input, 'image.tar');
  try {
    const [read, ...unpack] = await plainStreams(archive, limits);
    if (unpack.length === 0) {
      read.destroy();
      return archive;
    }
    const output = createWriteStream(plain, { mode: 0o600, flags: 'wx' });
    await pipeline([read, ...unpack, output], { signal });
    return plain;
  } catch (cause) {
    signal.throwIfAborted();
    throw new EngineFailure(`the archive could not be unpacked for it: ${messageOf(cause)}`, { cause });
  }
}

/** The bytes of an archive, and what unpacks them where it is compressed as a whole: at most `imageBytes`. */
export async function plainStreams(archive: string, limits: Limits): Promise<[Readable, ...Duplex[]]> {
  const head = await firstBytes(archive);
  const decompressor = DECOMPRESSORS.find(({ magic }) => head.startsWith(magic));
  const read = createReadStream(archive, { highWaterMark: READ_BYTES });
  if (decompressor === undefined) return [read];
  let bytes = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= limits.imageBytes) return done(null, chunk);
      done(new Error(`it unpacks to more than ${limits.imageBytes} bytes (imageBytes)`));
    },
  });
  return [read, decompressor.create(), bounded];
}

/** In hexadecimal. */
async function firstBytes(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead).toString('hex');
  } finally {
    await file.close();
  }
}
