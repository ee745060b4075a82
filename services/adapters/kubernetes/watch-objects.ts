import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import type { ObjectWatcher, Watched, WatchSink } from '../../pipeline/admission-ports.ts';
import type { ApiServer } from './api-server.ts';
import { watchEvents } from './watch-lines.ts';

interface ObjectMetadata {
  readonly namespace?: string;
  readonly name?: string;
  readonly resourceVersion?: string;
}

/** Objects of one page of a list; fewer where they are so large that a page goes past its limit. */
const PAGE = 500;
/** How long the server holds one watch, at least; a random part more, so that not all begin again at once. */
const WATCH_SECONDS = 300;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** Of HTTP, and of a Status in a watch: what was asked to go on from is too old. */
const GONE = 410;

/** Lists and watches all of a kind, as Kubernetes' own informers do, in pages, so that no answer grows with the cluster. */
export class KubernetesWatcher implements ObjectWatcher {
  readonly #server: ApiServer;
  readonly #onWarning: (message: string) => void;
  readonly #firstWaitMs: number;

  constructor(server: ApiServer, onWarning: (message: string) => void, firstWaitMs = FIRST_WAIT_MS) {
    this.#server = server;
    this.#onWarning = onWarning;
    this.#firstWaitMs = firstWaitMs;
  }

  async watch(resource: Watched, sink: WatchSink, signal: AbortSignal): Promise<void> {
    /** Where to go on; null: from a list. */
    let version: string | null = null;
    let waitMs = this.#firstWaitMs;
    const follow = (next: string): void => {
      version = next;
      waitMs = this.#firstWaitMs;
    };
    while (!signal.aborted) {
      try {
        version ??= await this.#list(resource, sink, signal);
        await this.#follow(resource, version, sink, follow, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isGone(error)) version = null;
        else this.#onWarning(`watch of ${resource}: ${messageOf(error)}`);
      }
      // Also after one that ended well: a server that ends each at once must not keep us busy.
      await sleep(waitMs * (0.5 + Math.random()), undefined, { signal: signal as never }).catch(() => {});
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
  }

  /** All pages; the version that they stand for. */
  async #list(resource: Watched, sink: WatchSink, signal: AbortSignal): Promise<string> {
    sink.relist();
    let page = PAGE;
    let next = '';
    for (;;) {
      const query = { limit: String(page), ...(next !== '' && { continue: next }) };
      const answer = await this.#server
        .ask({ method: 'GET', path: `/api/v1/${resource}`, query, signal })
        .catch((error) => {
          if (page === 1 || !isTooLarge(error)) throw error;
          return null;
        });
      if (answer === null) {
        page = Math.ceil(page / 10);
        continue;
      }
      const { metadata, items } = answer.json as {
        metadata?: { resourceVersion?: string; continue?: string };
        items?: unknown;
      };
      if (!metadata?.resourceVersion || !Array.isArray(items)) {
        throw new PlimsollError(
          'KUBERNETES_UNAVAILABLE',
          `The API server answers something else than a list of ${resource}`,
        );
      }
      for (const item of items) sink.put(item);
      next = metadata.continue ?? '';
      if (next !== '') continue;
      sink.listed();
      return metadata.resourceVersion;
    }
  }

  async #follow(
    resource: Watched,
    version: string,
    sink: WatchSink,
    onVersion: (version: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const query = {
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      timeoutSeconds: String(Math.round(WATCH_SECONDS * (1 + Math.random()))),
    };
    const { body } = await this.#server.open({ method: 'GET', path: `/api/v1/${resource}`, query, signal });
    try {
      for await (const { type, object } of watchEvents(body, this.#server.limits.kubernetesEventBytes)) {
        const { namespace = '', name = '', resourceVersion } = (object.metadata ?? {}) as ObjectMetadata;
        if (type === 'ERROR') throw errorIn(object);
        if (type === 'ADDED' || type === 'MODIFIED') sink.put(object);
        else if (type === 'DELETED') sink.gone(namespace, name);
        if (resourceVersion) onVersion(resourceVersion);
      }
    } finally {
      body.on('error', () => {}).destroy();
    }
  }
}

/** A Status that ends a watch. */
function errorIn({ code, message }: Readonly<Record<string, unknown>>): PlimsollError {
  const details = { status: typeof code === 'number' ? code : 0 };
  return new PlimsollError('KUBERNETES_UNAVAILABLE', `the API server ended it: ${String(message).slice(0, 500)}`, {
    details,
  });
}

function isGone(error: unknown): boolean {
  return error instanceof PlimsollError && error.details.status === GONE;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof PlimsollError && error.details.limit === 'kubernetesAnswerBytes';
}
