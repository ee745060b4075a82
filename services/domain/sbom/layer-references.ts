import type { ReportLayer } from '../report/report.ts';

/** An index that leads to a layer; null where the image has none such. */
export function within(layer: number | null, layers: readonly ReportLayer[]): number | null {
  return layer !== null && layer < layers.length ? layer : null;
}

/** Why indexes could not lead to these layers; null where each stands at its place. */
export function layersFault(layers: readonly ReportLayer[]): string | null {
  return layers.every(({ index }, position) => index === position)
    ? null
    : 'it does not list each layer of the image once, base first';
}
