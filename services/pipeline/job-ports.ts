import type { ErrorCode } from '../domain/errors.ts';
import type { Page, Part } from './page.ts';

/*
 * Jobs, as the use cases of `serve` need them. The store is the record of what is to be done and of what was done; the queue
 * only wakes workers. What the queue loses, the store gives back.
 */

export const JOB_KINDS = ['scan', 'rescan', 'refresh-advisories', 'sweep-registry'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** queued → running → done, failed; back to queued where it may be tried again; cancelled from the first two. */
export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Lower goes first. */
export const PRIORITIES = { admission: 1, push: 5, refresh: 5, request: 5, rescan: 7, sweep: 10 } as const;

/** What is to be done; plain data of the kind's own shape. */
export type JobPayload = Readonly<Record<string, string | number | boolean | null>>;

export interface JobRequest {
  readonly kind: JobKind;
  /** Two queued jobs of one kind and key are one job. */
  readonly key: string;
  readonly payload: JobPayload;
  readonly priority: number;
  /** Id of the registration whose registry it asks for images; null or left out: none. */
  readonly registry?: string | null;
}

export interface Job extends JobRequest {
  /** UUID */
  readonly id: string;
  readonly registry: string | null;
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
  /** How far the last attempt has come; null where it has not said. */
  readonly progress: JobProgress | null;
  /** What it came to, of the kind's own shape: digests that were scanned. */
  readonly result: JobResult | null;
  /** Why the last attempt failed. */
  readonly error: JobError | null;
}

export type JobResult = Readonly<Record<string, string | number | readonly string[]>>;

/** Counts, of the kind's own shape: layers that are done, bytes that were read. */
export type JobProgress = Readonly<Record<string, number>>;

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

export interface DueJobs {
  /**
   * Queues those of which none was queued by this for so long, and none waits or runs now. Of many processes that ask at one
   * moment one has the job, for its turn is taken in the transaction that queues it. In any order.
   */
  requestDue(requests: readonly JobRequest[], everyMs: number): Promise<readonly Job[]>;
}

/** How many jobs of one registry may run at one time, so that a slow one keeps nobody from the others. */
export interface RegistryRoom {
  /** In one worker. */
  readonly mostInWorker: number;
  /** In all workers together, by registration; of those that are not named, any number. */
  readonly most: ReadonlyMap<string, number>;
}

/** The life of jobs. Every change is one transaction, and holds or does nothing. */
export interface JobLedger {
  /** Takes a queued job that is due; null: it is not, one of the same kind and key runs, or its registry has no room. */
  begin(id: string, worker: string, room: RegistryRoom): Promise<Job | null>;
  /** The most urgent that `begin` would give this worker now, the oldest of those; null: none. */
  next(kind: JobKind, worker: string, room: RegistryRoom): Promise<string | null>;
  /** Says that the attempt goes on, and how far it is; false: it is no longer ours (cancelled, or given to another). */
  beat(attempt: Attempt, progress: JobProgress | null): Promise<boolean>;
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
  /**
   * Queued jobs, the most urgent first, whether due or not: what the queue must know of. Of each registry a few: the next of it
   * are taken when these are over.
   */
  waiting(limit: number): Promise<readonly Job[]>;
}

export interface JobFilter {
  readonly kind?: JobKind | undefined;
  readonly state?: JobState | undefined;
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
