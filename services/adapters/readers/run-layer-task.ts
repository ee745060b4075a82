import { createHash } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';
import { inflateRawSync } from 'node:zlib';
import { type CollectedFacts, LayerCollector } from '../../domain/layers/collector.ts';
import { analyzerPart, encodeFacts, fileListsPart, inventoryPart, OUTLINE_PART } from '../../domain/layers/facts.ts';
import { skipMatcher } from '../../domain/layers/skip.ts';
import type { Analyzer } from '../../domain/packages/ecosystem.ts';
import type { LayerFeed, LayerInTask, ToldJob, WholeLayer } from '../../pipeline/layer-ports.ts';
import { failureOf } from './lane.ts';
import type { LayerMessage, LayerTask } from './protocol.ts';
import { receiveStream } from './stream-port.ts';

const PROGRESS_MS = 100;

/** All analyzers of these ids, and perhaps others. */
export type AnalyzersOf = (ids: readonly string[]) => Promise<readonly Analyzer[]>;
export type Feeds = Record<ToldJob['location']['kind'], LayerFeed>;
type Say = (message: LayerMessage, transfer?: ArrayBuffer[]) => void;

/** Serves the main thread: one task after another. */
export function serveLayerTasks(port: MessagePort, analyzersOf: AnalyzersOf, feeds: Feeds): void {
  port.on('message', async (task: LayerTask) => {
    const stream = task.stream === undefined ? null : receiveStream(task.stream);
    await runLayerTask({ ...task, stream, verified: null }, analyzersOf, feeds, (message, transfer = []) => {
      port.postMessage(message, transfer);
    });
  });
}

/** Reads all layers of a task, and says what comes of each. Never raises. */
export async function runLayerTask(
  task: Omit<LayerTask, 'stream'> & Pick<LayerInTask, 'stream' | 'verified'>,
  analyzersOf: AnalyzersOf,
  feeds: Feeds,
  say: Say,
): Promise<void> {
  const settled = new Set<number>();
  const analyzers = await analyzersOf(task.jobs.flatMap((job) => job.analyzers.map(({ id }) => id)));
  const layers = task.jobs.map((job, index) => layerOf(job, index, task, analyzers, settled, say));
  const kind = task.jobs[0]!.location.kind;
  try {
    await feeds[kind](layers, task.limits, analyzers);
  } catch (error) {
    for (const layer of layers) layer.fail(error);
  }
  say({ kind: 'idle' });
}

function layerOf(
  job: ToldJob,
  index: number,
  task: Parameters<typeof runLayerTask>[0],
  known: readonly Analyzer[],
  settled: Set<number>,
  say: Say,
): LayerInTask {
  const analyzers = known.filter(({ id }) => job.analyzers.some((asked) => asked.id === id));
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
    say(...readingMessage(job, index, collector, whole, error));
  };
  return {
    job,
    collector,
    stream: task.stream,
    verified: task.verified,
    onProgress: (readBytes) => {
      const now = performance.now();
      if (now - last < PROGRESS_MS) return;
      last = now;
      say({ kind: 'progress', job: index, readBytes, entries: collector.entries });
    },
    succeed: (whole) => settle(whole, null),
    fail: (error) => settle(null, error),
  };
}

function readingMessage(
  job: ToldJob,
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

function encode(job: ToldJob, facts: CollectedFacts, whole: WholeLayer | null): [string, Uint8Array<ArrayBuffer>][] {
  const outline = { ...facts.outline, bytes: whole?.bytes ?? 0, diffId: whole?.diffId ?? null };
  const parts: [string, Uint8Array<ArrayBuffer>][] = [[OUTLINE_PART, encodeFacts(outline)]];
  if (facts.inventory !== null) parts.push([inventoryPart(job.inventory === 'full'), facts.inventory]);
  for (const [analyzer, { facts: found, fileLists }] of facts.analyses) {
    parts.push([analyzerPart(analyzer), encodeFacts(found)]);
    if (fileLists.length > 0) parts.push([fileListsPart(analyzer), encodeFacts(fileLists)]);
  }
  return parts;
}
