import { PlimsollError } from '../../domain/errors.ts';
import { type Descriptor, isForeignLayer } from '../../domain/image/manifest.ts';
import type { RepositoryName } from '../../domain/image/reference.ts';
import type { BlobLocation, ContentStore, DocumentRole, FetchOptions } from '../../pipeline/image-ports.ts';

/** What fetches for it. */
export interface RepositoryReader {
  document(
    name: RepositoryName,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    role: DocumentRole,
    options: FetchOptions,
  ): Promise<Uint8Array>;
  has(name: RepositoryName, digest: string, options: FetchOptions): Promise<boolean>;
  attachedTo(name: RepositoryName, image: string, options: FetchOptions): Promise<readonly Descriptor[]>;
}

/** The documents and blobs of one repository. Nothing is fetched to say where something lies. */
export class RegistryContent implements ContentStore {
  readonly #reader: RepositoryReader;
  readonly #name: RepositoryName;
  readonly #options: FetchOptions;
  #bytes = 0;

  constructor(reader: RepositoryReader, { registry, repository }: RepositoryName, { limits, signal }: FetchOptions) {
    this.#reader = reader;
    this.#name = { registry, repository };
    this.#options = { limits, signal };
  }

  async document(descriptor: Descriptor, role: DocumentRole): Promise<Uint8Array> {
    const bytes = await this.#reader.document(this.#name, descriptor, role, this.#options);
    const { documentBytes } = this.#options.limits;
    this.#bytes += bytes.length;
    if (this.#bytes <= documentBytes) return bytes;
    throw new PlimsollError(
      'LIMIT_EXCEEDED',
      `manifests and configs have more than ${documentBytes} bytes together (documentBytes)`,
      { details: { limit: 'documentBytes' } },
    );
  }

  async locate(descriptor: Descriptor): Promise<BlobLocation | null> {
    const { digest, size } = descriptor;
    // Registries may hold what calls itself foreign; where they do not, its URLs are not followed.
    if (isForeignLayer(descriptor) && !(await this.#reader.has(this.#name, digest, this.#options))) return null;
    return { kind: 'fetched', ...this.#name, digest, size };
  }

  attachedTo(image: string): Promise<readonly Descriptor[]> {
    return this.#reader.attachedTo(this.#name, image, this.#options);
  }
}
