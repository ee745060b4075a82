// The yardstick of a cold scan: node:zlib over each of the files named, all at once, and nothing else. What comes out is
// counted and dropped. The buffers are the fastest of those tried (64 KiB to 4 MiB). JavaScript, because stripping
// types would be counted as decompression.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';

const BUFFER = 4 << 20;

async function decompressorOf(path) {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (buffer.readUInt16BE(0) === 0x1f8b) return createGunzip({ chunkSize: BUFFER });
    if (buffer.readUInt32BE(0) === 0x28b52ffd) return createZstdDecompress({ chunkSize: BUFFER });
    return new PassThrough();
  } finally {
    await file.close();
  }
}

let bytes = 0;
const count = () =>
  new Writable({
    write(chunk, _encoding, done) {
      bytes += chunk.length;
      done();
    },
  });

await Promise.all(
  process.argv.slice(2).map(async (path) => {
    await pipeline(createReadStream(path, { highWaterMark: BUFFER }), await decompressorOf(path), count());
  }),
);
process.stdout.write(`${bytes}\n`);
