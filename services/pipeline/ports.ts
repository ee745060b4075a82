import type { GapCode } from '../domain/completeness.ts';
import type { PlimsollError } from '../domain/errors.ts';
import type { Descriptor } from '../domain/image/manifest.ts';
import type { ImageReference, RepositoryName } from '../domain/image/reference.ts';
import type { LocalEngine, Target } from '../domain/image/target.ts';
import type { ExtraRead, LayerCollector } from '../domain/layers/collector.ts';
import type { Limits } from '../domain/limits.ts';
import type { Analyzer } from '../domain/packages/ecosystem.ts';
import type { Referrer } from '../domain/registries/referrers.ts';
import type { EngineName, ForeignPackage } from '../domain/report/engines.ts';
import type { Report, Sandbox } from '../domain/report/report.ts';
import type { RecordLine } from '../domain/runtime/backlog.ts';
import type { ContainerKey, ContainerState } from '../domain/runtime/container.ts';
import type { SensorFrame } from '../domain/runtime/sensor-frame.ts';
import type { SbomContent } from '../domain/sbom/sbom.ts';
import type { Policy, PolicyOutcome } from '../domain/verdict/policy.ts';
import type { PolicyInput } from '../domain/verdict/policy-input.ts';
import type { Advisory, DatabaseInfo, EndOfLife, Enrichment } from '../domain/vulnerabilities/advisory.ts';
import type { Refusal } from '../domain/vulnerabilities/feeds/refusals.ts';

/** What the use cases need from outside. One or two methods each; adapters implement them, main.ts wires them. */

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

/** Opens layers for a reader that is to see nothing else of where they lie. */
export interface LayerOpener {
  /**
   * Of jobs in one file, or of one job: each once, in the order that suits the file, and valid until the next is asked for. No
   * directories. TARGET_NOT_FOUND, TARGET_UNREADABLE, COMPRESSION_INVALID, LIMIT_EXCEEDED; while bytes pass, also what fetching raises.
   */
  open(
    jobs: readonly LayerJob[],
    options: FetchOptions,
  ): AsyncIterable<{ readonly job: LayerJob; readonly bytes: StoredBytes }>;
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

/** One layer to read, and what to take from it. */
export interface LayerJob {
  /** Index in the image, base first. */
  readonly layer: number;
  readonly location: BlobLocation;
  /** What the bytes as stored must hash to; null where nobody said. */
  readonly digest: string | null;
  /** What the manifest says of their count; null where nobody said. */
  readonly size: number | null;
  /** Hash the uncompressed bytes too. */
  readonly wantDiffId: boolean;
  readonly analyzers: readonly Pick<Analyzer, 'id' | 'version'>[];
  readonly inventory: 'none' | 'paths' | 'full';
  /** A second read of certain paths; null for a first one. */
  readonly extra: readonly ExtraRead[] | null;
}

export interface LayerReading {
  /** The facts by part name; empty where the bytes are not what they should be. */
  readonly parts: ReadonlyMap<string, Uint8Array>;
  /** `sha256:HEX` of the bytes as stored; null for a directory and after a failure. */
  readonly digest: string | null;
  /** Why the layer was not read to its end; what `parts` holds may be part of the truth. */
  readonly failure: { readonly code: GapCode; readonly message: string } | null;
  /** Where the registry failed, not the layer: there can be no report, and a later attempt may do better. */
  readonly error?: PlimsollError;
}

export interface ReadOptions {
  readonly limits: Limits;
  readonly skipDirs: readonly string[];
  readonly skipFiles: readonly string[];
  readonly onProgress: ProgressSink;
  readonly signal: AbortSignal;
}

/** Reads layers, as many at once as is good for the machine. One reading per job, in the order of the jobs. */
export interface LayerReader {
  /** What holds whatever reads a layer; absent where that is this very process. */
  sandbox?(limits: Limits): Promise<Sandbox>;
  read(jobs: readonly LayerJob[], options: ReadOptions): Promise<readonly LayerReading[]>;
}

/** A layer whose bytes are through, and are those that they should be. */
export interface WholeLayer {
  /** Uncompressed. */
  readonly bytes: number;
  readonly digest: string | null;
  readonly diffId: string | null;
}

/** A job as it is told to whoever reads the layer, who need not know where streamed bytes come from. */
export interface ToldJob extends Omit<LayerJob, 'location'> {
  readonly location: Exclude<BlobLocation, FetchedLocation> | { readonly kind: 'streamed'; readonly size: number };
}

/** One layer that is being read in a thread or a process: its entries go to the collector, and then one of the two is called. */
export interface LayerInTask {
  readonly job: ToldJob;
  readonly collector: LayerCollector;
  /** The bytes as stored, where they are streamed; each chunk is lent until the next one is asked for. */
  readonly stream: AsyncIterable<Uint8Array> | null;
  /** Once all of the stream has passed, its `sha256:HEX`, where somebody else has hashed and verified it; else null. */
  readonly verified: (() => string) | null;
  readonly onProgress: (readBytes: number) => void;
  readonly succeed: (whole: WholeLayer) => void;
  /** What was collected so far is kept, as part of the truth, unless the bytes were the wrong ones. */
  readonly fail: (error: unknown) => void;
}

/** Feeds the layers of one file, or one directory, to their collectors. */
export type LayerFeed = (
  layers: readonly LayerInTask[],
  limits: Limits,
  analyzers: readonly Analyzer[],
) => Promise<void>;

export interface LayerProgress {
  readonly layer: number;
  readonly layers: number;
  readonly readBytes: number;
  readonly totalBytes: number;
  readonly entries: number;
  readonly state: 'reading' | 'cached' | 'done' | 'failed';
}
export type ProgressSink = (progress: LayerProgress) => void;

/** Hashes a document; the pipeline holds no crypto of its own. */
export type Sha256 = (bytes: Uint8Array) => string;

/** Names one cached piece of one layer's facts. */
export interface FactsKey {
  /** `sha256:HEX` of the blob as it was read and verified; never a claimed diffID. */
  readonly digest: string;
  /** What the piece is and who made it: `inventory@1`, `dpkg@3`, `dpkg@3+HEX` for a second read of certain paths. */
  readonly part: string;
}

/** Keeps facts between scans and processes. A piece that is absent, damaged or foreign reads as null. */
export interface FactsCache {
  get(key: FactsKey): Promise<Uint8Array | null>;
  put(key: FactsKey, bytes: Uint8Array): Promise<void>;
}

/** Advisories as a database was built, read-only. Synchronous: a look-up takes microseconds. */
export interface AdvisoryDatabase {
  /**
   * Every advisory for one package name in one namespace, sorted by id and source; each with only the `affected` entries of
   * that namespace and name. Both are spelt as in AffectedPackage.
   */
  lookup(ecosystem: string, name: string): readonly Advisory[];
  /** What is known of a CVE beside advisories: KEV, EPSS, NVD. */
  enrichment(cveId: string): Enrichment | null;
  describe(): DatabaseInfo;
}

/** What is put before a command line so that the command sees and does less. */
export interface Confinement {
  readonly prefix: readonly string[];
  /** In namespaces of its own: no network, and all its processes end with the first one. */
  readonly isolated: boolean;
  /** In a root that holds nothing but what is visible and the system's programs, and where nothing can be written. */
  readonly rooted: boolean;
  /** Whether the limits that were asked for hold. */
  readonly bounded: boolean;
}

export interface ConfinementTerms {
  /** As prlimit(1) takes them: `--data=BYTES`. */
  readonly limits: readonly string[];
  /** Without capabilities, and where that is possible as nobody. */
  readonly powerless: boolean;
  /** Absolute paths that it needs to see; null: all. */
  readonly visible: readonly string[] | null;
  /** A command line that ends well where it is confined no more than it can bear. */
  readonly probe: readonly string[];
}

/** Programs that are installed. */
export interface Programs {
  /** The first program of this name in PATH, or the one at this absolute path; null where there is none that may be executed. */
  find(name: string): Promise<string | null>;
  /** The strongest confinement that this machine allows. */
  confine(terms: ConfinementTerms): Promise<Confinement>;
}

/** A scanner of somebody else that is to look at the target too. */
export interface EngineChoice {
  readonly name: EngineName;
  /** The executable; null: the first of that name in PATH. */
  readonly path: string | null;
  /** What the executable must hash to, as 64 hexadecimal digits; null: nothing is said. */
  readonly sha256: string | null;
}

/** Reads an SBOM where the signal is heard, however long it takes. Raises what `readSbom` raises, or the signal's reason. */
export interface SbomReader {
  /** `name` stands in messages. */
  read(name: string, bytes: Uint8Array, options: FetchOptions): Promise<SbomContent>;
}

/** What an engine is to look at: the very image or directory that we read. */
export interface EngineTarget {
  readonly kind: Report['target']['kind'];
  readonly path: string;
  /** null where there is none (classic docker save, directories). */
  readonly manifestDigest: string | null;
  /** By this an engine proves which image it read; null for directories. */
  readonly configDigest: string | null;
  /** Base first; by digest where the image names them so. */
  readonly layers: readonly { readonly digest: string | null }[];
}

export interface EngineReading {
  readonly name: EngineName;
  /** As it states itself; null where it was not asked, or did not say. */
  readonly version: string | null;
  readonly packages: readonly ForeignPackage[];
  /** Why there is no answer that holds; `packages` is then empty. */
  readonly failure: string | null;
  /** Whether it ran in namespaces of its own, without a network; null where it did not run. */
  readonly isolated: boolean | null;
}

/** Runs engines. Never raises for what an engine does, only where `signal` is aborted. */
export interface EngineRunner {
  run(choice: EngineChoice, target: EngineTarget, options: EngineOptions): Promise<EngineReading>;
}

export interface EngineOptions {
  readonly limits: Limits;
  readonly signal: AbortSignal;
}

/** One file of a feed, or of an archive of one; unpacked. */
export type FeedFile =
  | {
      /** Path below what was given. */
      readonly name: string;
      readonly bytes: Uint8Array;
      /** The kind of feed, where the user named it. */
      readonly kind: string | null;
      /** When it was fetched, RFC 3339; null where nobody knows. */
      readonly fetched: string | null;
      /** The ecosystem whose OSV export it is of; null where nobody said. */
      readonly exported: string | null;
    }
  /** One that could not be had, and why, in a sentence of ours. */
  | { readonly name: string; readonly refused: string };

/** Where feeds come from: files, folders, archives. FEED_UNREADABLE, LIMIT_EXCEEDED. */
export interface FeedFiles {
  files(signal: AbortSignal): AsyncIterable<FeedFile>;
}

export interface BuiltDatabase {
  readonly directory: string;
  readonly bytes: number;
  readonly counts: { readonly records: number; readonly packages: number; readonly enriched: number };
  readonly info: DatabaseInfo;
  readonly refusals: readonly Refusal[];
}

export interface FinishFacts {
  readonly builtAt: string;
  readonly starter: boolean;
  readonly refusals: readonly Refusal[];
  readonly allowShrunk: boolean;
}

/** Takes what feeds say, in any order, and makes it the installed database at the end: wholly or not at all. */
export interface DatabaseWriter {
  /** `exported`: of an OSV export, the only ecosystem that it speaks for; null: for all that are named. */
  add(advisory: Advisory, fetched: string | null, exported: string | null): void;
  cover(ecosystem: string, source: string, fetched: string | null, newest?: string | null): void;
  enrich(cveId: string, enrichment: Enrichment): void;
  addEndOfLife(endOfLife: EndOfLife): void;
  /** FEED_SHRUNK where a feed has lost most of what the installed database has of it, unless `allowShrunk`. */
  finish(facts: FinishFacts): Promise<BuiltDatabase>;
  discard(): Promise<void>;
}

/** Where a new advisory database comes from, and what of it is taken. Plain data: it goes to another process. */
export interface RefreshTerms {
  /** Null for the default place. */
  readonly root: string | null;
  /** Groups or ids of `db update --list`; none: all. */
  readonly feeds: readonly string[];
  readonly mirrors: readonly string[];
  /** `https://…` or `oci://…` of a database that is built already; null: it is built here. */
  readonly pull: string | null;
  /** Public keys in PEM, whose signature a pulled one needs. */
  readonly keyFiles: readonly string[];
  readonly allowMissing: boolean;
}

export interface RefreshedAdvisories {
  readonly digest: string;
  /** RFC 3339. */
  readonly builtAt: string;
  /** The digest of the one that was installed; `none`, `unusable`. */
  readonly before: string;
  /** Feeds whose last copy was used, in a sentence each, at most `listedFlaws`; all are counted. */
  readonly warnings: readonly string[];
  readonly warned: number;
}

/** Asks every loaded policy. Never raises for what a policy does: that is its outcome. */
export interface PolicyEvaluator {
  readonly policies: readonly Policy[];
  /** One outcome per policy, in their order. */
  evaluate(input: PolicyInput): Promise<readonly PolicyOutcome[]>;
}

/** The native half of the agent. */
export interface Sensor {
  /** Frames as they come, some at once, until the sensor ends or `signal` is aborted. SENSOR_MISSING, SENSOR_FAILED. */
  frames(signal: AbortSignal): AsyncIterable<readonly SensorFrame[]>;
}

/** One place where records of the agent go. */
export interface RecordSink {
  /** Its kind and its place, for messages. */
  readonly name: string;
  /** All of them are taken once this is over. Raises where it does not know that: they are then sent again. */
  send(lines: readonly RecordLine[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What the container runtimes of this host say of their containers. Never raises: what cannot be read is unknown. */
export interface Containers {
  /** null: the runtime does not say, or no longer knows. */
  state(key: ContainerKey): Promise<ContainerState | null>;
  /** The id of the runc container whose cgroup is this directory: its name tells nothing. */
  runcAt(cgroupDirectory: string): Promise<string | null>;
  /** Ids of the processes in a cgroup. */
  processes(cgroupDirectory: string): Promise<readonly number[]>;
  /** Ids and names of the cgroups below this directory that lead to the one with this id, the outermost first; null: it is not there. */
  cgroupsTo(directory: string, id: bigint): Promise<readonly { readonly id: bigint; readonly name: string }[] | null>;
}

/** Whose signatures are believed. */
export interface SignerTrust {
  /** Files of public keys in PEM. */
  readonly keys: readonly string[];
  /** Names in certificates, to the letter, with who vouched for them. */
  readonly identities: readonly { readonly subject: string; readonly issuer: string }[];
  /** File of the services that certificates must come from, as Sigstore's trusted_root.json; null: no certificate is believed. */
  readonly trustedRoot: string | null;
}

export interface BundleReading {
  /** What a DSSE envelope holds, whoever signed it; null for a signature of a file, and where it cannot be read. */
  readonly payload: { readonly type: string; readonly text: string } | null;
  /** Whom we believe it is signed by; null where nobody whom we believe did. */
  readonly signer: string | null;
  /** Why there is no signer. */
  readonly refusal: string | null;
}

/** Reads Sigstore bundles (JSON). Never raises for what a bundle is. */
export interface BundleVerifier {
  /** `file`: the text that a signature of a file must be over. */
  read(bundle: string, file: string | null): BundleReading;
}
