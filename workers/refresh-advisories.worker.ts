import type { RefreshedAdvisories } from '../services/pipeline/advisory-ports.ts';
import type { JobHandler } from '../services/pipeline/run-job.ts';

export interface RefreshWorkerDependencies {
  /** Installs a newer database, as the settings say. */
  readonly refresh: (signal: AbortSignal) => Promise<RefreshedAdvisories>;
  /** Told what no job fails for: feeds whose last copy is used. */
  readonly onWarning: (message: string) => void;
}

/** Jobs of the kind `refresh-advisories`. */
export function refreshWorker({ refresh, onWarning }: RefreshWorkerDependencies): JobHandler {
  return async (_job, signal) => {
    const refreshed = await refresh(signal);
    for (const warning of refreshed.warnings) onWarning(warning);
    return { result: { ...refreshed } };
  };
}
