import { type Gap, gap } from '../domain/completeness.ts';
import type { ExtraRead } from '../domain/layers/collector.ts';
import type { AnalyzerFacts } from '../domain/layers/facts.ts';
import { displayPath } from '../domain/layers/path.ts';
import type { WantedFile } from '../domain/layers/wanted-files.ts';
import type { DatabaseUnit } from '../domain/packages/ecosystem.ts';
import type { LayerReader } from './layer-ports.ts';
import { type FactsOptions, type LayerFacts, readExtra } from './read-facts.ts';

/** What was parsed, by the layer, the real path of the bytes, and the name that they were read under. */
export class UnitIndex {
  readonly #units = new Map<string, DatabaseUnit[]>();

  /** First readings: what is read is read under its own name. */
  constructor(layers: readonly LayerFacts[]) {
    for (const { index, analyses } of layers) {
      for (const [analyzerId, { read, units }] of analyses) {
        for (const path of read) this.#units.set(unitKey(analyzerId, index, path, path), []);
        for (const { realPath, unit } of units)
          this.#units.get(unitKey(analyzerId, index, realPath, realPath))?.push(unit);
      }
    }
  }

  /** A second reading: what `extra` asked for, as far as it was found. */
  add(layer: number, extra: readonly ExtraRead[], analyses: ReadonlyMap<string, AnalyzerFacts>): void {
    for (const { analyzerId, realPath, as } of extra) {
      const facts = analyses.get(analyzerId);
      if (!facts?.read.includes(realPath)) continue;
      const units = facts.units.flatMap(({ unit }) => (unit.path === as ? [unit] : []));
      this.#units.set(unitKey(analyzerId, layer, realPath, as), units);
    }
  }

  has(file: WantedFile): boolean {
    return this.#units.has(keyOf(file));
  }

  of(file: WantedFile): readonly DatabaseUnit[] {
    return this.#units.get(keyOf(file)) ?? [];
  }
}

function keyOf({ analyzer, layer, realPath, readAs }: WantedFile): string {
  return unitKey(analyzer.id, layer, realPath, readAs);
}

function unitKey(analyzerId: string, layer: number, path: string, readAs: string): string {
  return `${analyzerId}\0${layer}\0${path}\0${readAs}`;
}

/** The second reading: what is wanted and was not read under that name. What cannot be had is a gap. */
export async function fetchMissing(
  wanted: readonly (readonly WantedFile[])[],
  layers: readonly LayerFacts[],
  units: UnitIndex,
  reader: LayerReader,
  options: FactsOptions,
): Promise<{ gaps: Gap[]; parts: Map<number, ReadonlyMap<string, Uint8Array>> }> {
  const parts = new Map<number, ReadonlyMap<string, Uint8Array>>();
  const missing = new Map<string, WantedFile>();
  for (const files of new Set(wanted)) {
    for (const file of files) if (!units.has(file)) missing.set(keyOf(file), file);
  }
  if (missing.size === 0) return { gaps: [], parts };
  const gaps: Gap[] = [];
  const byLayer = new Map<LayerFacts, ExtraRead[]>();
  for (const { analyzer, layer, realPath, readAs } of missing.values()) {
    const facts = layers[layer]!;
    const extra = byLayer.get(facts) ?? [];
    extra.push({ realPath, analyzerId: analyzer.id, as: readAs });
    byLayer.set(facts, extra);
  }
  const { secondReadPaths: most } = options.limits;
  for (const [facts, extra] of byLayer) {
    if (extra.length <= most) continue;
    const beyond = extra.splice(most);
    for (const { analyzerId, realPath, as } of beyond) missing.delete(unitKey(analyzerId, facts.index, realPath, as));
    const message = `${most + beyond.length} wanted files are reached through links; ${most} were read (secondReadPaths)`;
    gaps.push(gap('limit-reached', message, { layer: facts.index }));
  }
  for (const [facts, { analyses, parts: found, gaps: flaws }] of await readExtra(byLayer, reader, options)) {
    units.add(facts.index, byLayer.get(facts)!, analyses);
    parts.set(facts.index, found);
    gaps.push(...flaws);
  }
  for (const file of missing.values()) {
    if (units.has(file)) continue;
    const { name: path, layer, realPath } = file;
    gaps.push(
      gap('wanted-file-unreadable', `${displayPath(path)} leads to ${displayPath(realPath)}, which could not be read`, {
        layer,
        path,
      }),
    );
  }
  return { gaps, parts };
}
