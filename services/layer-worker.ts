import { parentPort } from 'node:worker_threads';
import { feedArchivedLayers, feedFetchedLayers } from './adapters/archive/feed-layers.ts';
import { feedDirectory } from './adapters/rootfs/feed-directory.ts';
import { serveLayerTasks } from './adapters/threads/run-layer-task.ts';
import { ANALYZERS } from './domain/packages/registry.ts';
import { SBOM_CONTENTS_ID } from './domain/sbom/found-sboms.ts';

// The second composition root: what runs in a layer thread.
if (parentPort === null) throw new Error('layer-worker.ts runs in a worker thread only');
serveLayerTasks(parentPort, analyzersOf, {
  file: feedArchivedLayers,
  directory: feedDirectory,
  fetched: feedFetchedLayers,
});

/** What reads lockfiles and SBOMs is loaded where somebody asks for it: its libraries take longer to load than a small layer to read. */
async function analyzersOf(ids: readonly string[]) {
  const known = [...ANALYZERS];
  if (ids.includes(SBOM_CONTENTS_ID)) known.push((await import('./domain/sbom/sbom-contents.ts')).sbomContents);
  if (ids.every((id) => known.some((analyzer) => analyzer.id === id))) return known;
  const { LOCKFILES } = await import('./domain/packages/lockfiles.ts');
  return [...known, ...LOCKFILES];
}
