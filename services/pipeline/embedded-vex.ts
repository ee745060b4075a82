import { type Gap, gap } from '../domain/completeness.ts';
import type { Limits } from '../domain/limits.ts';
import type { FoundVex } from '../domain/vulnerabilities/vex/found-vex.ts';
import { bundleName, isBundleName } from '../domain/vulnerabilities/vex/vex-files.ts';

/** A text file as the image shows it. */
export interface TextFile {
  readonly path: string;
  readonly layer: number;
  readonly text: string;
}

/** VEX documents inside the image, each with the bundle that lies beside it. A bundle without a document signs nothing. */
export function embeddedVex(files: readonly TextFile[]): FoundVex[] {
  const bundles = new Map(files.filter(({ path }) => isBundleName(path)).map(({ path, text }) => [path, text]));
  return files
    .filter(({ path }) => !isBundleName(path))
    .map(({ path, layer, text }) => ({
      path,
      layer,
      referrer: null,
      document: text,
      bundle: bundles.get(bundleName(path)) ?? null,
    }));
}

/** As many of them as a report may keep; the gap says how many it does not. */
export function boundedVex(
  found: readonly FoundVex[],
  limits: Pick<Limits, 'foundVex' | 'foundVexBytes'>,
): { readonly kept: readonly FoundVex[]; readonly gaps: readonly Gap[] } {
  const kept: FoundVex[] = [];
  let length = 0;
  for (const each of found) {
    // Characters, which are fewer than bytes: what a report costs is counted by its memory.
    const own = (each.document?.length ?? 0) + (each.bundle?.length ?? 0);
    if (kept.length >= limits.foundVex || length + own > limits.foundVexBytes) continue;
    length += own;
    kept.push(each);
  }
  const left = found.length - kept.length;
  if (left === 0) return { kept, gaps: [] };
  const most = `${limits.foundVex} documents (foundVex) or ${limits.foundVexBytes} bytes (foundVexBytes)`;
  return { kept, gaps: [gap('vex-unreadable', `${left} VEX documents go past ${most}: they are not applied`)] };
}
