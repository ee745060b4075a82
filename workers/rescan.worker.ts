import { type RescanDependencies, rescanStored } from '../services/pipeline/rescan-stored.ts';
import type { JobHandler } from '../services/pipeline/run-job.ts';

/** Jobs of the kind `rescan`: `vulnerability` of the payload names the reports to judge again; without it all are. */
export function rescanWorker(dependencies: RescanDependencies): JobHandler {
  return async ({ payload }, signal) => {
    const { vulnerability = null } = payload;
    return { result: await rescanStored(vulnerability === null ? null : String(vulnerability), signal, dependencies) };
  };
}
