import { PlimsollError } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';
import type { Sandbox } from '../../domain/report/report.ts';
import type { Confinement, Programs } from '../../pipeline/engine-ports.ts';
import type { LayerJob, LayerOpener, LayerReader, LayerReading, ReadOptions } from '../../pipeline/layer-ports.ts';
import { layerCommand, layerTerms } from './layer-command.ts';
import { LayerProcess } from './layer-process.ts';
import { ProcessLane } from './process-lane.ts';
import { readLayers } from './read-layers.ts';

export interface LayerProcessesOptions {
  readonly opener: LayerOpener;
  readonly programs: Programs;
}

/**
 * Reads each layer in a process of its own, which gets the bytes of that layer and nothing else: no other layer, no file but our
 * code, no environment; and as far as this machine allows no network, no other process and no more memory than it may take. No
 * directories.
 */
export class LayerProcesses implements LayerReader {
  readonly #script: URL;
  readonly #opener: LayerOpener;
  readonly #programs: Programs;
  #confinement: Promise<Confinement> | null = null;

  /** `script`: the module that each process runs. */
  constructor(script: URL, { opener, programs }: LayerProcessesOptions) {
    this.#script = script;
    this.#opener = opener;
    this.#programs = programs;
  }

  async read(jobs: readonly LayerJob[], options: ReadOptions): Promise<readonly LayerReading[]> {
    if (jobs.length === 0) return [];
    if (jobs.some(({ location }) => location.kind === 'directory')) {
      const message =
        'A directory is read by the scan itself: processes of their own (--isolation process) read layers of images.';
      throw new PlimsollError('USAGE', message);
    }
    const { prefix } = await this.#confined(options.limits);
    const command = [...prefix, ...layerCommand(this.#script)];
    const start = (): LayerProcess => new LayerProcess(command, options);
    return await readLayers(jobs, options, () => new ProcessLane(start, this.#opener, options));
  }

  async sandbox(limits: Limits): Promise<Sandbox> {
    const { rooted, isolated, bounded } = await this.#confined(limits);
    return {
      fs: rooted ? 'own-root' : 'permission-model',
      net: isolated ? 'none' : 'host',
      memory: bounded ? 'rlimit' : 'watchdog',
    };
  }

  #confined(limits: Limits): Promise<Confinement> {
    this.#confinement ??= this.#programs.confine(layerTerms(this.#script, limits));
    return this.#confinement;
  }
}
