import { createHash } from 'node:crypto';
import { type ErrorCode, PlimsollError } from '../../domain/errors.ts';
import { parseDigest } from '../../domain/image/digest.ts';
import type { Descriptor } from '../../domain/image/manifest.ts';
import type { ImageReference, RepositoryName } from '../../domain/image/reference.ts';
import type { Target } from '../../domain/image/target.ts';
import type { Limits } from '../../domain/limits.ts';
import type { Referrer } from '../../domain/registries/referrers.ts';
import type {
  BlobSource,
  DocumentRole,
  FetchedLocation,
  FetchOptions,
  OpenedTarget,
  OpenOptions,
  ReferrerLister,
  RegistryLister,
  RegistryResolver,
  TargetOpener,
} from '../../pipeline/image-ports.ts';
import { discard, headerOf } from './answer.ts';
import { blobBytes, pullScope } from './blob-stream.ts';
import { Connection, PATIENCE, type Patience } from './connection.ts';
import type { CredentialSource } from './credentials.ts';
import { ecrRepositories, isEcrHost } from './ecr.ts';
import { listed } from './listing.ts';
import { ACCEPTED, answerBy, bodyOf, resolveTag, SCHEMA1, schema1 } from './manifest-answers.ts';
import { attachedTo, referrersOf } from './referrers-list.ts';
import type { Registration } from './registration.ts';
import { RegistryContent } from './registry-content.ts';
import type { ResolveHost } from './transport.ts';

export interface RegistriesOptions {
  /** What is known of a registry; called once for each that is asked. */
  readonly registrationOf: (registry: string) => Registration;
  readonly credentials: CredentialSource;
  /** For proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly limits: Limits;
  readonly patience?: Patience;
  readonly resolveHost?: ResolveHost;
}

/** What another mirror, or the registry itself, may have or do better. */
const TRY_NEXT: readonly ErrorCode[] = [
  'REGISTRY_UNAVAILABLE',
  'REGISTRY_DENIED',
  'TARGET_NOT_FOUND',
  'BLOB_MISSING',
  'DIGEST_MISMATCH',
];

/** Images in registries: distribution spec 1.1 and Docker Registry HTTP API V2. One object serves a process. */
export class Registries implements TargetOpener, BlobSource, RegistryResolver, RegistryLister, ReferrerLister {
  readonly #options: RegistriesOptions;
  /** By registry: its mirrors, then itself. */
  readonly #connections = new Map<string, readonly Connection[]>();

  constructor(options: RegistriesOptions) {
    this.#options = options;
  }

  async open(target: Target, options: OpenOptions): Promise<OpenedTarget> {
    if (target.kind !== 'registry') throw new PlimsollError('INTERNAL', `${target.kind}: is no registry`);
    const { reference } = target;
    const root = await this.resolve(reference, options).catch((error: unknown) => {
      throw hinted(error, reference);
    });
    const content = new RegistryContent(this, reference, options);
    const close = async (): Promise<void> => {};
    return {
      kind: 'content',
      targetKind: 'registry',
      roots: [root],
      content,
      dockerConfigs: null,
      path: target.path,
      close,
    };
  }

  async resolve(reference: ImageReference, options: FetchOptions): Promise<Descriptor> {
    const { registry, digest } = reference;
    if (digest !== null)
      return { mediaType: '', digest, size: -1, platform: null, annotations: {}, urls: [], artifactType: null };
    return this.#firstOf(registry, (connection) => resolveTag(connection, reference, options));
  }

  repositories(registry: string, options: FetchOptions): AsyncIterable<string> {
    if (isEcrHost(registry)) return ecrRepositories(registry, options);
    const of = `the repositories of ${registry}`;
    return listed(
      this.#own(registry),
      { path: '/v2/_catalog', key: 'repositories', scope: 'registry:catalog:*', of },
      options,
    );
  }

  tags({ registry, repository }: RepositoryName, options: FetchOptions): AsyncIterable<string> {
    const path = `/v2/${repository}/tags/list`;
    const of = `the tags of ${registry}/${repository}`;
    return listed(this.#own(registry), { path, key: 'tags', scope: pullScope(repository), of }, options);
  }

  fetch(location: FetchedLocation, options: FetchOptions): AsyncIterable<Uint8Array> {
    return this.#fetch(location, options);
  }

  async *#fetch(location: FetchedLocation, options: FetchOptions): AsyncGenerator<Uint8Array> {
    const connections = this.#connectionsOf(location.registry);
    let at = 0;
    for (const [i, connection] of connections.entries()) {
      try {
        for await (const chunk of blobBytes(connection, location, options, at)) {
          at += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        // Another one goes on where this one stopped; what came before is hashed with the rest.
        if (i === connections.length - 1 || !isWorthNext(error)) throw error;
      }
    }
  }

  /** A manifest or a config, verified. For RegistryContent. */
  async document(
    { registry, repository }: RepositoryName,
    { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
    role: DocumentRole,
    { limits, signal }: FetchOptions,
  ): Promise<Uint8Array> {
    return this.#firstOf(registry, async (connection) => {
      const path = `/v2/${repository}/${role === 'manifest' ? 'manifests' : 'blobs'}/${digest}`;
      const headers = { accept: role === 'manifest' ? ACCEPTED : '*/*' };
      const request = { method: 'GET', path, scope: pullScope(repository), headers } as const;
      const response = await connection.send({ ...request, signal: answerBy(limits, signal) });
      const type = headerOf(response, 'content-type') ?? '';
      if (response.statusCode === 404) {
        await discard(response);
        const what = `${registry}/${repository} has no ${role} ${digest}`;
        throw new PlimsollError(size < 0 ? 'TARGET_NOT_FOUND' : 'BLOB_MISSING', what, { details: { digest } });
      }
      if (response.statusCode === 200 && role === 'manifest' && SCHEMA1.test(type)) {
        await discard(response);
        throw schema1(digest);
      }
      const limit = role === 'sbom' ? 'sbomBytes' : 'manifestBytes';
      const bytes = await bodyOf(connection, response, { limits, signal }, `the ${role} ${digest}`, limit);
      const { algorithm, hex } = parseDigest(digest);
      const actual = sha(algorithm, bytes);
      if (actual === hex && (size < 0 || bytes.length === size)) return bytes;
      const difference =
        actual === hex
          ? `has ${bytes.length} bytes, its descriptor says ${size}`
          : `has the digest ${algorithm}:${actual}`;
      throw new PlimsollError('DIGEST_MISMATCH', `the ${role} ${digest} from ${registry} ${difference}`, {
        details: { digest },
      });
    });
  }

  /** Whether a blob is there. For RegistryContent. */
  async has(
    { registry, repository }: RepositoryName,
    digest: string,
    { limits, signal }: FetchOptions,
  ): Promise<boolean> {
    return this.#firstOf(registry, async (connection) => {
      const path = `/v2/${repository}/blobs/${digest}`;
      const response = await connection.send({
        method: 'HEAD',
        path,
        scope: pullScope(repository),
        signal: answerBy(limits, signal),
      });
      await discard(response);
      if (response.statusCode === 404) return false;
      if (response.statusCode === 200) return true;
      throw connection.unavailable(`it answered ${response.statusCode} for ${digest}`);
    });
  }

  referrers(name: RepositoryName, digest: string, options: FetchOptions): Promise<readonly Referrer[]> {
    return referrersOf(this.#own(name.registry), name, digest, options);
  }

  /** What is attached to an image, where the image comes from too: mirrors first. For RegistryContent. */
  attachedTo(name: RepositoryName, image: string, options: FetchOptions): Promise<readonly Descriptor[]> {
    return this.#firstOf(name.registry, (connection) => attachedTo(connection, name, image, options));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].flat().map((connection) => connection.close()));
    this.#connections.clear();
  }

  /** Asks the mirrors in their order, then the registry; the last error is the one that counts. */
  async #firstOf<Answer>(registry: string, ask: (connection: Connection) => Promise<Answer>): Promise<Answer> {
    const connections = this.#connectionsOf(registry);
    for (const [i, connection] of connections.entries()) {
      try {
        return await ask(connection);
      } catch (error) {
        if (i === connections.length - 1 || !isWorthNext(error)) throw error;
      }
    }
    throw new PlimsollError('INTERNAL', `there is no connection to ${registry}`);
  }

  /** Without mirrors: they may lag behind. */
  #own(registry: string): Connection {
    return this.#connectionsOf(registry).at(-1)!;
  }

  #connectionsOf(registry: string): readonly Connection[] {
    const known = this.#connections.get(registry);
    if (known !== undefined) return known;
    const own = this.#options.registrationOf(registry);
    const all = [...own.mirrors.map((mirror) => ({ ...this.#options.registrationOf(mirror), mirrors: [] })), own];
    const { credentials, environment, limits, patience = PATIENCE, resolveHost } = this.#options;
    const connections = all.map(
      (each) => new Connection(each, { credentials, environment, limits, patience, resolveHost }),
    );
    this.#connections.set(registry, connections);
    return connections;
  }
}

function isWorthNext(error: unknown): boolean {
  return error instanceof PlimsollError && TRY_NEXT.includes(error.code);
}

function sha(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** Who leaves out the directory of a file asks a registry for it: any answer to that says so. */
function hinted(error: unknown, { repository }: ImageReference): unknown {
  const isFileName = /\.(?:tar|tgz|gz|zst|json|xml)$/.test(repository);
  if (!isFileName || !(error instanceof PlimsollError) || error.code === 'CANCELLED') return error;
  const message = `${error.message}; a file is written with its directory, as ./image.tar`;
  return new PlimsollError(error.code, message, { cause: error.cause, details: error.details });
}
