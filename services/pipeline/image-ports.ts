import type { Descriptor } from '../domain/image/manifest.ts';
import type { ImageReference, RepositoryName } from '../domain/image/reference.ts';
import type { LocalEngine, Target } from '../domain/image/target.ts';
import type { Limits } from '../domain/limits.ts';
import type { Referrer } from '../domain/registries/referrers.ts';
import type { SbomContent } from '../domain/sbom/sbom.ts';

/** Where images come from: targets, registries, the engines of this host. */

/** Where a layer's bytes can be had; plain data, so that it can be handed to another thread. */
export type BlobLocation =
  | {
      readonly kind: 'file';
      readonly path: string;
      /** Of the file as a whole; `offset` and `size` count bytes behind it. */
      readonly compression: 'none' | 'gzip' | 'zstd';
      readonly offset: number;
      readonly size: number;
    }
  | {
      readonly kind: 'directory';
      readonly path: string;
      readonly crossMounts: boolean;
      /** A project: what is installed in it is left out, and whatever cannot be read is wanted. */
      readonly project: boolean;
    }
  | FetchedLocation;

/** A blob of a registry: a BlobSource has its bytes. */
export interface FetchedLocation extends RepositoryName {
  readonly kind: 'fetched';
  readonly digest: string;
  readonly size: number;
}

/** An image that is described by its config and a list of files only (classic docker save). */
export interface LooseImage {
  readonly names: readonly string[];
  readonly config: Uint8Array;
  readonly layers: readonly { readonly name: string; readonly location: BlobLocation | null }[];
}

export type DocumentRole = 'manifest' | 'config' | 'sbom';

/** Documents and blobs by digest. */
export interface ContentStore {
  /**
   * A document, verified against digest and size; BLOB_MISSING, DIGEST_MISMATCH, LIMIT_EXCEEDED. Registries keep manifests
   * apart; an SBOM may be longer than others.
   */
  document(descriptor: Descriptor, role: DocumentRole): Promise<Uint8Array>;
  /** Where the blob lies; null where it is absent. The bytes are verified when they are read. */
  locate(descriptor: Descriptor): Promise<BlobLocation | null>;
  /**
   * What is kept about the image of this manifest digest beside the index that names it: a registry's referrers, and what
   * cosign left under a tag. Empty for a layout, which has it among its roots. Raises as ReferrerLister.
   */
  attachedTo(image: string): Promise<readonly Descriptor[]>;
}

export type OpenedTarget = {
  /** What the content showed the target to be. */
  readonly targetKind: Exclude<Target['kind'], 'path'>;
  /** Where it lies: the file or directory as other processes can open it; the reference in a registry. */
  readonly path: string;
  /** What lies at `path` where the target was exported to there; left out elsewhere. */
  readonly storedAs?: 'docker-archive' | 'oci-archive';
  /** Frees what opening took (a spilled standard input, file descriptors). */
  close(): Promise<void>;
} & (
  | {
      readonly kind: 'content';
      readonly roots: readonly Descriptor[];
      readonly content: ContentStore;
      /** Digests of the configs that a manifest.json beside the index names; null without one. */
      readonly dockerConfigs: readonly string[] | null;
    }
  | { readonly kind: 'loose'; readonly images: readonly LooseImage[] }
  | { readonly kind: 'rootfs'; readonly location: BlobLocation }
  /** The whole document; at most `limits.sbomBytes`. */
  | { readonly kind: 'sbom'; readonly bytes: Uint8Array }
);

/** What has layers to be read. */
export type OpenedImage = Exclude<OpenedTarget, { readonly kind: 'sbom' }>;

export interface TargetOpener {
  open(target: Target, options: OpenOptions): Promise<OpenedTarget>;
}

/** Fetches layers. */
export interface BlobSource {
  /**
   * The bytes of a blob, in chunks of any size; broken connections are taken up where they broke. The count is checked
   * against `size`, the digest by whoever reads them. BLOB_MISSING, DIGEST_MISMATCH (the count), REGISTRY_UNAVAILABLE,
   * REGISTRY_DENIED, EGRESS_REFUSED, CANCELLED.
   */
  fetch(location: FetchedLocation, options: FetchOptions): AsyncIterable<Uint8Array>;
}

export interface FetchOptions {
  readonly limits: Limits;
  readonly signal: AbortSignal;
}

/** The bytes of one layer as stored, which are hashed as they pass; each chunk is lent until the next one is asked for. */
export interface StoredBytes extends AsyncIterable<Uint8Array> {
  /** Once all have passed: their `sha256:HEX`. DIGEST_MISMATCH where they are not those that the job expects. */
  verify(): string;
}

/** Lists what a registry has. Raises REGISTRY_UNAVAILABLE, REGISTRY_DENIED, EGRESS_REFUSED, TARGET_NOT_FOUND, CANCELLED. */
export interface RegistryLister {
  /** Names of all repositories, unchecked. Many registries show them to nobody, or to administrators. */
  repositories(registry: string, options: FetchOptions): AsyncIterable<string>;
  /** The tags of a repository, unchecked. */
  tags(name: RepositoryName, options: FetchOptions): AsyncIterable<string>;
}

/** Says what a tag names now, without counting as a pull. */
export interface RegistryResolver {
  /**
   * The manifest or index that the reference names: by HEAD where it has a tag, without asking where it has a digest (then
   * `size` is -1 and `mediaType` empty). TARGET_NOT_FOUND, REGISTRY_UNAVAILABLE, REGISTRY_DENIED, EGRESS_REFUSED,
   * MANIFEST_SCHEMA1, CANCELLED.
   */
  resolve(reference: ImageReference, options: FetchOptions): Promise<Descriptor>;
}

/** Says what is kept about an image: signatures, SBOMs, attestations. */
export interface ReferrerLister {
  /** By the referrers API, else by the tag schema; empty where neither has any. MANIFEST_INVALID, LIMIT_EXCEEDED (`referrers`); and as RegistryResolver. */
  referrers(name: RepositoryName, digest: string, options: FetchOptions): Promise<readonly Referrer[]>;
}

/** An image that a container engine of this host has. */
export interface LocalImage {
  /** The same for the same content. */
  readonly id: string;
  /** As the engine itself takes it: a name, or the id where there is none. */
  readonly name: string;
}

export interface LocalImageLister {
  /** Each image once, by its first name. TARGET_UNREADABLE, LIMIT_EXCEEDED (`localImagesBytes`), CANCELLED. */
  list(engine: LocalEngine, options: FetchOptions): Promise<readonly LocalImage[]>;
}

export interface OpenOptions {
  readonly crossMounts: boolean;
  readonly limits: Limits;
  readonly signal: AbortSignal;
}

/** Reads an SBOM where the signal is heard, however long it takes. Raises what `readSbom` raises, or the signal's reason. */
export interface SbomReader {
  /** `name` stands in messages. */
  read(name: string, bytes: Uint8Array, options: FetchOptions): Promise<SbomContent>;
}
