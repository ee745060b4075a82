import type { Report, ReportVerdict } from '../domain/report/report.ts';
import type { Attempt, Job, JobRequest, JobResult } from './job-ports.ts';
import type { Page, Part } from './page.ts';

/* What the use cases of `serve` keep in the store: what registries told of, images, reports. */

/** What happened in a registry, whoever told it. */
export interface RegistryEvent {
  /** `push`: the tag or digest is there now. `delete`: it is gone. */
  readonly action: 'push' | 'delete';
  readonly repository: string;
  readonly tag: string | null;
  /** Of the manifest or index; null where the sender names none: it is then resolved at the registry. */
  readonly digest: string | null;
  /** As the sender states it, RFC 3339; null where it does not. Events come in any order. */
  readonly at: string | null;
}

/** One message of a registry, authenticated and read. */
export interface Delivery {
  /** Name under which the registry is registered. What the message says of hosts and addresses is never used. */
  readonly registry: string;
  /** The sender's own name for the message: a second one with it is a replay. Null where it gives none. */
  readonly senderId: string | null;
  /** `sha256:HEX` of the body as it came. */
  readonly bodyDigest: string;
  readonly events: readonly RegistryEvent[];
  /** Events that say nothing of images: pulls, blobs, kinds that are not known. */
  readonly ignored: number;
}

export interface RecordedDelivery {
  /** UUID; of the first where this is a replay. */
  readonly id: string;
  /** It was recorded before; nothing was done. */
  readonly replay: boolean;
  readonly jobs: readonly Job[];
}

export interface DeliveryStore {
  /** Records the message, what it says of tags, and the jobs that follow, all in one transaction; or nothing. */
  record(delivery: Delivery, requests: readonly JobRequest[]): Promise<RecordedDelivery>;
}

/** Where a tag pointed, and since when. */
export interface TagChange {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  /** null: it was deleted. */
  readonly digest: string | null;
  readonly at: string;
}

export interface TagReader {
  /** Newest first; the first one holds. */
  history(registry: string, repository: string, tag: string, page: Page): Promise<Part<TagChange>>;
}

/** A repository that has a manifest, or had it. */
export interface ManifestPlace {
  readonly registry: string;
  readonly repository: string;
  /** That point to it now. */
  readonly tags: readonly string[];
  /** When it was last told to be there. */
  readonly pushedAt: string;
  readonly deletedAt: string | null;
}

export interface PlaceReader {
  places(digest: string): Promise<readonly ManifestPlace[]>;
}

/** What deliveries and sweeps told, as it stands now. */
export interface KnownTags {
  repositories(registry: string): Promise<readonly string[]>;
  /** Where each tag of a repository points; null: it was deleted. */
  tags(registry: string, repository: string): Promise<ReadonlyMap<string, string | null>>;
  /** Manifests that are not known to be deleted, but for these and the images of indexes among these. */
  untagged(registry: string, repository: string, tagged: readonly string[]): Promise<readonly string[]>;
}

export type Decision = ReportVerdict['decision'];
/** Vulnerabilities that are not suppressed, by severity; a severity without any is absent. */
export type SeverityCounts = Readonly<Record<string, number>>;

/** Everything beside an image and how it was read that shapes its report, but for the exceptions in the store. */
export interface JudgedWith {
  /** `sha256:HEX` over all of it. */
  readonly digest: string;
  /** Of the advisory database, RFC 3339. */
  readonly databaseBuiltAt: string;
}

/** One image as it was scanned and judged. */
export interface JudgedImage {
  /** Of the manifest; of the config where an archive has no manifests. */
  readonly digest: string;
  readonly report: Report;
  /** `sha256:HEX` of what read it: version and analyzers. */
  readonly readBy: string;
  /** null: there was no advisory database. */
  readonly judgedWith: JudgedWith | null;
  /** `sha256:HEX` over everything beside the image that shaped the report. */
  readonly judgedBy: string;
  readonly decision: Decision;
  readonly counts: SeverityCounts;
  /** The report as its one text, and `sha256:HEX` of it. */
  readonly document: string;
  readonly documentDigest: string;
  /** `pkg:type/namespace/name` of each package of the report, in its order; null: of no package URL. */
  readonly packageNames: readonly (string | null)[];
}

export interface JudgedTarget {
  /** As it was asked for. */
  readonly reference: string;
  /** Of the index that held the images; null: a single image. */
  readonly indexDigest: string | null;
  readonly images: readonly JudgedImage[];
  /** Of the terms that it was judged by. */
  readonly revision: string;
}

export interface ReportStore {
  /**
   * Stores what was found, in the place of what was found with the same inputs before, and settles the job: both or neither.
   * `lost`: the job was no longer this attempt's. `overtaken`: the terms have changed since. Nothing was stored then.
   */
  storeAndSettle(attempt: Attempt, target: JudgedTarget, result: JobResult): Promise<'stored' | 'lost' | 'overtaken'>;
}

/** A verdict as it was stored last. */
export interface StoredVerdict {
  readonly digest: string;
  readonly decision: Decision;
  readonly counts: SeverityCounts;
  /** When the image was read, and when it was judged last. */
  readonly scannedAt: string;
  readonly judgedAt: string;
  /** See JudgedImage. */
  readonly judgedBy: string;
  readonly documentDigest: string;
}

export interface StoredImage {
  readonly digest: string;
  readonly kind: 'image' | 'index';
  readonly platform: string | null;
  /** As it was asked for last. */
  readonly reference: string;
  readonly firstScannedAt: string;
  readonly lastScannedAt: string;
  /** The newest; of an index, the worst of its images'. Null: there is none. */
  readonly verdict: Pick<StoredVerdict, 'decision' | 'counts' | 'scannedAt'> | null;
}

export interface PackageSearch {
  /** `pkg:type/namespace/name` */
  readonly name: string;
  /**
   * `current`: only images that a tag of a registry points to now, by themselves or by their index; of what no registry told of, what was
   * scanned last under its reference.
   */
  readonly images: 'current' | 'all';
}

/** Where a package stands: in the report of which image, and at which place of it. */
export interface PackagePlace {
  readonly digest: string;
  readonly ordinal: number;
}

export interface FoundPackage extends PackagePlace {
  readonly reference: string;
  readonly platform: string | null;
  readonly type: string;
  readonly version: string;
  readonly purl: string;
}

export interface PackageFinder {
  /** Packages of a name in the newest report of every image, behind `after`, in the order of their places. */
  packagesNamed(search: PackageSearch, after: PackagePlace | null, limit: number): Promise<readonly FoundPackage[]>;
}

export interface ImageReader {
  image(digest: string): Promise<StoredImage | null>;
  images(page: Page): Promise<Part<StoredImage>>;
  /** The images of an index, by digest; empty for an image. */
  children(digest: string): Promise<readonly StoredImage[]>;
  /** The newest of an image; null for an index. */
  verdict(digest: string): Promise<StoredVerdict | null>;
  /** The newest report's text and digest. */
  report(digest: string): Promise<{ readonly document: string; readonly documentDigest: string } | null>;
}

/** How long things are kept, in days. */
export interface Retention {
  /** Jobs that are over. */
  readonly jobsDays: number;
  /** Reports in whose place there is a newer one of the same image. */
  readonly reportsDays: number;
  /** What became of reports that were judged again. */
  readonly changesDays: number;
  /** A message that is sent again after that is no replay any more. */
  readonly deliveriesDays: number;
  readonly auditDays: number;
  /** Decisions of admission; digests that were admitted last so long ago. */
  readonly admissionDays: number;
}

/** Rows that were taken away. */
export type Expired = Readonly<Record<'jobs' | 'reports' | 'changes' | 'deliveries' | 'audit' | 'admission', number>>;

export interface RetentionStore {
  expire(retention: Retention): Promise<Expired>;
}
