import type { JsonObject } from '../domain/image/json.ts';
import { objectOrNull, textOrNull } from '../domain/vulnerabilities/feeds/foreign-json.ts';
import type { PodReader, WatchSink } from './admission-ports.ts';
import type { PodLookup } from './judge-review.ts';

/** One GET at the most holds a review up so long. Milliseconds. */
const GET_MS = 500;
/** Pods of the largest clusters (kubernetes.io, "Considerations for large clusters"); of more, those behind are asked for one by one. */
const PODS = 150_000;

/** Pods as a watch tells of them; where it does not know one, one GET. */
export class KnownPods implements PodLookup, WatchSink {
  readonly #reader: PodReader;
  readonly #signalIn: (ms: number) => AbortSignal;
  readonly #pods = new Map<string, JsonObject>();
  #listed: Set<string> | null = null;

  /** `signalIn`: aborted after so many milliseconds. */
  constructor(reader: PodReader, signalIn: (ms: number) => AbortSignal) {
    this.#reader = reader;
    this.#signalIn = signalIn;
  }

  async find(namespace: string, name: string): Promise<JsonObject | null> {
    const known = this.#pods.get(`${namespace}/${name}`);
    if (known !== undefined) return known;
    try {
      return objectOrNull(await this.#reader.pod(namespace, name, this.#signalIn(GET_MS)));
    } catch {
      // To whoever judges it is the same as a Pod that is not there: nobody can tell.
      return null;
    }
  }

  put(object: unknown): void {
    const pod = objectOrNull(object);
    const metadata = objectOrNull(pod?.metadata);
    const [namespace, name] = [textOrNull(metadata?.namespace), textOrNull(metadata?.name)];
    if (pod === null || metadata === null || namespace === null || name === null) return;
    const key = `${namespace}/${name}`;
    this.#listed?.add(key);
    if (this.#pods.size >= PODS && !this.#pods.has(key)) return;
    const { managedFields: _managed, ...kept } = metadata;
    this.#pods.set(key, { metadata: kept, spec: pod.spec });
  }

  gone(namespace: string, name: string): void {
    this.#pods.delete(`${namespace}/${name}`);
  }

  relist(): void {
    this.#listed = new Set();
  }

  listed(): void {
    const there = this.#listed;
    this.#listed = null;
    if (there === null) return;
    for (const key of this.#pods.keys()) if (!there.has(key)) this.#pods.delete(key);
  }
}
