import { LayerCollector } from '../../services/domain/layers/collector.ts';
import {
  analyzerPart,
  encodeFacts,
  fileListsPart,
  inventoryPart,
  OUTLINE_PART,
} from '../../services/domain/layers/facts.ts';
import { skipMatcher } from '../../services/domain/layers/skip.ts';
import { LIMITS } from '../../services/domain/limits.ts';
import type { Analyzer } from '../../services/domain/packages/ecosystem.ts';
import type { LayerJob, LayerReader, LayerReading, ReadOptions } from '../../services/pipeline/layer-ports.ts';
import type { FactsOptions } from '../../services/pipeline/read-facts.ts';
import type { SourceImage, SourceLayer } from '../../services/pipeline/resolve-images.ts';
import { collectedEntry } from './collected-layer.ts';
import { readContext } from './read-context.ts';
import type { RawEntry } from './unpacked-image.ts';

/** Layers that were never packed, for tests of what is made of them. */

export type FakeEntry = Omit<RawEntry, 'size'> & { readonly content?: string };

export function fakeFile(name: string, content = ''): FakeEntry {
  return { name, type: 'file', content };
}

export function fakeLink(name: string, target: string, type: 'symlink' | 'hardlink' = 'symlink'): FakeEntry {
  return { name, type, target };
}

export class FakeLayerReader implements LayerReader {
  /** Every job that was asked for. */
  readonly jobs: LayerJob[] = [];
  /** What becomes of the reading of these layers. */
  readonly failures = new Map<number, NonNullable<LayerReading['failure']>>();
  readonly #layers: readonly (readonly FakeEntry[])[];
  readonly #analyzers: readonly Analyzer[];

  constructor(layers: readonly (readonly FakeEntry[])[], analyzers: readonly Analyzer[]) {
    this.#layers = layers;
    this.#analyzers = analyzers;
  }

  async read(jobs: readonly LayerJob[], options: ReadOptions): Promise<readonly LayerReading[]> {
    this.jobs.push(...jobs);
    return jobs.map((job) => this.#read(job, options));
  }

  #read(job: LayerJob, { limits, skipDirs, skipFiles }: ReadOptions): LayerReading {
    const collector = new LayerCollector({
      analyzers: this.#analyzers.filter(({ id }) => job.analyzers.some((asked) => asked.id === id)),
      extra: job.extra,
      skip: skipMatcher(skipDirs, skipFiles),
      contentHash: null,
      context: readContext(limits),
      whiteouts: true,
    });
    const failure = this.failures.get(job.layer) ?? null;
    const entries = this.#layers[job.layer]!;
    for (const entry of failure === null ? entries : entries.slice(0, 1)) {
      const content = new TextEncoder().encode(entry.content ?? '');
      if (!collector.offer(collectedEntry({ ...entry, size: content.length }), () => content)) continue;
      collector.data(content);
      collector.end();
    }
    const { outline, inventory, analyses } = collector.finish();
    const diffId = job.wantDiffId ? fakeDiffId(job.layer) : null;
    const parts = new Map([[OUTLINE_PART, encodeFacts({ ...outline, bytes: 0, diffId })]]);
    if (inventory !== null) parts.set(inventoryPart(job.inventory === 'full'), inventory);
    for (const [analyzer, { facts, fileLists }] of analyses) {
      parts.set(analyzerPart(analyzer), encodeFacts(facts));
      if (fileLists.length > 0) parts.set(fileListsPart(analyzer), encodeFacts(fileLists));
    }
    return { parts, digest: failure === null ? fakeDigest(job.layer) : null, failure };
  }
}

export function fakeDigest(layer: number): string {
  return `sha256:${String(layer).padStart(64, '0')}`;
}

export function fakeDiffId(layer: number): string {
  return `sha256:${String(layer).padStart(64, 'd')}`;
}

export function fakeLayer(layer: number, changes: Partial<SourceLayer> = {}): SourceLayer {
  const location = { kind: 'file', path: `layer-${layer}`, compression: 'none', offset: 0, size: 1 } as const;
  const digest = fakeDigest(layer);
  return {
    digest,
    diffId: fakeDiffId(layer),
    size: 1,
    instruction: `RUN ${layer}`,
    location,
    refusal: null,
    ...changes,
  };
}

export function fakeImage(layers: number | readonly SourceLayer[]): SourceImage {
  const made = typeof layers === 'number' ? Array.from({ length: layers }, (_, i) => fakeLayer(i)) : layers;
  return {
    manifestDigest: null,
    configDigest: null,
    platform: null,
    config: null,
    attestations: [],
    attachedVex: [],
    layers: made,
    gaps: [],
  };
}

export function fakeOptions(changes: Partial<FactsOptions> & Pick<FactsOptions, 'analyzers'>): FactsOptions {
  return {
    breathe: () => Promise.resolve(),
    fullInventory: false,
    cache: null,
    sha256: (bytes) => String(bytes.reduce((sum, byte) => (sum * 31 + byte) % 1e9, 7)),
    limits: LIMITS,
    skipDirs: [],
    skipFiles: [],
    onProgress: () => {},
    signal: new AbortController().signal,
    ...changes,
  };
}
