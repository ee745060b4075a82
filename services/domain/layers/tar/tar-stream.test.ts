import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { extract, type Header, pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { readTar } from '../../../../test/support/read-tar.ts';
import { normalizePath } from '../path.ts';

interface Written {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'link';
  readonly mode: number;
  readonly content: Uint8Array;
  readonly target: string;
}

const segment = fc.oneof(
  fc.constantFrom('usr', 'lib', '.wh.x', 'é', '日本語', '.', '..', 'a b'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }).map((part) => part.replace(/[/\0]/g, '_')),
);
const name = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const entry: fc.Arbitrary<Written> = fc.record({
  name,
  type: fc.constantFrom('file', 'file', 'file', 'directory', 'symlink', 'link'),
  mode: fc.nat(0o7777),
  content: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(511, 512, 513, 1024, 4000).map((length) => new Uint8Array(length).fill(0x61)),
  ),
  target: name,
});

async function write(entries: readonly Written[]): Promise<Uint8Array> {
  const archive = pack();
  for (const { name, type, mode, content, target } of entries) {
    const linkname = type === 'symlink' || type === 'link' ? { linkname: target } : {};
    archive.entry({ name, type, mode, mtime: new Date(0), ...linkname }, type === 'file' ? Buffer.from(content) : '');
  }
  archive.finalize();
  return await buffer(archive);
}

async function readByTarStream(archive: Uint8Array): Promise<{ header: Header; content: Buffer }[]> {
  const found: { header: Header; content: Buffer }[] = [];
  for await (const each of Readable.from([archive]).pipe(extract())) {
    found.push({ header: each.header, content: await buffer(each) });
  }
  return found;
}

const TYPES = { file: 'file', directory: 'directory', symlink: 'symlink', link: 'hardlink' } as const;

it('reads what tar-stream writes as tar-stream reads it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 5 }),
      async (entries, chunks) => {
        const archive = await write(entries);
        const oracle = await readByTarStream(archive);
        const { entries: read } = readTar(archive, { chunks });
        expect(read).toHaveLength(entries.length);
        for (const [i, { header, content }] of oracle.entries()) {
          const { path, escaped } = normalizePath(header.name);
          const type = TYPES[header.type as keyof typeof TYPES];
          expect(read[i]).toMatchObject({ path, escaped, type, mode: header.mode, size: header.size });
          expect(read[i]!.content).toEqual(new Uint8Array(content));
          expect(read[i]!.head).toEqual(new Uint8Array(content.subarray(0, 512)));
          const target = header.linkname ?? null;
          expect(read[i]!.linkTarget).toBe(
            type === 'hardlink' && target !== null ? normalizePath(target).path : target,
          );
        }
      },
    ),
    { numRuns: 60 },
  );
});
