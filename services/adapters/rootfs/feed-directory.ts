import type { LayerFeed } from '../../pipeline/layer-ports.ts';
import { readPaths, walkDirectory } from './walk.ts';

/** Feeds an installed system or a project: a walk, or for a second reading just the paths that are asked for. */
export const feedDirectory: LayerFeed = async (layers, limits, analyzers) => {
  for (const { job, collector, onProgress, succeed } of layers) {
    if (job.location.kind !== 'directory') continue;
    const { path, crossMounts, project } = job.location;
    const options = {
      crossMounts,
      project,
      limits,
      roots: analyzers.flatMap(({ roots }) => roots),
      onProgress: () => onProgress(0),
    };
    if (job.extra !== null) readPaths(path, job.extra, collector, options);
    const bytes = job.extra === null ? walkDirectory(path, collector, options) : 0;
    succeed({ bytes, digest: null, diffId: null });
  }
};
