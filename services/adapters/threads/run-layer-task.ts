import { createHash } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';
import { inflateRawSync } from 'node:zlib';
import type { GapCode } from '../../domain/completeness.ts';
import { messageOf, PlimsollError } from '../../domain/errors.ts';
import { type CollectedFacts, LayerCollector } from '../../domain/layers/collector.ts';
import { analyzerPart, encodeFacts, fileListsPart, inventoryPart, OUTLINE_PART } from '../../domain/layers/facts.ts';
import { skipMatcher } from '../../domain/layers/skip.ts';
import type { Analyzer } from '../../domain/packages/ecosystem.ts';
import type { LayerFeed, LayerInTask, LayerJob, WholeLayer } from '../../pipeline/ports.ts';
import type { LayerMessage, LayerTask } from './protocol.ts';
import { receiveStream } from './stream-port.ts';

const PROGRESS_MS = 100;

/** Serves the main thread: one task after another. `analyzersOf` gives all those of these ids, and perhaps others. */
export function serveLayerTasks(
  port: MessagePort,
  analyzersOf: (ids: readonly string[]) => Promise<readonly Analyzer[]>,
  feeds: Record<LayerJob['location']['kind'], LayerFeed>,
): void {
  port.on('message', async (task: LayerTask) => {
    const settled = new Set<number>();
    const post = (message: LayerMessage, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
    const analyzers = await analyzersOf(task.jobs.flatMap(({ analyzerIds }) => analyzerIds));
    const layers = task.jobs.map((job, index) => layerOf(job, index, task, analyzers, settled, post));
    const kind = task.jobs[0]!.location.kind;
    try {
      await feeds[kind](layers, task.limits, analyzers);
    } catch (error) {
      for (const layer of layers) layer.fail(error);
    }
    post({ kind: 'idle' });
  });
}

function layerOf(
  job: LayerJob,
  index: number,
  task: LayerTask,
  known: readonly Analyzer[],
  settled: Set<number>,
  post: (message: LayerMessage, transfer?: ArrayBuffer[]) => void,
): LayerInTask {
  const analyzers = known.filter(({ id }) => job.analyzerIds.includes(id));
  const collector = new LayerCollector({
    analyzers,
    extra: job.extra,
    skip: skipMatcher(task.skipDirs, task.skipFiles),
    contentHash: job.inventory === 'full' ? () => createHash('sha256') : null,
    context: {
      sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
      inflate: (bytes, maxBytes) => inflateRawSync(bytes, { maxOutputLength: Math.max(1, maxBytes) }),
      limits: task.limits,
    },
    whiteouts: job.location.kind !== 'directory',
  });
  let last = 0;
  const settle = (whole: WholeLayer | null, error: unknown): void => {
    if (settled.has(index)) return;
    settled.add(index);
    post(...readingMessage(job, index, collector, whole, error));
  };
  return {
    job,
    collector,
    stream: task.stream === undefined ? null : receiveStream(task.stream),
    onProgress: (readBytes) => {
      const now = performance.now();
      if (now - last < PROGRESS_MS) return;
      last = now;
      post({ kind: 'progress', job: index, readBytes, entries: collector.entries });
    },
    succeed: (whole) => settle(whole, null),
    fail: (error) => settle(null, error),
  };
}

function readingMessage(
  job: LayerJob,
  index: number,
  collector: LayerCollector,
  whole: WholeLayer | null,
  error: unknown,
): [LayerMessage, ArrayBuffer[]] {
  const failure = whole === null ? failureOf(error) : null;
  const parts: [string, Uint8Array<ArrayBuffer>][] = [];
  // Bytes that are not those the digest names say nothing about the image.
  if (failure?.code !== 'layer-digest-mismatch') {
    try {
      parts.push(...encode(job, collector.finish(), whole));
    } catch (trouble) {
      if (whole !== null) return readingMessage(job, index, collector, null, trouble);
    }
  }
  const reading = {
    kind: 'reading',
    job: index,
    parts,
    bytes: whole?.bytes ?? 0,
    digest: whole?.digest ?? null,
    entries: collector.entries,
    failure,
  } as const;
  return [reading, parts.map(([, bytes]) => bytes.buffer)];
}

function encode(job: LayerJob, facts: CollectedFacts, whole: WholeLayer | null): [string, Uint8Array<ArrayBuffer>][] {
  const outline = { ...facts.outline, bytes: whole?.bytes ?? 0, diffId: whole?.diffId ?? null };
  const parts: [string, Uint8Array<ArrayBuffer>][] = [[OUTLINE_PART, encodeFacts(outline)]];
  if (facts.inventory !== null) parts.push([inventoryPart(job.inventory === 'full'), facts.inventory]);
  for (const [analyzer, { facts: found, fileLists }] of facts.analyses) {
    parts.push([analyzerPart(analyzer), encodeFacts(found)]);
    if (fileLists.length > 0) parts.push([fileListsPart(analyzer), encodeFacts(fileLists)]);
  }
  return parts;
}

const GAP_OF_ERROR: Readonly<Record<string, GapCode>> = {
  LIMIT_EXCEEDED: 'limit-reached',
  DIGEST_MISMATCH: 'layer-digest-mismatch',
  BLOB_MISSING: 'layer-missing',
};

function failureOf(error: unknown): { code: GapCode; message: string } {
  const code = error instanceof PlimsollError ? GAP_OF_ERROR[error.code] : undefined;
  return { code: code ?? 'layer-unreadable', message: messageOf(error) };
}
