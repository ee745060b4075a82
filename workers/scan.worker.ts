import type { JobPayload } from '../services/pipeline/job-ports.ts';
import type { JobHandler } from '../services/pipeline/run-job.ts';
import { type ScanAndStoreDependencies, scanAndStore } from '../services/pipeline/scan-and-store.ts';

export interface ScanWorkerDependencies extends ScanAndStoreDependencies {
  /** What the job is to read, as the command line writes it, if it may be read. */
  resolveTarget(payload: JobPayload): Promise<string>;
}

/** Jobs of the kind `scan`. */
export function scanWorker(dependencies: ScanWorkerDependencies): JobHandler {
  return async (job, signal, onProgress) => {
    return await scanAndStore(job, await dependencies.resolveTarget(job.payload), signal, onProgress, dependencies);
  };
}
