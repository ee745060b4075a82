import { LRUCache } from 'lru-cache';
import { messageOf } from '../domain/errors.ts';
import type { ImageReference } from '../domain/image/reference.ts';
import { TokenBucket } from '../domain/token-bucket.ts';
import { type JobQueue, type JobRequests, PRIORITIES } from './job-ports.ts';

export type ScanRequestResult = 'requested' | 'repeated' | 'rate-limited' | 'unregistered' | 'failed';

export interface RequestScansDependencies {
  readonly jobs: JobRequests;
  readonly queue: JobQueue;
  readonly registrationOf: (reference: ImageReference) => string | null;
  /** Of one namespace. */
  readonly perMinute: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onResult: (result: ScanRequestResult) => void;
  readonly onWarning: (message: string) => void;
}

const NAMESPACES = 10_000;
/** An image that was asked for is not asked for again so soon. */
const ASKED = 10_000;
const ASKED_MS = 60_000;

/** Scans of images that somebody wants to run and nobody has scanned: from registered registries only, and no namespace uses up the time of all. */
export class RequestScans {
  readonly #dependencies: RequestScansDependencies;
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: NAMESPACES });
  readonly #asked = new LRUCache<string, true>({ max: ASKED, ttl: ASKED_MS });

  constructor(dependencies: RequestScansDependencies) {
    this.#dependencies = dependencies;
  }

  /** Waits for nothing. */
  request(reference: ImageReference, namespace: string | null): void {
    this.#dependencies.onResult(this.#begin(reference, namespace ?? ''));
  }

  #begin({ registry: host, repository, tag, digest }: ImageReference, namespace: string): ScanRequestResult {
    const { registrationOf, perMinute, now } = this.#dependencies;
    const registry = registrationOf({ registry: host, repository, tag, digest });
    if (registry === null) return 'unregistered';
    const key = `${registry}/${repository}${digest === null ? `:${tag}` : `@${digest}`}`;
    if (this.#asked.has(key)) return 'repeated';
    const bucket = this.#buckets.get(namespace) ?? new TokenBucket(perMinute, now());
    this.#buckets.set(namespace, bucket);
    if (!bucket.take(now())) return 'rate-limited';
    this.#asked.set(key, true);
    void this.#ask(key, { registry, repository, tag: digest === null ? tag : null, digest });
    return 'requested';
  }

  async #ask(key: string, payload: Readonly<Record<string, string | null>>): Promise<void> {
    const { jobs, queue, onResult, onWarning } = this.#dependencies;
    try {
      const request = { kind: 'scan', key, payload, priority: PRIORITIES.admission } as const;
      // The store knows of it from here on: a queue that does not hear of it now is told again.
      const requested = await jobs.request([request]);
      await queue.announce(requested).catch((error) => onWarning(messageOf(error)));
    } catch (error) {
      this.#asked.delete(key);
      onResult('failed');
      onWarning(`a scan of ${key} could not be asked for: ${messageOf(error)}`);
    }
  }
}
