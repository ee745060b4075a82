import { type CollectedEntry, type CollectedFacts, LayerCollector } from '../../services/domain/layers/collector.ts';
import { Inventory } from '../../services/domain/layers/inventory.ts';
import { normalizePath } from '../../services/domain/layers/path.ts';
import type { ViewedLayer } from '../../services/domain/layers/view.ts';
import type { Limits } from '../../services/domain/limits.ts';
import { readContext } from './read-context.ts';
import type { RawEntry } from './unpacked-image.ts';

/** Entries through the real collector, as the tar parser hands them on. */
export function collectLayer(
  entries: readonly RawEntry[],
  limits: Partial<Limits> = {},
): ViewedLayer & { readonly facts: CollectedFacts } {
  const collector = new LayerCollector({
    analyzers: [],
    extra: null,
    skip: () => false,
    contentHash: null,
    context: readContext(limits),
    whiteouts: true,
  });
  for (const entry of entries) collector.offer(collectedEntry(entry), () => new Uint8Array(0));
  const facts = collector.finish();
  return { facts, outline: facts.outline, inventory: new Inventory(facts.inventory!) };
}

/** As TarEntry: names normalised, the target of a hard link too, that of a symlink as written. */
export function collectedEntry({ name, type, target = '', size = 0, mode = 0o644 }: RawEntry): CollectedEntry {
  const linkTarget = type === 'symlink' ? target : type === 'hardlink' ? normalizePath(target).path : null;
  return { ...normalizePath(name), type, mode, size, linkTarget };
}
