import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { PlimsollError } from '../../domain/errors.ts';
import { parseDigest } from '../../domain/image/digest.ts';
import type { Descriptor } from '../../domain/image/manifest.ts';
import type { Limits } from '../../domain/limits.ts';
import type { BlobLocation, ContentStore, DocumentRole } from '../../pipeline/image-ports.ts';
import { openRegularFile, readExactly } from './file-bytes.ts';

/** The files of an image archive or layout by name, wherever they lie. */
export interface NamedFiles {
  locate(name: string): Promise<BlobLocation | null>;
  /** The whole content, within its limit; null where there is no such file. */
  read(name: string, limit: DocumentLimit): Promise<Uint8Array | null>;
}

/** A directory as it is. */
export class DirectoryFiles implements NamedFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async locate(name: string): Promise<BlobLocation | null> {
    const path = join(this.#directory, name);
    const stats = await lstat(path).catch(() => null);
    return stats?.isFile() ? { kind: 'file', path, compression: 'none', offset: 0, size: stats.size } : null;
  }

  async read(name: string, limit: DocumentLimit): Promise<Uint8Array | null> {
    if ((await this.locate(name)) === null) return null;
    const { file, size } = await openRegularFile(join(this.#directory, name));
    try {
      refuseLarge(name, size, limit);
      return await readExactly(file, 0, size);
    } finally {
      await file.close();
    }
  }
}

/** How long a document may be, by the name of the limit. */
export interface DocumentLimit {
  readonly name: 'manifestBytes' | 'sbomBytes';
  readonly bytes: number;
}

export function refuseLarge(name: string, size: number, limit: DocumentLimit): void {
  if (size <= limit.bytes) return;
  throw new PlimsollError(
    'LIMIT_EXCEEDED',
    `${name} has ${size} bytes; ${limit.bytes} is the limit for such a document (${limit.name})`,
    { details: { limit: limit.name } },
  );
}

/** The documents among the files: each is bounded, and all that are read of one target together. */
export class Documents {
  readonly #files: NamedFiles;
  readonly #limits: Limits;
  #bytes = 0;

  constructor(files: NamedFiles, limits: Limits) {
    this.#files = files;
    this.#limits = limits;
  }

  /** null where there is no such file; LIMIT_EXCEEDED. */
  async read(name: string, limit: DocumentLimit['name'] = 'manifestBytes'): Promise<Uint8Array | null> {
    const { documentBytes } = this.#limits;
    const bytes = await this.#files.read(name, { name: limit, bytes: this.#limits[limit] });
    this.#bytes += bytes?.length ?? 0;
    if (this.#bytes <= documentBytes) return bytes;
    throw new PlimsollError(
      'LIMIT_EXCEEDED',
      `manifests and configs have more than ${documentBytes} bytes together (documentBytes)`,
      {
        details: { limit: 'documentBytes' },
      },
    );
  }
}

/** OCI image-layout: blobs by digest below blobs/. */
export class LayoutContent implements ContentStore {
  readonly #files: NamedFiles;
  readonly #documents: Documents;

  constructor(files: NamedFiles, documents: Documents) {
    this.#files = files;
    this.#documents = documents;
  }

  locate({ digest }: Descriptor): Promise<BlobLocation | null> {
    return this.#files.locate(blobName(digest));
  }

  async attachedTo(): Promise<readonly Descriptor[]> {
    return [];
  }

  async document({ digest, size }: Descriptor, role: DocumentRole): Promise<Uint8Array> {
    const bytes = await this.#documents.read(blobName(digest), role === 'sbom' ? 'sbomBytes' : 'manifestBytes');
    if (bytes === null)
      throw new PlimsollError('BLOB_MISSING', `the blob ${digest} is not there`, { details: { digest } });
    const { algorithm, hex } = parseDigest(digest);
    const actual = createHash(algorithm).update(bytes).digest('hex');
    if (actual !== hex) {
      throw new PlimsollError(
        'DIGEST_MISMATCH',
        `the blob ${digest} has the digest ${algorithm}:${actual}; it was changed or damaged`,
        {
          details: { digest },
        },
      );
    }
    if (size >= 0 && bytes.length !== size) {
      throw new PlimsollError(
        'DIGEST_MISMATCH',
        `the blob ${digest} has ${bytes.length} bytes, its descriptor says ${size}`,
        {
          details: { digest },
        },
      );
    }
    return bytes;
  }
}

function blobName(digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return `blobs/${algorithm}/${hex}`;
}
