import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { gzipMembers, zstdChunked } from './compressed.ts';

/** Layers made in code, with the same bytes every time. */

export interface LayerEntry {
  readonly path: string;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'fifo' | 'character-device';
  readonly content?: string | Uint8Array;
  /** Of a symlink as written; of a hard link ('link') the other name in the layer. */
  readonly target?: string;
  readonly mode?: number;
}

/** 'gzip-members' and 'zstd-frames': several of them one after the other, as eStargz and zstd:chunked write. */
export type LayerCompression = 'none' | 'gzip' | 'zstd' | 'gzip-members' | 'zstd-frames';

const MEMBER_BYTES = 4_096;

export function file(path: string, content: string | Uint8Array = '', mode = 0o644): LayerEntry {
  return { path, content, mode };
}

export function directory(path: string): LayerEntry {
  return { path, type: 'directory' };
}

export function symlink(path: string, target: string): LayerEntry {
  return { path, type: 'symlink', target };
}

export function hardLink(path: string, target: string): LayerEntry {
  return { path, type: 'link', target };
}

/** Deletes `path` of the layers below. */
export function whiteout(path: string): LayerEntry {
  const slash = path.lastIndexOf('/') + 1;
  return { path: `${path.slice(0, slash)}.wh.${path.slice(slash)}` };
}

/** Hides what the layers below have in `path`. */
export function opaque(path: string): LayerEntry {
  return { path: `${path}/.wh..wh..opq` };
}

export async function layerTar(entries: readonly LayerEntry[]): Promise<Buffer> {
  const tar = pack();
  const chunks: Buffer[] = [];
  tar.on('data', (chunk) => chunks.push(chunk as Buffer));
  const ended = new Promise<void>((resolve, reject) => tar.on('end', resolve).on('error', reject));
  for (const { path, type = 'file', content = '', target, mode = type === 'directory' ? 0o755 : 0o644 } of entries) {
    const header = { name: path, type, mode, mtime: new Date(0), ...(target !== undefined && { linkname: target }) };
    if (type === 'file') tar.entry(header, Buffer.from(content));
    else tar.entry(header);
  }
  tar.finalize();
  await ended;
  return Buffer.concat(chunks);
}

export function compress(bytes: Buffer, compression: LayerCompression): Buffer {
  switch (compression) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzipSync(bytes);
    case 'zstd':
      return zstdCompressSync(bytes);
    case 'gzip-members':
      return Buffer.from(gzipMembers(bytes, MEMBER_BYTES));
    case 'zstd-frames':
      return Buffer.from(zstdChunked(bytes, MEMBER_BYTES));
  }
}
