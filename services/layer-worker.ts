import { parentPort } from 'node:worker_threads';
import { feedArchivedLayers } from './adapters/archive/feed-layers.ts';
import { feedDirectory } from './adapters/rootfs/feed-directory.ts';
import { serveLayerTasks } from './adapters/threads/run-layer-task.ts';
import { ANALYZERS, LOCKFILES } from './domain/packages/registry.ts';

// The second composition root: what runs in a layer thread.
if (parentPort === null) throw new Error('layer-worker.ts runs in a worker thread only');
serveLayerTasks(parentPort, [...ANALYZERS, ...LOCKFILES], { file: feedArchivedLayers, directory: feedDirectory });
