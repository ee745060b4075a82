import { type RescanDependencies, rescanReports } from '../services/pipeline/rescan-reports.ts';
import type { JobHandler } from '../services/pipeline/run-job.ts';

/** Jobs of the kind `rescan`: `vulnerability` of the payload names the reports to judge again; without it, all that are outdated. */
export function rescanWorker(dependencies: RescanDependencies): JobHandler {
  return async ({ payload }, signal) => {
    const { vulnerability = null } = payload;
    return { result: await rescanReports(vulnerability === null ? null : String(vulnerability), signal, dependencies) };
  };
}
