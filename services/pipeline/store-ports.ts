import type { ErrorCode } from '../domain/errors.ts';
import type { Report, ReportVerdict } from '../domain/report/report.ts';

/*
 * What the use cases of `serve` need of the store and the queue. The store is the record of what is to be done and of what
 * was done; the queue only wakes workers. What the queue loses, the store gives back.
 */

export const JOB_KINDS = ['scan', 'refresh-advisories', 'sweep-registry'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** queued → running → done, failed; back to queued where it may be tried again; cancelled from the first two. */
export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Lower goes first. */
export const PRIORITIES = { admission: 1, push: 5, refresh: 5, request: 5, sweep: 10 } as const;

/** What is to be done; plain data of the kind's own shape. */
export type JobPayload = Readonly<Record<string, string | number | boolean | null>>;

export interface JobRequest {
  readonly kind: JobKind;
  /** Two queued jobs of one kind and key are one job. */
  readonly key: string;
  readonly payload: JobPayload;
  readonly priority: number;
}

export interface Job extends JobRequest {
  /** UUID */
  readonly id: string;
  readonly state: JobState;
  /** How often it was begun. */
  readonly attempts: number;
  /** How often it may be begun before it counts as failed. */
  readonly attemptsAllowed: number;
  /** Moments are RFC 3339, UTC. It is not begun before. */
  readonly runAfter: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** What it came to, of the kind's own shape: digests that were scanned. */
  readonly result: JobResult | null;
  /** Why the last attempt failed. */
  readonly error: JobError | null;
}

export type JobResult = Readonly<Record<string, string | number | readonly string[]>>;

export interface JobError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** One attempt at a job. Who no longer holds the job under this number settles nothing. */
export interface Attempt {
  readonly id: string;
  readonly attempts: number;
}

export interface JobRequests {
  /** Queues each, or answers with the queued job of the same kind and key, made more urgent if need be. In their order. */
  request(requests: readonly JobRequest[]): Promise<readonly Job[]>;
}

/** The life of jobs. Every change is one transaction, and holds or does nothing. */
export interface JobLedger {
  /** Takes a queued job that is due; null: it is not, or one of the same kind and key runs. */
  begin(id: string, worker: string): Promise<Job | null>;
  /** Says that the attempt goes on; false: it is no longer ours (cancelled, or given to another). */
  beat(attempt: Attempt): Promise<boolean>;
  /** The attempt came to its end, or failed for good. False: it was no longer ours. */
  settle(attempt: Attempt, outcome: { readonly result: JobResult } | { readonly error: JobError }): Promise<boolean>;
  /** The attempt failed; the job is to be tried again where it may be, else it failed. False: it was no longer ours. */
  retry(attempt: Attempt, error: JobError, delayMs: number): Promise<boolean>;
}

export interface LostJobs {
  /**
   * Queues again what has not been heard of for so long: its worker is gone. What was begun as often as it may be fails, so
   * that a job which ends its worker does not end every worker. The ids of both.
   */
  recover(silentMs: number): Promise<readonly string[]>;
  /** Queued jobs, the most urgent first, whether due or not: what the queue must know of. */
  waiting(limit: number): Promise<readonly Job[]>;
}

export interface JobFilter {
  readonly kind?: JobKind | undefined;
  readonly state?: JobState | undefined;
}

/** Part of a list, newest first. */
export interface Page {
  readonly limit: number;
  /** What `next` of the part before said; null: from the start. */
  readonly after: string | null;
}

export interface Part<Item> {
  readonly items: readonly Item[];
  /** null: there is no more. */
  readonly next: string | null;
}

export interface JobReader {
  job(id: string): Promise<Job | null>;
  jobs(filter: JobFilter, page: Page): Promise<Part<Job>>;
}

export interface JobControl {
  /** Stops a queued job at once, and a running one when it next says that it goes on. False: there was nothing to stop. */
  cancel(id: string): Promise<boolean>;
  /** Queues a failed or cancelled job again; null: it is neither, or one of the same kind and key is queued. */
  replay(id: string): Promise<Job | null>;
}

/** Wakes workers. May forget: LostJobs.waiting is told to it again and again. */
export interface JobQueue {
  announce(jobs: readonly Job[]): Promise<void>;
}

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

/** What deliveries and sweeps told, as it stands now. */
export interface KnownTags {
  repositories(registry: string): Promise<readonly string[]>;
  /** Where each tag of a repository points; null: it was deleted. */
  tags(registry: string, repository: string): Promise<ReadonlyMap<string, string | null>>;
}

export type Decision = ReportVerdict['decision'];
/** Vulnerabilities that are not suppressed, by severity; a severity without any is absent. */
export type SeverityCounts = Readonly<Record<string, number>>;

/** One image as it was scanned and judged. */
export interface JudgedImage {
  /** Of the manifest; of the config where an archive has no manifests. */
  readonly digest: string;
  readonly report: Report;
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
}

export interface ReportStore {
  /**
   * Stores what was found, in the place of what was found with the same inputs before, and settles the job: both or neither.
   * False: the job was no longer this attempt's, and nothing was stored.
   */
  storeAndSettle(attempt: Attempt, target: JudgedTarget, result: JobResult): Promise<boolean>;
}

/** A verdict as it was stored last. */
export interface StoredVerdict {
  readonly digest: string;
  readonly decision: Decision;
  readonly counts: SeverityCounts;
  readonly scannedAt: string;
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

export interface FoundPackage {
  readonly digest: string;
  readonly reference: string;
  readonly platform: string | null;
  readonly type: string;
  readonly version: string;
  readonly purl: string;
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
  /** Packages of this name (`pkg:type/namespace/name`) in the newest report of every image, by digest. At most `limit`. */
  packagesNamed(name: string, limit: number): Promise<readonly FoundPackage[]>;
}

/** Each may do what those behind it may. */
export const ROLES = ['admin', 'editor', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

export interface ApiToken {
  /** UUID */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

export interface NewToken {
  readonly name: string;
  /** SHA-256 of the secret, as hexadecimal digits; the secret itself is never stored. */
  readonly secretDigest: string;
  readonly role: Role;
  readonly expiresAt: string | null;
}

export interface TokenStore {
  /** The token of this secret, where it holds: not expired, not revoked. */
  holder(secretDigest: string): Promise<ApiToken | null>;
  addToken(token: NewToken): Promise<ApiToken>;
  /** Adds it where there is no token at all, not even an expired one; null: there is one. */
  addFirstToken(token: NewToken): Promise<ApiToken | null>;
  tokens(page: Page): Promise<Part<ApiToken>>;
  /** False: there is none, or it was revoked before. */
  revoke(id: string): Promise<boolean>;
}

/** Who did what. Never a secret, never a body. */
export interface AuditEntry {
  /** `token:UUID`, `anonymous`, `system` */
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: 'done' | 'refused';
  readonly address: string | null;
  readonly requestId: string | null;
}

export interface AuditLog {
  audit(entry: AuditEntry): Promise<void>;
  audited(page: Page): Promise<Part<AuditEntry & { readonly at: string }>>;
}

/** How long things are kept, in days. */
export interface Retention {
  /** Jobs that are over. */
  readonly jobsDays: number;
  /** Reports in whose place there is a newer one of the same image. */
  readonly reportsDays: number;
  /** A message that is sent again after that is no replay any more. */
  readonly deliveriesDays: number;
  readonly auditDays: number;
}

/** Rows that were taken away. */
export type Expired = Readonly<Record<'jobs' | 'reports' | 'deliveries' | 'audit', number>>;

export interface RetentionStore {
  expire(retention: Retention): Promise<Expired>;
}
