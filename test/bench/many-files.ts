import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type BuiltImage, buildImage, writeOciLayout } from '../support/image-builder.ts';
import { dpkgStatus, OS_RELEASE } from '../support/package-databases.ts';
import { END, rawEntry, rawHeader } from '../support/tar-blocks.ts';

const BLOCK = 512;
const CHUNK = 4 << 20;
const FILES_OF_FOLDER = 24;
const CHECKSUM_AT = 148;
const NAMES = 'index parser render schema client server locale worker stream layout format'.split(' ');
const CONTENT = Buffer.alloc(BLOCK, 'export const part = true;\n');

/** An OCI layout of `manyFilesImage`. */
export async function writeManyFiles(directory: string, files: number, onFiles: (done: number) => void): Promise<void> {
  writeOciLayout(directory, [await manyFilesImage(files, onFiles)]);
}

/**
 * An image whose one layer has so many files, in folders like those of an enormous node_modules. The tar passes
 * through; only the compressed layer is ever whole, some 16 bytes a file.
 */
export async function manyFilesImage(files: number, onFiles: (done: number) => void): Promise<BuiltImage> {
  const diffId = createHash('sha256');
  const compressed: Buffer[] = [];
  async function* hashed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      diffId.update(chunk);
      yield chunk;
    }
  }
  const gzip = createGzip({ level: 1, chunkSize: CHUNK });
  await pipeline(Readable.from(tar(files, onFiles)), hashed, gzip, async (blob: AsyncIterable<Buffer>) => {
    for await (const chunk of blob) compressed.push(chunk);
  });
  const layer = { blob: Buffer.concat(compressed), diffId: `sha256:${diffId.digest('hex')}` };
  return await buildImage({ layers: [layer] });
}

function* tar(files: number, onFiles: (done: number) => void): Generator<Buffer> {
  // Without a distribution and a package database the scan would rightly be partial.
  yield Buffer.from(rawEntry({ name: 'etc/os-release' }, OS_RELEASE.debian));
  yield Buffer.from(rawEntry({ name: 'var/lib/dpkg/status' }, dpkgStatus([{ name: 'base-files', version: '12.4' }])));
  let folders: Buffer[] = [];
  let bytes = 0;
  for (let first = 0; first < files; first += FILES_OF_FOLDER) {
    const count = Math.min(FILES_OF_FOLDER, files - first);
    const folder = folderBlocks(first / FILES_OF_FOLDER, count);
    folders.push(folder);
    bytes += folder.length;
    if (bytes < CHUNK) continue;
    yield Buffer.concat(folders);
    onFiles(first + count);
    folders = [];
    bytes = 0;
  }
  yield Buffer.concat([...folders, END]);
}

/** A directory and its files. Most are empty: what is skipped costs a scan nothing, but making it takes time and disk. */
function folderBlocks(folder: number, files: number): Buffer {
  const owner = Math.floor(folder / NAMES.length);
  const parent = `srv/app/node_modules/@scope-${owner % 97}/package-${owner}/dist`;
  const name = NAMES[folder % NAMES.length]!;
  const size = folder % 8 === 0 ? CONTENT.length : 0;
  // One header is made with care; those of the files differ from it in name and checksum alone.
  const template = Buffer.from(rawHeader({ name: '', prefix: `${parent}/${name}`, size }));
  const checksum = Number.parseInt(template.toString('latin1', CHECKSUM_AT, CHECKSUM_AT + 6), 8);
  const blocks: Buffer[] = [Buffer.from(rawHeader({ name: `${name}/`, prefix: parent, type: '5', mode: 0o755 }))];
  for (let i = 0; i < files; i++) {
    const header = Buffer.from(template);
    const length = header.write(
      `${NAMES[i % NAMES.length]}-${(folder * FILES_OF_FOLDER + i).toString(36)}.js`,
      'latin1',
    );
    let sum = checksum;
    for (let at = 0; at < length; at++) sum += header[at]!;
    header.write(sum.toString(8).padStart(6, '0'), CHECKSUM_AT, 'latin1');
    blocks.push(header);
    if (size > 0) blocks.push(CONTENT);
  }
  return Buffer.concat(blocks);
}
