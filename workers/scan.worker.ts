import { PlimsollError } from '../services/domain/errors.ts';
import type { JobPayload, JobRequest } from '../services/pipeline/job-ports.ts';
import { passOver } from '../services/pipeline/pass-over.ts';
import type { JobHandler } from '../services/pipeline/run-job.ts';
import { type ScanAndStoreDependencies, scanAndStore } from '../services/pipeline/scan-and-store.ts';

export interface ScanWorkerDependencies extends ScanAndStoreDependencies {
  /** What the job is to read, as the command line writes it, if it may be read. */
  resolveTarget(payload: JobPayload): Promise<string>;
  request(request: JobRequest): Promise<void>;
}

/** Jobs of the kind `scan`. */
export function scanWorker(dependencies: ScanWorkerDependencies): JobHandler {
  return async (job, signal, onProgress) => {
    const target = await dependencies.resolveTarget(job.payload);
    try {
      return await scanAndStore(job, target, signal, onProgress, dependencies);
    } catch (error) {
      // Who asks for a scan of what is no image is told so; registries tell of everything that is pushed.
      const isPushed = job.payload.registry !== undefined;
      if (!isPushed || !(error instanceof PlimsollError) || error.code !== 'NOT_AN_IMAGE') throw error;
      const { scan, request } = dependencies;
      return await passOver(job, target, error, signal, { opener: scan.opener, request });
    }
  };
}
