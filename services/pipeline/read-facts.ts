import { type Gap, gap } from '../domain/completeness.ts';
import type { ExtraRead } from '../domain/layers/collector.ts';
import {
  type AnalyzerFacts,
  analyzerPart,
  decodeAnalyzerFacts,
  decodeOutline,
  FactsBudget,
  fileListsPart,
  inventoryPart,
  type LayerOutline,
  OUTLINE_PART,
} from '../domain/layers/facts.ts';
import { Inventory } from '../domain/layers/inventory.ts';
import { InventoryBuilder } from '../domain/layers/inventory-builder.ts';
import type { Analyzer } from '../domain/packages/ecosystem.ts';
import type { FactsCache, LayerJob, LayerReader, LayerReading, ReadOptions, Sha256 } from './layer-ports.ts';
import type { SourceImage, SourceLayer } from './resolve-images.ts';

/** One layer with all its facts, wherever they came from. */
export interface LayerFacts {
  readonly index: number;
  readonly source: SourceLayer;
  /** Of the bytes as read or as the verified manifest names them; null where neither is known. */
  readonly digest: string | null;
  readonly outline: LayerOutline;
  readonly inventory: Inventory;
  readonly analyses: ReadonlyMap<string, AnalyzerFacts>;
  readonly parts: ReadonlyMap<string, Uint8Array>;
  readonly gaps: readonly Gap[];
  readonly read: boolean;
}

export interface FactsOptions extends ReadOptions {
  readonly analyzers: readonly Analyzer[];
  readonly fullInventory: boolean;
  readonly cache: FactsCache | null;
  readonly sha256: Sha256;
  /** Lets timers and signals be heard in the middle of long work that reads nothing. */
  readonly breathe: () => Promise<void>;
}

/** The facts of every layer: from the cache where it has them all, else by reading the layers that lack some. */
export async function readFacts(image: SourceImage, reader: LayerReader, options: FactsOptions): Promise<LayerFacts[]> {
  const { analyzers } = options;
  const parts: Map<string, Uint8Array>[] = [];
  const jobs: LayerJob[] = [];
  const budget = new FactsBudget(options.limits);
  for (const [layer, source] of image.layers.entries()) {
    const kept = source.digest === null ? new Map() : await fromCache(source.digest, options);
    // What is too much to be held is read again, by a reader that says so.
    const cached = budget.take(kept) === null ? kept : new Map<string, Uint8Array>();
    parts.push(cached);
    const missing = analyzers.filter((analyzer) => !cached.has(analyzerPart(analyzer)));
    const complete =
      missing.length === 0 && cached.has(OUTLINE_PART) && cached.has(inventoryPart(options.fullInventory));
    if (source.location === null) continue;
    if (complete) {
      report(options, image, layer, 'cached');
      continue;
    }
    const known = cached.has(OUTLINE_PART) && cached.has(inventoryPart(options.fullInventory));
    jobs.push({
      layer,
      location: source.location,
      digest: source.digest,
      size: source.digest === null ? null : source.size,
      wantDiffId: options.fullInventory,
      analyzers: (known ? missing : analyzers).map(named),
      inventory: options.fullInventory ? 'full' : 'paths',
      extra: null,
    });
  }
  const readings = await reader.read(jobs, {
    ...options,
    onProgress: (progress) => options.onProgress({ ...progress, layers: image.layers.length }),
  });
  const byLayer = new Map(jobs.map((job, i) => [job.layer, readings[i]!]));
  const facts: LayerFacts[] = [];
  for (const [index, source] of image.layers.entries()) {
    const reading = byLayer.get(index);
    const cached = parts[index]!;
    if (reading === undefined) {
      facts.push(assemble(index, source, cached, undefined, options));
      continue;
    }
    // What is cached was read whole, and this reading perhaps for a part of the facts, or not to the end.
    const fresh = new Map([...reading.parts].filter(([part]) => !cached.has(part)));
    await store(reading, fresh, options);
    facts.push(assemble(index, source, new Map([...fresh, ...cached]), reading, options));
  }
  // Only now: what the other layers gave is in the cache, and the next attempt has less to fetch.
  raiseSourceErrors(readings);
  return facts;
}

export interface ExtraFacts {
  readonly analyses: ReadonlyMap<string, AnalyzerFacts>;
  readonly parts: ReadonlyMap<string, Uint8Array>;
  readonly gaps: readonly Gap[];
}

/**
 * The second, bounded reading: bytes that a wanted name leads to through links and that the first reading had no
 * reason to keep. Returns the analyses by layer, of these paths only.
 */
export async function readExtra(
  wanted: ReadonlyMap<LayerFacts, readonly ExtraRead[]>,
  reader: LayerReader,
  options: FactsOptions,
): Promise<Map<LayerFacts, ExtraFacts>> {
  const found = new Map<LayerFacts, ExtraFacts>();
  const jobs: { facts: LayerFacts; job: LayerJob; suffix: string }[] = [];
  for (const [facts, extra] of wanted) {
    const suffix = `+${options.sha256(new TextEncoder().encode(JSON.stringify(extra)))}`;
    const analyzerIds = [...new Set(extra.map(({ analyzerId }) => analyzerId))];
    const parts = facts.digest === null ? null : await cachedExtra(facts.digest, analyzerIds, suffix, options);
    if (parts !== null) {
      found.set(facts, { analyses: decodeAnalyses(parts, options.analyzers), parts, gaps: [] });
      continue;
    }
    const { location } = facts.source;
    const size = facts.source.digest === null ? null : facts.source.size;
    // The bytes of the first reading, also where the image names no digest.
    const { digest } = facts;
    if (location === null) continue;
    const job: LayerJob = {
      layer: facts.index,
      location,
      digest,
      size,
      wantDiffId: false,
      analyzers: options.analyzers.filter(({ id }) => analyzerIds.includes(id)).map(named),
      inventory: 'none',
      extra,
    };
    jobs.push({ facts, job, suffix });
  }
  const readings = await reader.read(
    jobs.map(({ job }) => job),
    { ...options, onProgress: () => {} },
  );
  for (const [i, { facts, suffix }] of jobs.entries()) {
    const reading = readings[i]!;
    const gaps = flawGaps(facts.index, reading);
    const own = [...reading.parts].filter(([part]) => part !== OUTLINE_PART);
    await store(
      reading,
      own.map(([part, bytes]) => [part + suffix, bytes]),
      options,
    );
    found.set(facts, { analyses: decodeAnalyses(reading.parts, options.analyzers), parts: reading.parts, gaps });
  }
  raiseSourceErrors(readings);
  return found;
}

/** Plain data: jobs are handed to threads and processes. */
function named({ id, version }: Analyzer): LayerJob['analyzers'][number] {
  return { id, version };
}

function raiseSourceErrors(readings: readonly LayerReading[]): void {
  const failed = readings.find(({ error }) => error !== undefined);
  if (failed?.error !== undefined) throw failed.error;
}

function neededParts({ analyzers, fullInventory }: FactsOptions): string[] {
  return [OUTLINE_PART, inventoryPart(fullInventory), ...analyzers.map(analyzerPart)];
}

async function fromCache(digest: string, options: FactsOptions): Promise<Map<string, Uint8Array>> {
  const parts = new Map<string, Uint8Array>();
  if (options.cache === null || usesSkip(options)) return parts;
  for (const part of neededParts(options)) {
    const bytes = await options.cache.get({ digest, part });
    if (bytes !== null) parts.set(part, bytes);
  }
  // The full inventory goes with the uncompressed digest, which a reading without it leaves out.
  const outline = parts.get(OUTLINE_PART);
  if (options.fullInventory && outline !== undefined && decodeOutline(outline).diffId === null)
    parts.delete(OUTLINE_PART);
  return parts;
}

async function cachedExtra(
  digest: string,
  ids: readonly string[],
  suffix: string,
  options: FactsOptions,
): Promise<Map<string, Uint8Array> | null> {
  if (options.cache === null || usesSkip(options)) return null;
  const parts = new Map<string, Uint8Array>();
  for (const analyzer of options.analyzers) {
    if (!ids.includes(analyzer.id)) continue;
    const bytes = await options.cache.get({ digest, part: analyzerPart(analyzer) + suffix });
    if (bytes === null) return null;
    parts.set(analyzerPart(analyzer), bytes);
    const fileLists = await options.cache.get({ digest, part: fileListsPart(analyzer) + suffix });
    if (fileLists !== null) parts.set(fileListsPart(analyzer), fileLists);
  }
  return parts;
}

/** Facts of a layer that was read with something left out are no facts of the layer. */
function usesSkip({ skipDirs, skipFiles }: FactsOptions): boolean {
  return skipDirs.length > 0 || skipFiles.length > 0;
}

/** Keeps `parts` of a reading: only what was read whole, within limits, and verified is worth it. */
async function store(
  reading: LayerReading,
  parts: Iterable<readonly [string, Uint8Array]>,
  options: FactsOptions,
): Promise<void> {
  const { digest, failure } = reading;
  if (options.cache === null || digest === null || failure !== null || usesSkip(options)) return;
  const outline = reading.parts.get(OUTLINE_PART);
  if (outline !== undefined && decodeOutline(outline).flaws.some(({ code }) => code === 'limit-reached')) return;
  for (const [part, bytes] of parts) await options.cache.put({ digest, part }, bytes);
}

const EMPTY_INVENTORY = new InventoryBuilder({ inventoryBytes: 0, onMisplaced: () => {} }).finish();
const EMPTY_OUTLINE: LayerOutline = { bytes: 0, entries: 0, diffId: null, whiteouts: [], opaques: [], flaws: [] };

function assemble(
  index: number,
  source: SourceLayer,
  parts: ReadonlyMap<string, Uint8Array>,
  reading: LayerReading | undefined,
  options: FactsOptions,
): LayerFacts {
  const outlineBytes = parts.get(OUTLINE_PART);
  const inventoryBytes = parts.get(inventoryPart(options.fullInventory)) ?? EMPTY_INVENTORY;
  const outline = outlineBytes === undefined ? EMPTY_OUTLINE : decodeOutline(outlineBytes);
  const digest = reading?.digest ?? (reading === undefined ? source.digest : null);
  const gaps = [...outlineGaps(index, outline), ...(reading === undefined ? [] : flawGaps(index, reading))];
  if (source.refusal !== null) gaps.push(gap(source.refusal.code, source.refusal.message, { layer: index }));
  const diffId = outline.diffId;
  if (diffId !== null && source.diffId !== null && diffId !== source.diffId) {
    gaps.push(
      gap('layer-diffid-mismatch', `the layer's uncompressed bytes are ${diffId}, the config claims ${source.diffId}`, {
        layer: index,
      }),
    );
  }
  const analyses = decodeAnalyses(parts, options.analyzers);
  const read = source.refusal === null && (reading === undefined || reading.failure === null);
  return { index, source, digest, outline, inventory: new Inventory(inventoryBytes), analyses, parts, gaps, read };
}

function decodeAnalyses(
  parts: ReadonlyMap<string, Uint8Array>,
  analyzers: readonly Analyzer[],
): Map<string, AnalyzerFacts> {
  const analyses = new Map<string, AnalyzerFacts>();
  for (const analyzer of analyzers) {
    const bytes = parts.get(analyzerPart(analyzer));
    if (bytes !== undefined) analyses.set(analyzer.id, decodeAnalyzerFacts(bytes));
  }
  return analyses;
}

function flawGaps(index: number, reading: LayerReading): Gap[] {
  const outline = reading.parts.get(OUTLINE_PART);
  const gaps = outline === undefined ? [] : outlineGaps(index, decodeOutline(outline));
  if (reading.failure !== null) gaps.push(gap(reading.failure.code, reading.failure.message, { layer: index }));
  return gaps;
}

function outlineGaps(index: number, { flaws }: LayerOutline): Gap[] {
  return flaws.map(({ code, path, message }) => gap(code, message, { layer: index, path }));
}

function report(options: FactsOptions, image: SourceImage, layer: number, state: 'cached'): void {
  const bytes = image.layers[layer]!.size ?? 0;
  options.onProgress({ layer, layers: image.layers.length, readBytes: bytes, totalBytes: bytes, entries: 0, state });
}
