import { parentPort } from 'node:worker_threads';
import { feedArchivedLayers, feedStreamedLayers } from './adapters/archive/feed-layers.ts';
import { readPipedLayer } from './adapters/readers/piped-task.ts';
import { serveLayerTasks } from './adapters/readers/run-layer-task.ts';
import { feedDirectory } from './adapters/rootfs/feed-directory.ts';
import { ANALYZERS } from './domain/packages/registry.ts';
import { SBOM_CONTENTS_ID } from './domain/sbom/found-sboms.ts';

// The second composition root: what runs in a layer thread, or in the process of one layer.
const feeds = { file: feedArchivedLayers, directory: feedDirectory, streamed: feedStreamedLayers };
if (parentPort !== null) serveLayerTasks(parentPort, analyzersOf, feeds);
else {
  await readPipedLayer(analyzersOf, feeds);
  // Standard input may be open still, and bytes of a layer that failed early on their way.
  process.exit();
}

/** What reads lockfiles and SBOMs is loaded where somebody asks for it: its libraries take longer to load than a small layer to read. */
async function analyzersOf(ids: readonly string[]) {
  const known = [...ANALYZERS];
  if (ids.includes(SBOM_CONTENTS_ID)) known.push((await import('./domain/sbom/sbom-contents.ts')).sbomContents);
  if (ids.every((id) => known.some((analyzer) => analyzer.id === id))) return known;
  const { LOCKFILES } = await import('./domain/packages/lockfiles.ts');
  return [...known, ...LOCKFILES];
}
